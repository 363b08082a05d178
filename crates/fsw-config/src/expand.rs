//! `$NAME` and `${NAME}` in a path.

/// Why a path cannot be expanded.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Unexpandable {
    /// The variable of this name is not set. (Go's `os.ExpandEnv` would take it as empty, and look in a wrong directory.)
    Unset(String),
    /// A `${` without its `}`.
    Unclosed,
}

/// The text with its variables replaced. A `$` that begins no name stays.
pub(crate) fn expand<'a>(text: &str, variable: impl Fn(&str) -> Option<&'a str>) -> Result<String, Unexpandable> {
    let mut expanded = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        expanded.push_str(before);
        let (name, after) = match after.strip_prefix('{') {
            Some(braced) => braced.split_once('}').ok_or(Unexpandable::Unclosed)?,
            None => after.split_at(after.find(|c: char| !is_name(c)).unwrap_or(after.len())),
        };
        match name {
            "" => expanded.push('$'),
            name => expanded.push_str(variable(name).ok_or_else(|| Unexpandable::Unset(name.to_owned()))?),
        }
        rest = after;
    }
    expanded.push_str(rest);
    Ok(expanded)
}

fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_replaced() {
        let variable = |name: &str| (name == "HOME").then_some("/root");
        for (text, expected) in [
            ("/etc/certs", Ok("/etc/certs")),
            ("$HOME/certs", Ok("/root/certs")),
            ("${HOME}certs", Ok("/rootcerts")),
            ("/a$/b", Ok("/a$/b")),
            ("/a$", Ok("/a$")),
            ("$HOMES", Err(Unexpandable::Unset("HOMES".to_owned()))),
            ("${HOME", Err(Unexpandable::Unclosed)),
        ] {
            assert_eq!(expand(text, variable), expected.map(str::to_owned), "{text}");
        }
    }
}
