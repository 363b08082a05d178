//! fsw-injector
