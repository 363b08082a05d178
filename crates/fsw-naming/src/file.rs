//! The paths of secret files below [`SECRETS_DIRECTORY`].

use crate::NameError;

/// Where tasks find their secret files.
pub const SECRETS_DIRECTORY: &str = "/etc/flyte/secrets";

/// Linux allows 255 bytes in a file's name.
const LONGEST_NAME: usize = 255;

/// A path below [`SECRETS_DIRECTORY`], relative, without `.`, `..` or empty segments.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FilePath(String);

impl FilePath {
    /// Reads a path relative to [`SECRETS_DIRECTORY`]; a leading `/` does not count.
    ///
    /// # Errors
    /// A segment is empty or `..`, or holds a control character.
    pub fn parse(path: &str) -> Result<Self, NameError> {
        let path = path.strip_prefix('/').unwrap_or(path);
        let segments: Vec<_> = path.split('/').filter(|segment| *segment != ".").collect();
        let problem = segments.iter().find_map(|segment| match name_problem(segment) {
            // The path is data to whoever writes the file, not an argument of a command.
            Some(LEADING_DASH) | None => None,
            problem => problem,
        });
        match problem {
            Some(problem) => Err(NameError::UnsafePath { path: path.to_owned(), problem }),
            None if path.ends_with("/.") || segments.is_empty() => {
                Err(NameError::UnsafePath { path: path.to_owned(), problem: "no file name" })
            }
            None => Ok(Self(segments.join("/"))),
        }
    }

    /// Relative to [`SECRETS_DIRECTORY`].
    pub fn relative(&self) -> &str {
        &self.0
    }

    /// As the task opens it.
    pub fn absolute(&self) -> String {
        self.to_string()
    }

    /// Whether `self` would have to be a directory for `other` to exist.
    pub fn is_parent_of(&self, other: &Self) -> bool {
        other.0.strip_prefix(&self.0).is_some_and(|rest| rest.starts_with('/'))
    }
}

impl std::fmt::Display for FilePath {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{SECRETS_DIRECTORY}/{}", self.0)
    }
}

/// The paths of an embedded secret, the one that Flyte documents first, then what flytekit and the v2 SDK read, then
/// those that had to be left out because the group or version cannot be part of a path.
///
/// # Errors
/// The key is not a plain file name.
pub fn embedded_files(
    group: &str,
    group_version: &str,
    key: &str,
) -> Result<(FilePath, Vec<FilePath>, Vec<String>), NameError> {
    if let Some(problem) = name_problem(key) {
        return Err(NameError::UnsafeFile { key: key.to_owned(), problem });
    }
    let primary = FilePath(key.to_owned());
    let mut aliases: Vec<FilePath> = Vec::new();
    let mut left_out: Vec<String> = Vec::new();
    let mut add = |segments: &[&str]| {
        let path = segments.join("/");
        // A group may be a path of several folders; only the key is one name.
        match FilePath::parse(&path) {
            Ok(parsed) if parsed.0 == path => {
                if parsed != primary && !aliases.contains(&parsed) {
                    aliases.push(parsed);
                }
            }
            _ if left_out.contains(&path) => {}
            _ => left_out.push(path),
        }
    };
    let lower = |text: &str| text.to_lowercase();
    add(&[&lower(key)]);
    if !group.is_empty() {
        add(&[group, key]);
        add(&[group, &lower(key)]);
        add(&[&lower(group), &lower(key)]);
    }
    match (group.is_empty(), group_version.is_empty()) {
        (_, true) => {}
        (true, false) => add(&[&lower(group_version), &lower(key)]),
        (false, false) => add(&[&lower(group), &lower(group_version), &lower(key)]),
    }
    Ok((primary, aliases, left_out))
}

/// The path of a sidecar secret: lower-case group, then lower-case key, which flytekit reads.
///
/// # Errors
/// A segment is empty or `..`, or holds a control character.
pub fn sidecar_file(group: &str, key: &str) -> Result<FilePath, NameError> {
    FilePath::parse(&format!("{}/{}", group.to_lowercase(), key.to_lowercase()))
}

/// Further paths of a sidecar secret: as Flyte's v2 SDK and people write them, and with the version as flytekit does.
/// Those that cannot be a path are left out.
pub fn sidecar_links(group: &str, group_version: &str, key: &str) -> Vec<FilePath> {
    let lower = |text: &str| text.to_lowercase();
    let mut paths = vec![format!("{group}/{key}"), format!("{group}/{}", lower(key))];
    if !group_version.is_empty() {
        paths.push(format!("{}/{}/{}", lower(group), lower(group_version), lower(key)));
    }
    let first = format!("{}/{}", lower(group), lower(key));
    let mut links: Vec<FilePath> = Vec::new();
    for path in paths.iter().filter(|path| **path != first).filter_map(|path| FilePath::parse(path).ok()) {
        if !links.contains(&path) {
            links.push(path);
        }
    }
    links
}

const LEADING_DASH: &str = "a leading '-'";

fn name_problem(name: &str) -> Option<&'static str> {
    match name {
        "" => Some("an empty segment"),
        "." | ".." => Some("the segment \"..\" or \".\""),
        _ if name.contains('/') => Some("a '/'"),
        _ if name.starts_with('-') => Some(LEADING_DASH),
        _ if name.contains('\0') => Some("a NUL byte"),
        _ if name.chars().any(char::is_control) => Some("a control character"),
        _ if name.len() > LONGEST_NAME => Some("a segment of more than 255 bytes"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    #[track_caller]
    fn check(group: &str, version: &str, key: &str, expected: &Expect) {
        let text = match embedded_files(group, version, key) {
            Ok((primary, aliases, left_out)) => {
                let aliases: Vec<_> = aliases.iter().map(FilePath::relative).collect();
                format!("{} | {} | {}", primary.relative(), aliases.join(" "), left_out.join(" "))
            }
            Err(error) => error.to_string(),
        };
        expected.assert_eq(&text);
    }

    #[test]
    fn flytes_path_comes_first_then_what_flytekit_and_v2_read() {
        check("", "", "k", &expect!["k |  | "]);
        check("", "", "My-Key", &expect!["My-Key | my-key | "]);
        check(
            "Team-A",
            "",
            "DB_Password",
            &expect!["DB_Password | db_password Team-A/DB_Password Team-A/db_password team-a/db_password | "],
        );
        check("g", "AWSPREVIOUS", "k", &expect!["k | g/k g/awsprevious/k | "]);
    }

    #[test]
    fn a_group_that_cannot_be_a_directory_costs_only_its_aliases() {
        check("a/../b", "", "k", &expect!["k |  | a/../b/k"]);
        check("-rf", "", "k", &expect!["k | -rf/k | "]);
        check("team/a", "", "k", &expect!["k | team/a/k | "]);
    }

    #[test]
    fn a_key_that_is_no_plain_file_name_is_refused() {
        check(
            "",
            "",
            "db/pass",
            &expect![[
                r#"key "db/pass" cannot be a file name: a '/'; use a key that is one plain file name, or mount_requirement ENV_VAR"#
            ]],
        );
        for key in ["..", ".", "-k", "", "a\0b", "a\nb"] {
            assert!(embedded_files("", "", key).is_err(), "{key:?}");
        }
    }

    #[track_caller]
    fn sidecar(group: &str, key: &str, expected: &Expect) {
        expected.assert_eq(&sidecar_file(group, key).map_or_else(|error| error.to_string(), |path| path.0));
    }

    #[test]
    fn a_sidecar_path_is_lower_case() {
        sidecar(
            "arn:aws:secretsmanager:us-west-2:1:secret:",
            "My-Secret-AbCdEf",
            &expect!["arn:aws:secretsmanager:us-west-2:1:secret:/my-secret-abcdef"],
        );
        sidecar("g", "a/./b", &expect!["g/a/b"]);
        sidecar("g", "a/../b", &expect![[r#"the file path "g/a/../b" has the segment ".." or ".""#]]);
        sidecar("g/", "k", &expect![[r#"the file path "g//k" has an empty segment"#]]);
        sidecar("g", ".", &expect![[r#"the file path "g/." has no file name"#]]);
    }
}
