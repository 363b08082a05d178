//! fsw-source
