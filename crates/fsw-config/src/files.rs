//! Which files `--config` means.

use std::fs;
use std::path::{Path, PathBuf};

use crate::ConfigError;

/// The files that `path` stands for. A `*` comes unexpanded where no shell is in between: flyte-core's Deployment passes
/// `/etc/flyte/config/*.yaml` so.
pub(crate) fn expand(path: &Path) -> Result<Vec<PathBuf>, ConfigError> {
    match path.file_name().and_then(|name| name.to_str()) {
        Some(pattern) if pattern.contains('*') => matching(path, pattern),
        _ if path.is_dir() => Err(ConfigError::Directory { path: path.to_owned() }),
        _ => Ok(vec![path.to_owned()]),
    }
}

/// Sorted by name; directories are left out (a ConfigMap's mount has `..data`).
fn matching(path: &Path, pattern: &str) -> Result<Vec<PathBuf>, ConfigError> {
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let unreadable = |source| ConfigError::Read { path: directory.to_owned(), source };
    let mut files = Vec::new();
    for entry in fs::read_dir(directory).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let is_match = entry.file_name().to_str().is_some_and(|name| matches(pattern, name));
        if is_match && entry.path().is_file() {
            files.push(entry.path());
        }
    }
    if files.is_empty() {
        return Err(ConfigError::NoMatch { pattern: path.to_owned() });
    }
    files.sort();
    Ok(files)
}

/// `*` stands for any characters.
fn matches(pattern: &str, name: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else { return pattern == name };
    let Some(mut name) = name.strip_prefix(head) else { return false };
    let mut parts = rest.split('*').peekable();
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return name.ends_with(part);
        }
        let Some(at) = name.find(part) else { return false };
        name = &name[at + part.len()..];
    }
    true
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn a_star_stands_for_any_characters() {
        for (pattern, name, expected) in [
            ("*.yaml", "core.yaml", true),
            ("*.yaml", "core.yml", false),
            ("*", "core.yaml", true),
            ("a*b*c", "a1b2c", true),
            ("a*b*c", "acb", false),
            ("a*a", "a", false),
            ("core.yaml*", "core.yaml", true),
        ] {
            assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
        }
    }
}
