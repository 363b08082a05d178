//! fsw-app
