//! fsw-server
