use sha2::{Digest as _, Sha256};

/// The first eight hexadecimal digits of a value's SHA-256: enough to see whether two values are the same, too little to
/// find out what they are, unless they are easily guessed.
pub(crate) fn digest(value: &[u8]) -> String {
    Sha256::digest(value).iter().take(4).map(|byte| format!("{byte:02x}")).collect()
}
