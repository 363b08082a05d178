use expect_test::{Expect, expect};
use proptest::prelude::*;

use super::*;

const BOTH: &[IdForm] = &[IdForm::Documented, IdForm::Padded];

fn ask(
    organization: &str,
    domain: &str,
    project: &str,
    key: &str,
    forms: &[IdForm],
) -> Result<Vec<ScopeIds>, NameError> {
    candidates(&Scope::new(organization, domain, project)?, &Key::parse(key.as_bytes())?, forms)
}

#[track_caller]
fn check(forms: &[IdForm], expected: &Expect) {
    let mut lines = String::new();
    for scope in ask("flyte", "development", "flytesnacks", "My-Key", forms).unwrap() {
        for id in &scope.ids {
            lines.push_str(&format!("{}: {id}\n", scope.level));
        }
    }
    expected.assert_eq(&lines);
}

#[test]
fn every_level_tries_the_documented_form_then_the_padded_one() {
    check(
        BOTH,
        &expect![[r#"
            project: u__org__flyte__domain__development__project__flytesnacks__key__My-Key
            domain: u__org__flyte__domain__development__key__My-Key
            domain: u__org__flyte__domain__development__project____key__My-Key
            organization: u__org__flyte__key__My-Key
            organization: u__org__flyte__domain____project____key__My-Key
        "#]],
    );
}

#[test]
fn a_form_may_be_configured_away() {
    check(
        &[IdForm::Padded],
        &expect![[r#"
            project: u__org__flyte__domain__development__project__flytesnacks__key__My-Key
            domain: u__org__flyte__domain__development__project____key__My-Key
            organization: u__org__flyte__domain____project____key__My-Key
        "#]],
    );
}

#[track_caller]
fn refused(organization: &str, domain: &str, project: &str, key: &str, expected: &Expect) {
    expected.assert_eq(&ask(organization, domain, project, key, BOTH).unwrap_err().to_string());
}

#[test]
fn both_sides_of_an_alias_are_refused() {
    refused(
        "o",
        "d",
        "p__key__a",
        "b",
        &expect![[
            r#"label project "p__key__a" makes the secret id "u__org__o__domain__d__project__p__key__a__key__b" ambiguous: it could be read as another scope and key; do without "__" there"#
        ]],
    );
    refused(
        "o",
        "d",
        "p",
        "a__key__b",
        &expect![[
            r#"key "a__key__b" makes the secret id "u__org__o__domain__d__project__p__key__a__key__b" ambiguous: it could be read as another scope and key; do without "__" there"#
        ]],
    );
    for (project, key) in [("a__key", "b"), ("a", "key__b")] {
        assert!(matches!(ask("o", "d", project, key, BOTH), Err(NameError::Ambiguous { .. })), "{project} {key}");
    }
    assert!(ask("o", "d__project__x", "p", "k", BOTH).is_err());
    assert!(ask("o", "d", "x__project__p", "k", BOTH).is_err());
    assert!(ask("o__domain__d", "d", "p", "k", BOTH).is_err());
    assert!(ask("o__key__x", "d", "p", "k", BOTH).is_err());
    assert!(ask("o", "d", "__key__x", "k", BOTH).is_err());
}

#[test]
fn underscores_that_alias_nothing_are_fine() {
    for (domain, project, key) in [
        ("d", "my__project", "k"),
        ("domain", "project", "key"),
        ("d_", "_p_", "_k_"),
        ("d", "p", "a__b"),
        ("d", "p", "__k"),
        ("d", "p", "k__"),
    ] {
        assert_eq!(ask("org", domain, project, key, BOTH).err(), None, "{domain} {project} {key}");
    }
}

#[test]
fn names_that_aws_cannot_hold_are_refused() {
    refused(
        "o",
        "d",
        "p",
        "a b",
        &expect![[r#"key "a b" has ' '; names in AWS Secrets Manager are made of A-Z a-z 0-9 / _ + = . @ ! -"#]],
    );
    refused(
        "o",
        "dö",
        "p",
        "k",
        &expect![[
            r#"label domain "dö" has 'ö'; names in AWS Secrets Manager are made of A-Z a-z 0-9 / _ + = . @ ! -"#
        ]],
    );
    refused("o", "d", "p", "", &expect!["the request has no key; a secret is named by its key"]);
    refused(
        "",
        "d",
        "p",
        "k",
        &expect![[
            r#"label "organization" is missing or empty; Flyte sets it on task pods from v2 on, and for Flyte v1 the webhook's setting secretsWebhook.defaultOrganization fills it in"#
        ]],
    );
    refused("o", "d", "", "k", &expect![[r#"label "project" is missing or empty; Flyte sets it on task pods"#]]);
    let long = "k".repeat(512);
    assert!(matches!(ask("o", "d", "p", &long, BOTH), Err(NameError::TooLong { length: 551, .. })));
    assert_eq!(Key::parse(&[0xff]).unwrap_err().to_string(), "key is not UTF-8");
}

proptest! {
    /// The law that keeps tenants apart: no id belongs to two different askers.
    #[test]
    fn no_two_askers_share_an_id(
        first in names_of_trouble(), second in names_of_trouble(),
    ) {
        let ids = |(o, d, p, k): &(String, String, String, String)| ask(o, d, p, k, BOTH);
        if let (Ok(mine), Ok(theirs)) = (ids(&first), ids(&second)) {
            for (mine, theirs) in mine.iter().zip(&theirs) {
                let same_tenant = match mine.level {
                    ScopeLevel::Project => first == second,
                    ScopeLevel::Domain => (&first.0, &first.1, &first.3) == (&second.0, &second.1, &second.3),
                    ScopeLevel::Organization => (&first.0, &first.3) == (&second.0, &second.3),
                };
                prop_assert!(same_tenant || mine.ids.iter().all(|id| !theirs.ids.contains(id)));
            }
            let of = |scopes: &[ScopeIds], level| scopes.iter().filter(|s| s.level == level).flat_map(|s| s.ids.clone()).collect::<Vec<_>>();
            for a in ScopeLevel::ALL {
                for b in ScopeLevel::ALL {
                    if a != b {
                        prop_assert!(of(&mine, a).iter().all(|id| !of(&theirs, b).contains(id)));
                    }
                }
            }
        }
    }
}

/// Names made of the pieces that ids are made of.
fn names_of_trouble() -> impl Strategy<Value = (String, String, String, String)> {
    let name = || {
        proptest::collection::vec(prop_oneof!["_", "__", "key", "project", "domain", "a"], 1..4)
            .prop_map(|parts| parts.concat())
    };
    (name(), name(), name(), name())
}

#[track_caller]
fn check_scope([organization, domain, project]: [&str; 3], expected: &[&str]) {
    let ids = ids_of_scope(organization, domain, project, &Key::parse(b"k").unwrap()).unwrap();
    assert_eq!(ids.iter().map(SecretId::as_str).collect::<Vec<_>>(), expected);
}

#[test]
fn the_ids_of_a_scope_are_those_that_are_looked_up_on_its_level() {
    check_scope(["o", "d", "p"], &["u__org__o__domain__d__project__p__key__k"]);
    check_scope(["o", "d", ""], &["u__org__o__domain__d__key__k", "u__org__o__domain__d__project____key__k"]);
    check_scope(["o", "", ""], &["u__org__o__key__k", "u__org__o__domain____project____key__k"]);
    let key = Key::parse(b"k").unwrap();
    assert!(ids_of_scope("o", "", "p", &key).is_err() && ids_of_scope("", "d", "p", &key).is_err());
    assert!(ids_of_scope("o", "d", "p__key__a", &key).is_err());
}

#[test]
fn an_id_tells_whether_it_may_be_of_a_key() {
    let key = Key::parse(b"k").unwrap();
    for levels in candidates(&Scope::new("o", "d", "p").unwrap(), &key, &[IdForm::Documented, IdForm::Padded]).unwrap()
    {
        assert!(levels.ids.iter().all(|id| id.may_be_of(&key)));
    }
    let other = Key::parse(b"a-k").unwrap();
    let ids = ids_of_scope("o", "d", "p", &other).unwrap();
    assert!(!ids[0].may_be_of(&key) && ids[0].may_be_of(&other));
}
