//! fsw-aws-emulator
