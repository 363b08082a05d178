//! A reader of the protobuf text format for one message, `flyteidl.core.Secret`, as lenient as Flyte's own.
//!
//! Written here rather than taken from a library because Flyte's reader (the older one of the Go protobuf module)
//! decides what is accepted, and the libraries at hand follow the newer specification. On top of it, two things are
//! accepted that Flyte writes but cannot read back: `/* … */` comments and the field numbers 1 to 5 as names.

mod lexer;
mod number;
mod quoted;

use lexer::{Lexer, Token};

use crate::{Mount, SecretRequest, TextError};

/// Reads a whole message.
pub(crate) fn parse(text: &[u8]) -> Result<SecretRequest, TextError> {
    let mut lexer = Lexer::new(text);
    let mut request = SecretRequest::default();
    let mut seen = [false; 5];
    while let Some((token, at)) = lexer.next()? {
        let field = Field::named(token.bytes()).ok_or_else(|| lexer.error(at, unknown_field(&token)))?;
        if std::mem::replace(&mut seen[field as usize], true) {
            return Err(lexer.error(at, format!("field {} is given twice", field.name())));
        }
        match lexer.next()? {
            Some((Token::Symbol(b':'), _)) => {}
            Some((other, at)) => return Err(lexer.error(at, format!("expected ':', found {other}"))),
            None => return Err(lexer.end("expected ':'")),
        }
        let Some((value, at)) = lexer.next()? else { return Err(lexer.end("expected a value")) };
        let target = match field {
            Field::Mount => {
                request.mount = mount(&value).ok_or_else(|| {
                    let expected = "mount_requirement takes ANY, ENV_VAR, FILE or their numbers 0, 1, 2";
                    lexer.error(at, format!("{expected}, found {value}"))
                })?;
                lexer.skip_separator()?;
                continue;
            }
            Field::Group => &mut request.group,
            Field::GroupVersion => &mut request.group_version,
            Field::Key => &mut request.key,
            Field::EnvVar => &mut request.env_var,
        };
        let Token::Text(bytes) = value else {
            return Err(lexer.error(at, format!("field {} takes a quoted string, found {value}", field.name())));
        };
        *target = bytes;
        lexer.skip_separator()?;
    }
    Ok(request)
}

#[derive(Clone, Copy)]
enum Field {
    Group,
    GroupVersion,
    Key,
    Mount,
    EnvVar,
}

impl Field {
    fn named(name: Option<&[u8]>) -> Option<Self> {
        match name? {
            b"group" | b"1" => Some(Self::Group),
            b"group_version" | b"2" => Some(Self::GroupVersion),
            b"key" | b"3" => Some(Self::Key),
            b"mount_requirement" | b"4" => Some(Self::Mount),
            b"env_var" | b"5" => Some(Self::EnvVar),
            _ => None,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Group => "group",
            Self::GroupVersion => "group_version",
            Self::Key => "key",
            Self::Mount => "mount_requirement",
            Self::EnvVar => "env_var",
        }
    }
}

fn unknown_field(token: &Token<'_>) -> String {
    format!("expected one of group, group_version, key, mount_requirement, env_var, found {token}")
}

fn mount(value: &Token<'_>) -> Option<Mount> {
    let word = std::str::from_utf8(value.bytes()?).ok()?;
    number::parse_i32(word).map(Mount::from_number).or_else(|| Mount::from_name(word))
}

#[cfg(test)]
mod tests;
