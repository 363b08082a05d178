//! fsw-sidecar
