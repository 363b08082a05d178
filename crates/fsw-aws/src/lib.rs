//! fsw-aws
