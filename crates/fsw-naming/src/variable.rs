//! The names of environment variables that hold secrets or the paths of secret files.

use crate::NameError;
use crate::error::field_text;

/// All names under which a secret is injected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VariableNames {
    /// What the task asked for or Flyte would have set. None where Kubernetes before 1.32 would refuse the pod for
    /// it; the first of the aliases then stands in for it. None and no aliases: the name is reserved.
    pub primary: Option<String>,
    /// Further names, each different from the others, in the order they matter.
    pub aliases: Vec<String>,
    /// The name that had to be left out, for a warning.
    pub left_out: Option<String>,
}

/// The names of a secret: `env_var` or Flyte's convention first, then what flytekit's `get(group, key, group_version)`
/// reads, then twins that every shell can pass on (dash and busybox drop a name with a dash in it).
pub fn secret_variables(
    prefix: &str,
    group: &str,
    group_version: &str,
    key: &str,
    env_var: Option<&str>,
    with_aliases: bool,
) -> VariableNames {
    let flytekit = |parts: &[&str]| {
        let mut name = prefix.to_owned();
        for (index, part) in parts.iter().filter(|part| !part.is_empty()).enumerate() {
            name.push_str(if index > 0 { "_" } else { "" });
            push_uppercase(&mut name, part);
        }
        name
    };
    let conventional = flytekit(&[key]);
    let wanted = env_var.unwrap_or(&conventional).to_owned();
    // With an empty prefix the convention could give the name of a system variable; what was asked for was checked.
    let is_free = env_var.is_some() || !is_reserved(&wanted);
    let primary = (is_variable_name(&wanted) && is_free).then(|| wanted.clone());
    let mut aliases: Vec<String> = Vec::new();
    let mut add = |name: &str| {
        let is_new = primary.as_deref() != Some(name) && aliases.iter().all(|other| other != name);
        if is_new && !is_reserved(name) && is_variable_name(name) {
            aliases.push(name.to_owned());
        }
    };
    if primary.is_none() {
        add(&posix(&wanted));
    }
    if with_aliases {
        // Without a group and a version all of flytekit's names are the conventional one.
        let is_grouped = !group.is_empty() || !group_version.is_empty();
        let grouped = is_grouped.then(|| [flytekit(&[group, key]), flytekit(&[group, group_version, key])]);
        let grouped = grouped.iter().flatten().map(String::as_str);
        let names = [wanted.as_str(), &conventional].into_iter().chain(grouped);
        names.clone().skip(1).for_each(&mut add);
        // A twin serves shells; one of a name that Kubernetes refuses anyway would serve nobody.
        names.filter(|name| is_variable_name(name) && !is_posix(name)).for_each(|name| add(&posix(name)));
    }
    let left_out = primary.is_none().then_some(wanted);
    VariableNames { primary, aliases, left_out }
}

/// Adds a text in upper case. Nearly every name is ASCII, which needs no text of its own for that.
fn push_uppercase(name: &mut String, text: &str) {
    if !text.is_ascii() {
        return name.push_str(&text.to_uppercase());
    }
    let start = name.len();
    name.push_str(text);
    if let Some(added) = name.get_mut(start..) {
        added.make_ascii_uppercase();
    }
}

/// The variable that gets the path of a file, from the `env_var` of a request, and a sentence for the author of the task
/// where another name had to stand in for it.
///
/// # Errors
/// See [`check_requested_variable`].
pub fn path_variable(env_var: &[u8]) -> Result<(Option<String>, Option<String>), NameError> {
    Ok(match check_requested_variable(env_var)? {
        Some(name) if !is_variable_name(name) => {
            let twin = posix(name);
            check_requested_variable(twin.as_bytes())?;
            let warning = format!("Kubernetes before 1.32 refuses a variable named {name:?}, so the path is in {twin}");
            (Some(twin), Some(warning))
        }
        name => (name.map(str::to_owned), None),
    })
}

/// Whether every Kubernetes accepts the name; 1.32 and later take more.
pub fn is_variable_name(name: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
        && !name.is_empty()
        && !name.starts_with(|first: char| first.is_ascii_digit())
}

/// Reads the `env_var` of a request; empty means none.
///
/// # Errors
/// The name is not UTF-8, cannot be a variable at all, or belongs to the system, to Kubernetes or to flytekit.
pub fn check_requested_variable(env_var: &[u8]) -> Result<Option<&str>, NameError> {
    let name = field_text("env_var", env_var)?;
    let refused = |problem| Err(NameError::Variable { name: name.to_owned(), problem });
    match name {
        "" => Ok(None),
        _ if name.contains('=') => refused("contains '='"),
        _ if name.contains('\0') => refused("contains a NUL byte"),
        _ if is_reserved(name) => {
            refused("is reserved: PATH, LD_*, FLYTE_SECRETS_* and KUBERNETES_* cannot be taken over")
        }
        _ => Ok(Some(name)),
    }
}

/// Whether a variable of this name tells flytekit where secrets lie, and holds none.
pub fn tells_where_secrets_lie(name: &str) -> bool {
    name.starts_with("FLYTE_SECRETS_")
}

/// Names that change how programs, Kubernetes clients or flytekit itself behave.
fn is_reserved(name: &str) -> bool {
    let prefixes = ["LD_", "KUBERNETES_"];
    name == "PATH" || tells_where_secrets_lie(name) || prefixes.iter().any(|prefix| name.starts_with(prefix))
}

/// Whether every POSIX shell passes it on; what is asked here begins with no digit.
fn is_posix(name: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// The twin that every POSIX shell passes on.
fn posix(name: &str) -> String {
    let mut twin: String =
        name.chars().map(|character| if character.is_ascii_alphanumeric() { character } else { '_' }).collect();
    if twin.starts_with(|first: char| first.is_ascii_digit()) {
        twin.insert(0, '_');
    }
    twin
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    #[track_caller]
    fn check(group: &str, version: &str, key: &str, env_var: Option<&str>, expected: &Expect) {
        let names = secret_variables("_UNION_", group, version, key, env_var, true);
        let primary = names.primary.map_or_else(String::new, |name| format!("{name} | "));
        expected.assert_eq(&format!("{primary}{}", names.aliases.join(" ")));
    }

    #[test]
    fn flytes_name_comes_first_and_aliases_only_where_they_differ() {
        check("", "", "k", None, &expect!["_UNION_K | "]);
        check("", "", "my-api-key", None, &expect!["_UNION_MY-API-KEY | _UNION_MY_API_KEY"]);
        check(
            "user-info",
            "",
            "user_secret",
            None,
            &expect!["_UNION_USER_SECRET | _UNION_USER-INFO_USER_SECRET _UNION_USER_INFO_USER_SECRET"],
        );
        check("g", "AWSPREVIOUS", "k", None, &expect!["_UNION_K | _UNION_G_K _UNION_G_AWSPREVIOUS_K"]);
        check("", "v2", "k", None, &expect!["_UNION_K | _UNION_V2_K"]);
        check("g", "", "k", Some("MY_VAR"), &expect!["MY_VAR | _UNION_K _UNION_G_K"]);
        check("", "", "k", Some("my-var"), &expect!["my-var | _UNION_K my_var"]);
    }

    #[test]
    fn a_name_that_kubernetes_refuses_gives_way_to_its_twin() {
        check("", "", "db/pass", None, &expect!["_UNION_DB_PASS"]);
        check("", "", "k", Some("1X"), &expect!["_1X _UNION_K"]);
        check("arn:aws:secretsmanager:us-west-2:1:secret", "", "k", None, &expect!["_UNION_K | "]);
        let names = secret_variables("_UNION_", "", "", "db/pass", None, false);
        assert_eq!(
            (names.left_out.as_deref(), names.aliases),
            (Some("_UNION_DB/PASS"), vec!["_UNION_DB_PASS".to_owned()])
        );
    }

    #[test]
    fn what_stands_in_for_a_path_variable_is_not_reserved_either() {
        for name in ["LD/PRELOAD", "KUBERNETES/SERVICE_HOST", "FLYTE/SECRETS_DEFAULT_DIR"] {
            assert!(path_variable(name.as_bytes()).unwrap_err().to_string().contains("is reserved"), "{name}");
        }
        assert_eq!(path_variable(b"MY/VAR").unwrap().0.as_deref(), Some("MY_VAR"));
    }

    #[test]
    fn reserved_names_are_refused() {
        for name in ["PATH", "LD_PRELOAD", "FLYTE_SECRETS_ENV_PREFIX", "KUBERNETES_SERVICE_HOST", "A=B", "A\0"] {
            assert!(check_requested_variable(name.as_bytes()).is_err(), "{name}");
        }
        assert_eq!(check_requested_variable(b""), Ok(None));
        assert_eq!(check_requested_variable(b"PATH_TO_X"), Ok(Some("PATH_TO_X")));
        assert_eq!(
            check_requested_variable(b"A=B").unwrap_err().to_string(),
            "env_var \"A=B\" contains '='; choose another name"
        );
    }
}
