//! Integers as Go's `strconv.ParseInt(s, 0, 32)` reads them, which is how Flyte's reader takes an enum's number.

/// Decimal, `0x`, `0b`, `0o` or a leading `0` for octal, with a sign, with `_` between digits.
pub(super) fn parse_i32(text: &str) -> Option<i32> {
    let (negative, unsigned) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let (radix, digits) = match unsigned.as_bytes() {
        [b'0', b'x' | b'X', ..] => (16, &unsigned[2..]),
        [b'0', b'b' | b'B', ..] => (2, &unsigned[2..]),
        [b'0', b'o' | b'O', ..] => (8, &unsigned[2..]),
        [b'0', _, ..] => (8, &unsigned[1..]),
        _ => (10, unsigned),
    };
    // An underscore stands between two digits, or between the prefix and the first digit.
    let has_prefix = digits.len() < unsigned.len();
    let digits = if has_prefix { digits.strip_prefix('_').unwrap_or(digits) } else { digits };
    if digits.starts_with('_') || digits.ends_with('_') || digits.contains("__") || digits.contains(['+', '-']) {
        return None;
    }
    let magnitude = i64::from_str_radix(&digits.replace('_', ""), radix).ok()?;
    i32::try_from(if negative { -magnitude } else { magnitude }).ok()
}
