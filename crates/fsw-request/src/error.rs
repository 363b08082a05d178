use thiserror::Error;

/// Why the value of an annotation cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DecodeError {
    /// A character outside Flyte's base32 alphabet.
    #[error(
        "not base32: {found:?} at position {position}; Flyte writes only a to z and 1 to 6, without padding (make one with `secrets-probe encode`)"
    )]
    Base32 {
        /// Zero-based position in the annotation's value, in characters.
        position: usize,
        /// What stands there.
        found: char,
    },
    /// The decoded bytes are not the text format of a `core.Secret`.
    #[error("not the text of a core.Secret: {0}")]
    Text(#[from] TextError),
}

/// Where and why a protobuf text cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("line {line}, byte {column}: {problem}")]
pub struct TextError {
    /// One-based line.
    pub line: usize,
    /// One-based byte within the line.
    pub column: usize,
    /// What is wrong.
    pub problem: String,
}

/// Which annotation of a pod cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("annotation {name}: {problem}")]
pub struct AnnotationError {
    /// The annotation's whole name.
    pub name: String,
    /// What is wrong with its value.
    pub problem: DecodeError,
}
