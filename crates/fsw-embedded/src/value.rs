use fsw_source::SecretValue;
use thiserror::Error;

/// Linux allows so many bytes in one string of an environment, its name, `=` and the closing NUL included.
pub(crate) const LONGEST_STRING: usize = 128 * 1024;

/// Why a value cannot be delivered as it was asked for. Nothing of the value is in the text.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ValueError {
    /// A variable is text.
    #[error(
        "the value is not UTF-8 text and cannot be an environment variable; request it with mount_requirement FILE"
    )]
    NotText,
    /// A variable ends at the first NUL.
    #[error("the value holds a NUL byte and cannot be an environment variable; request it with mount_requirement FILE")]
    Nul,
    /// Linux would not start the container.
    #[error(
        "the value has {length} bytes; an environment variable with the name {name} can have {longest}, so request it with mount_requirement FILE"
    )]
    VariableTooLong {
        /// The longest name it would have.
        name: String,
        /// In bytes.
        length: usize,
        /// In bytes.
        longest: usize,
    },
    /// The writer gets the content by its environment.
    #[error("the value has {length} bytes; a file can have {longest}")]
    FileTooLong {
        /// In bytes.
        length: usize,
        /// In bytes.
        longest: usize,
    },
}

/// The value as a variable of this name can hold it.
///
/// # Errors
/// The value is no text, holds a NUL, or is too long.
pub fn variable_value<'a>(name: &str, value: &'a SecretValue) -> Result<&'a str, ValueError> {
    let text = value.text().ok_or(ValueError::NotText)?;
    if text.contains('\0') {
        return Err(ValueError::Nul);
    }
    let longest = LONGEST_STRING.saturating_sub(name.len() + "=\0".len());
    if text.len() > longest {
        return Err(ValueError::VariableTooLong { name: name.to_owned(), length: text.len(), longest });
    }
    Ok(text)
}
