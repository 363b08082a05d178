use std::fmt;

use super::quoted;
use crate::TextError;

/// A piece of the text.
#[derive(Debug, PartialEq)]
pub(super) enum Token<'a> {
    /// A name or a number.
    Word(&'a [u8]),
    /// One quoted string, or several that stand one after the other; unescaped.
    Text(Vec<u8>),
    /// A single sign such as `:`.
    Symbol(u8),
}

impl Token<'_> {
    /// The bytes of a name or number.
    pub(super) fn bytes(&self) -> Option<&[u8]> {
        match self {
            Self::Word(word) => Some(word),
            Self::Text(_) | Self::Symbol(_) => None,
        }
    }
}

impl fmt::Display for Token<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Word(word) => write!(f, "{:?}", String::from_utf8_lossy(word)),
            Self::Text(_) => f.write_str("a quoted string"),
            Self::Symbol(symbol) => write!(f, "{:?}", char::from(*symbol)),
        }
    }
}

/// Where a token begins, in bytes from the start of the text.
pub(super) type Offset = usize;

pub(super) struct Lexer<'a> {
    text: &'a [u8],
    offset: Offset,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(text: &'a [u8]) -> Self {
        Self { text, offset: 0 }
    }

    /// The next token and where it begins; none at the end of the text.
    pub(super) fn next(&mut self) -> Result<Option<(Token<'a>, Offset)>, TextError> {
        self.skip_blank()?;
        let at = self.offset;
        let Some(&first) = self.text.get(at) else { return Ok(None) };
        let token = match first {
            b'<' | b'>' | b'{' | b'}' | b':' | b'[' | b']' | b';' | b',' | b'/' => {
                self.offset += 1;
                Token::Symbol(first)
            }
            b'"' | b'\'' => Token::Text(self.strings()?),
            _ => Token::Word(self.word()?),
        };
        Ok(Some((token, at)))
    }

    /// Passes one `;` or `,` after a field, if there is one.
    pub(super) fn skip_separator(&mut self) -> Result<(), TextError> {
        self.skip_blank()?;
        if matches!(self.text.get(self.offset), Some(b';' | b',')) {
            self.offset += 1;
        }
        Ok(())
    }

    /// An error at a place of the text.
    pub(super) fn error(&self, at: Offset, problem: impl Into<String>) -> TextError {
        let before = &self.text[..at.min(self.text.len())];
        let line = 1 + before.iter().filter(|&&byte| byte == b'\n').count();
        let column = 1 + before.iter().rev().take_while(|&&byte| byte != b'\n').count();
        TextError { line, column, problem: problem.into() }
    }

    /// An error because the text ended too early.
    pub(super) fn end(&self, expected: &str) -> TextError {
        self.error(self.text.len(), format!("{expected}, found the end"))
    }

    /// White space, `# …` to the end of the line, and `/* … */`.
    fn skip_blank(&mut self) -> Result<(), TextError> {
        loop {
            match &self.text[self.offset..] {
                [b' ' | b'\t' | b'\n' | b'\r', ..] => self.offset += 1,
                [b'#', rest @ ..] => {
                    self.offset += 1 + rest.iter().position(|&byte| byte == b'\n').unwrap_or(rest.len());
                }
                [b'/', b'*', rest @ ..] => match rest.windows(2).position(|pair| pair == b"*/") {
                    Some(end) => self.offset += 2 + end + 2,
                    None => return Err(self.error(self.offset, "a comment that begins with /* has no */")),
                },
                _ => return Ok(()),
            }
        }
    }

    fn word(&mut self) -> Result<&'a [u8], TextError> {
        let rest = &self.text[self.offset..];
        let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.' | b'_');
        let length = rest.iter().position(|byte| !is_word(byte)).unwrap_or(rest.len());
        if length == 0 {
            return Err(self.error(self.offset, format!("unexpected byte 0x{:02x}", rest[0])));
        }
        self.offset += length;
        Ok(&rest[..length])
    }

    /// Adjacent literals are one string.
    fn strings(&mut self) -> Result<Vec<u8>, TextError> {
        let mut joined = self.string()?;
        loop {
            self.skip_blank()?;
            match self.text.get(self.offset) {
                Some(b'"' | b'\'') => joined.extend(self.string()?),
                _ => return Ok(joined),
            }
        }
    }

    fn string(&mut self) -> Result<Vec<u8>, TextError> {
        let start = self.offset;
        let quote = self.text[start];
        let mut end = start + 1;
        loop {
            match self.text.get(end) {
                Some(&byte) if byte == quote => break,
                Some(b'\n') | None => return Err(self.error(start, "a quoted string does not end on its line")),
                Some(b'\\') => end += 2,
                Some(_) => end += 1,
            }
        }
        let unquoted = quoted::unescape(&self.text[start + 1..end]).map_err(|problem| self.error(start, problem))?;
        self.offset = end + 1;
        Ok(unquoted)
    }
}
