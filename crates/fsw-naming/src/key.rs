use crate::NameError;
use crate::error::field_text;
use crate::secret_id::forbidden_character;

/// The name of a secret within a scope: non-empty text that AWS can hold.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key(String);

impl Key {
    /// Reads the key of a request.
    ///
    /// # Errors
    /// The key is empty, not UTF-8, or has a character that AWS does not allow in a secret's name.
    pub fn parse(key: &[u8]) -> Result<Self, NameError> {
        let key = field_text("key", key)?;
        if key.is_empty() {
            return Err(NameError::EmptyKey);
        }
        match forbidden_character(key) {
            Some(found) => Err(NameError::Character { what: "key", name: key.to_owned(), found }),
            None => Ok(Self(key.to_owned())),
        }
    }

    /// As it was requested.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}
