//! Writing JSON, or only counting what would be written. A patch is nothing but short texts, most of them with nothing to
//! escape, and here a text is looked at as a whole and copied as a whole.

use serde_json::Value;

/// What is written to.
pub(crate) trait Output {
    /// A piece of JSON as it is.
    fn json(&mut self, piece: &str);
    /// A text as a JSON string.
    fn text(&mut self, text: &str);
}

/// How many bytes it would be.
impl Output for usize {
    fn json(&mut self, piece: &str) {
        *self += piece.len();
    }

    fn text(&mut self, text: &str) {
        let escapes = if has_escapes(text) { text.bytes().map(escape).sum() } else { 0 };
        *self += "\"\"".len() + text.len() + escapes;
    }
}

impl Output for Vec<u8> {
    fn json(&mut self, piece: &str) {
        self.extend_from_slice(piece.as_bytes());
    }

    fn text(&mut self, text: &str) {
        if has_escapes(text) {
            // Nothing in a text cannot be written.
            let _ = serde_json::to_writer(self, text);
        } else {
            self.push(b'"');
            self.extend_from_slice(text.as_bytes());
            self.push(b'"');
        }
    }
}

/// Writes a value without white space.
pub(crate) fn write(value: &Value, out: &mut impl Output) {
    match value {
        Value::Null => out.json("null"),
        Value::Bool(true) => out.json("true"),
        Value::Bool(false) => out.json("false"),
        Value::Number(number) => out.json(&number.to_string()),
        Value::String(text) => out.text(text),
        Value::Array(list) => {
            out.json("[");
            for (index, value) in list.iter().enumerate() {
                out.json(comma(index));
                write(value, out);
            }
            out.json("]");
        }
        Value::Object(fields) => {
            out.json("{");
            for (index, (name, value)) in fields.iter().enumerate() {
                out.json(comma(index));
                out.text(name);
                out.json(":");
                write(value, out);
            }
            out.json("}");
        }
    }
}

/// How many bytes a value has as JSON without white space. Nothing is written for that.
pub fn size(value: &Value) -> usize {
    let mut size = 0;
    write(value, &mut size);
    size
}

/// What separates an item from so many before it.
pub(crate) fn comma(before: usize) -> &'static str {
    if before > 0 { "," } else { "" }
}

/// Without branches, so that many bytes are looked at at a time.
fn has_escapes(text: &str) -> bool {
    text.bytes().fold(false, |has, byte| has | (byte < b' ') | (byte == b'"') | (byte == b'\\'))
}

/// What a byte takes beside itself.
fn escape(byte: u8) -> usize {
    match byte {
        b'"' | b'\\' | b'\x08' | b'\t' | b'\n' | b'\x0c' | b'\r' => r"\".len(),
        0..b' ' => r"\u0000".len() - 1,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    #[test]
    fn what_is_written_or_counted_is_what_serde_json_writes() {
        let every_sign: String = (0..0x250_u32).filter_map(char::from_u32).collect();
        let values = [
            json!(null),
            json!([]),
            json!({}),
            json!([true, false, null, 0, -1, 1.5, 1e300, -0.0, u64::MAX, i64::MIN]),
            json!({ "": "", "a\"\n": ["\u{1f}", "\\", "€", every_sign], "b": { "c": [[], {}] } }),
            Value::String("\u{7f}".to_owned()),
        ];
        for value in values {
            let mut written = Vec::new();
            super::write(&value, &mut written);
            assert_eq!(String::from_utf8(written).unwrap(), value.to_string());
            assert_eq!(super::size(&value), value.to_string().len(), "{value}");
        }
    }
}
