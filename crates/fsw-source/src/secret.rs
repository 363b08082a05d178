use std::fmt;
use std::sync::Arc;

use secrecy::{ExposeSecret, SecretSlice, SecretString};

use crate::VersionId;

/// A secret and which version of it. A clone shares the value: there is one copy of it to wipe.
#[derive(Debug, Clone)]
pub struct Secret {
    /// What the task gets.
    pub value: Arc<SecretValue>,
    /// The id of the version, for the record.
    pub version_id: VersionId,
}

/// A value, wiped from memory when dropped. Its `Debug` tells only what kind it is.
#[derive(Clone)]
pub enum SecretValue {
    /// A `SecretString`.
    Text(SecretString),
    /// A `SecretBinary`.
    Binary(SecretSlice<u8>),
}

impl SecretValue {
    /// The exact bytes.
    pub fn bytes(&self) -> &[u8] {
        match self {
            Self::Text(text) => text.expose_secret().as_bytes(),
            Self::Binary(bytes) => bytes.expose_secret(),
        }
    }

    /// The text, if it is one.
    pub fn text(&self) -> Option<&str> {
        std::str::from_utf8(self.bytes()).ok()
    }
}

impl fmt::Debug for SecretValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text(_) => "Text([redacted])",
            Self::Binary(_) => "Binary([redacted])",
        })
    }
}

#[cfg(test)]
mod tests {
    use secrecy::zeroize::ZeroizeOnDrop;

    use super::*;

    #[test]
    fn both_kinds_of_value_are_wiped_when_dropped() {
        fn is_wiped<T: ZeroizeOnDrop>() {}
        is_wiped::<SecretString>();
        is_wiped::<SecretSlice<u8>>();
    }
}
