//! The escapes of a quoted string. They look like C's and are not: octal takes exactly three digits, `\x` two.

/// The bytes that a literal stands for, without its quotes; the error is a sentence.
pub(super) fn unescape(literal: &[u8]) -> Result<Vec<u8>, String> {
    if !literal.contains(&b'\\') {
        // Flyte's reader takes a literal without an escape as it is, bytes that are not UTF-8 included.
        return Ok(literal.to_vec());
    }
    let mut rest =
        std::str::from_utf8(literal).map_err(|_| "a quoted string with an escape must be UTF-8".to_owned())?;
    let mut bytes = Vec::with_capacity(rest.len());
    while let Some(character) = rest.chars().next() {
        rest = &rest[character.len_utf8()..];
        if character == '\\' {
            rest = escape(rest, &mut bytes)?;
        } else {
            bytes.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
        }
    }
    Ok(bytes)
}

/// Reads what stands behind a backslash, appends what it means, and gives back the rest.
fn escape<'a>(rest: &'a str, bytes: &mut Vec<u8>) -> Result<&'a str, String> {
    let Some(kind) = rest.chars().next() else { return Err("a quoted string ends in a backslash".to_owned()) };
    let behind = &rest[kind.len_utf8()..];
    match kind {
        'a' => bytes.push(0x07),
        'b' => bytes.push(0x08),
        'f' => bytes.push(0x0c),
        'n' => bytes.push(b'\n'),
        'r' => bytes.push(b'\r'),
        't' => bytes.push(b'\t'),
        'v' => bytes.push(0x0b),
        '?' | '\'' | '"' | '\\' => bytes.push(kind as u8),
        '0'..='7' => {
            let (digits, behind) = digits(rest, 3, kind)?;
            let value = radix(digits, 8).and_then(|value| u8::try_from(value).ok());
            bytes.push(value.ok_or_else(|| format!("\\{digits} is not an octal byte (\\000 to \\377)"))?);
            return Ok(behind);
        }
        'x' | 'X' => {
            let (digits, behind) = digits(behind, 2, kind)?;
            let value = radix(digits, 16).and_then(|value| u8::try_from(value).ok());
            bytes.push(value.ok_or_else(|| not_hexadecimal(kind, digits))?);
            return Ok(behind);
        }
        'u' | 'U' => {
            let (digits, behind) = digits(behind, if kind == 'u' { 4 } else { 8 }, kind)?;
            let value = radix(digits, 16).ok_or_else(|| not_hexadecimal(kind, digits))?;
            if value > u32::from(char::MAX) {
                return Err(format!("\\{kind}{digits} is not a Unicode code point"));
            }
            // Go writes half of a surrogate pair as the replacement character.
            let character = char::from_u32(value).unwrap_or(char::REPLACEMENT_CHARACTER);
            bytes.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
            return Ok(behind);
        }
        other => return Err(format!("unknown escape \\{}", other.escape_default())),
    }
    Ok(behind)
}

/// The first `count` bytes, if they are there.
fn digits(text: &str, count: usize, kind: char) -> Result<(&str, &str), String> {
    text.split_at_checked(count).ok_or_else(|| format!("\\{kind} needs {count} digits"))
}

fn radix(digits: &str, radix: u32) -> Option<u32> {
    if digits.bytes().all(|byte| byte.is_ascii_hexdigit()) { u32::from_str_radix(digits, radix).ok() } else { None }
}

fn not_hexadecimal(kind: char, digits: &str) -> String {
    format!("\\{kind}{} contains digits that are not hexadecimal", digits.escape_default())
}
