use serde_json::Value;

/// How many bytes a value has as JSON without white space. Nothing is written for that.
pub fn size(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(true) => 4,
        Value::Bool(false) => 5,
        Value::Number(number) => number.to_string().len(),
        Value::String(text) => size_of_text(text),
        Value::Array(list) => "[]".len() + list.iter().map(size).sum::<usize>() + commas(list.len()),
        Value::Object(fields) => {
            let sizes = fields.iter().map(|(name, value)| size_of_text(name) + ":".len() + size(value));
            "{}".len() + sizes.sum::<usize>() + commas(fields.len())
        }
    }
}

/// How many bytes a text has as a JSON string.
pub(crate) fn size_of_text(text: &str) -> usize {
    // No branches, so that many bytes are looked at at a time; nearly no text has anything to escape.
    let has_escapes = text.bytes().fold(false, |has, byte| has | (byte < b' ') | (byte == b'"') | (byte == b'\\'));
    let escapes = if has_escapes { text.bytes().map(escape).sum() } else { 0 };
    "\"\"".len() + text.len() + escapes
}

/// What a byte takes beside itself.
fn escape(byte: u8) -> usize {
    match byte {
        b'"' | b'\\' | b'\x08' | b'\t' | b'\n' | b'\x0c' | b'\r' => r"\".len(),
        0..b' ' => r"\u0000".len() - 1,
        _ => 0,
    }
}

fn commas(items: usize) -> usize {
    items.saturating_sub(1)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    #[test]
    fn sizes_are_those_of_the_written_json() {
        let every_sign: String = (0..0x250_u32).filter_map(char::from_u32).collect();
        let values = [
            json!(null),
            json!([]),
            json!({}),
            json!([true, false, null, 0, -1, 1.5, 1e300, -0.0, u64::MAX, i64::MIN]),
            json!({ "": "", "a\"\n": ["\u{1f}", "\\", "€", every_sign], "b": { "c": [[], {}] } }),
        ];
        for value in values {
            assert_eq!(super::size(&value), value.to_string().len(), "{value}");
        }
        assert_eq!(super::size(&Value::String("\u{7f}".to_owned())), 3);
    }
}
