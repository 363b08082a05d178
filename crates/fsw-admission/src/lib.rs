//! fsw-admission
