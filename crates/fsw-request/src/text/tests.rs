use super::*;

#[track_caller]
fn accepts(text: &str, expected: &SecretRequest) {
    assert_eq!(parse(text.as_bytes()).as_ref(), Ok(expected), "{text:?}");
}

#[track_caller]
fn rejects(text: &str, message: &str) {
    assert_eq!(parse(text.as_bytes()).unwrap_err().to_string(), message, "{text:?}");
}

fn key(key: &str) -> SecretRequest {
    SecretRequest { key: key.into(), ..SecretRequest::default() }
}

#[test]
fn comments_may_stand_between_any_two_tokens() {
    accepts("/* 5 unknown bytes */ key /* : */ : /**/ \"a\" /* x */ \"b\" /* y */", &key("ab"));
    rejects("key: \"k\" /* x", "line 1, byte 10: a comment that begins with /* has no */");
}

#[test]
fn field_numbers_are_names() {
    let all = SecretRequest {
        group: "g".into(),
        group_version: "v".into(),
        key: "k".into(),
        mount: Mount::File,
        env_var: "FOO".into(),
    };
    accepts("1: \"g\" 2: \"v\" 3: \"k\" 4: 2 5: \"FOO\"", &all);
    rejects(
        "6: \"x\"",
        "line 1, byte 1: expected one of group, group_version, key, mount_requirement, env_var, found \"6\"",
    );
    rejects("key: \"a\" 3: \"b\"", "line 1, byte 10: field key is given twice");
}

#[test]
fn an_error_names_the_line_and_byte() {
    rejects(
        "key: \"k\"\nmount_requirement: env_var",
        "line 2, byte 20: mount_requirement takes ANY, ENV_VAR, FILE or their numbers 0, 1, 2, found \"env_var\"",
    );
    rejects("key:", "line 1, byte 5: expected a value, found the end");
    rejects("key \"k\"", "line 1, byte 5: expected ':', found a quoted string");
    rejects("key: k", "line 1, byte 6: field key takes a quoted string, found \"k\"");
    rejects(
        "\"key\": \"k\"",
        "line 1, byte 1: expected one of group, group_version, key, mount_requirement, env_var, found a quoted string",
    );
}

#[test]
fn only_one_separator_may_follow_a_field() {
    accepts("key: \"k\";group: \"g\",", &SecretRequest { group: "g".into(), ..key("k") });
    rejects(
        "key: \"k\",;",
        "line 1, byte 10: expected one of group, group_version, key, mount_requirement, env_var, found ';'",
    );
}

#[test]
fn numbers_are_read_as_go_reads_them() {
    let cases = [
        ("0x_1", Some(1)),
        ("0_7", Some(7)),
        ("0b10", Some(2)),
        ("+2", Some(2)),
        ("-2147483648", Some(i32::MIN)),
        ("00", Some(0)),
        ("0", Some(0)),
        ("08", None),
        ("1__0", None),
        ("_1", None),
        ("1_", None),
        ("0x", None),
        ("--1", None),
        ("2147483648", None),
        ("0x+1", None),
        ("-", None),
    ];
    for (text, value) in cases {
        assert_eq!(number::parse_i32(text), value, "{text}");
    }
}

#[test]
fn escapes_that_are_cut_short_or_wrong_are_named() {
    rejects(r#"key: "\x4""#, "line 1, byte 6: \\x needs 2 digits");
    rejects(r#"key: "\777""#, "line 1, byte 6: \\777 is not an octal byte (\\000 to \\377)");
    rejects(r#"key: "\q""#, "line 1, byte 6: unknown escape \\q");
    rejects(r#"key: "\U00110000""#, "line 1, byte 6: \\U00110000 is not a Unicode code point");
    rejects(r#"key: "\u+123""#, "line 1, byte 6: \\u+123 contains digits that are not hexadecimal");
    rejects(r#"key: "\é""#, "line 1, byte 6: unknown escape \\\\u{e9}");
}
