use crate::{Mount, SecretRequest, base32};

/// The annotation value of a request, byte for byte as Flyte writes it.
pub fn encode(request: &SecretRequest) -> String {
    base32::encode(to_text(request, ": ", "\n").as_bytes())
}

/// The protobuf text of a request; `colon` stands between a field's name and its value, `separator` between fields.
/// With a line break as the separator it also ends the text, as Go's multi-line form does.
pub fn to_text(request: &SecretRequest, colon: &str, separator: &str) -> String {
    let mut fields = Vec::new();
    let mut string = |name: &str, value: &[u8]| {
        if !value.is_empty() {
            fields.push(format!("{name}{colon}\"{}\"", escape(value)));
        }
    };
    string("group", &request.group);
    string("group_version", &request.group_version);
    string("key", &request.key);
    if request.mount != Mount::Any {
        fields.push(format!("mount_requirement{colon}{}", request.mount));
    }
    if !request.env_var.is_empty() {
        fields.push(format!("env_var{colon}\"{}\"", escape(&request.env_var)));
    }
    let mut text = fields.join(separator);
    if separator == "\n" && !text.is_empty() {
        text.push('\n');
    }
    text
}

/// Go's older text marshaller: printable ASCII as it is, the usual escapes, and octal for every other byte.
fn escape(bytes: &[u8]) -> String {
    let mut escaped = String::with_capacity(bytes.len());
    for &byte in bytes {
        match byte {
            b'\n' => escaped.push_str("\\n"),
            b'\r' => escaped.push_str("\\r"),
            b'\t' => escaped.push_str("\\t"),
            b'"' => escaped.push_str("\\\""),
            b'\\' => escaped.push_str("\\\\"),
            0x20..=0x7e => escaped.push(char::from(byte)),
            _ => escaped.push_str(&format!("\\{byte:03o}")),
        }
    }
    escaped
}
