//! fsw-embedded
