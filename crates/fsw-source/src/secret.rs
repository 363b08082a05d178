use std::fmt;

use secrecy::{ExposeSecret, SecretSlice, SecretString};

/// A secret and which version of it.
#[derive(Debug, Clone)]
pub struct Secret {
    /// What the task gets.
    pub value: SecretValue,
    /// The id of the version, for the record.
    pub version_id: String,
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
