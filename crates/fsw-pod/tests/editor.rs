//! Every edit is the smallest patch that leads to it, whatever else the pod holds.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use expect_test::{Expect, expect};
use fsw_pod::{ContainerList, Place, Pod, PodEditor, file_mode, security_context};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

const MAIN: Place = Place { list: ContainerList::Main, index: 0 };

fn pod(container: Value) -> Value {
    json!({"metadata": {"name": "p"}, "spec": {"containers": [container]}})
}

fn variable(name: &str, value: &str) -> Value {
    json!({"name": name, "value": value})
}

/// Edits, compares the patch (one operation a line), and checks that it leads to what the editor shows.
#[track_caller]
fn check(pod: &Value, edit: impl FnOnce(&mut PodEditor), expected: &Expect) {
    let mut editor = PodEditor::new(pod.clone()).unwrap();
    edit(&mut editor);
    let patch = editor.patch().to_json();
    assert_eq!(&fsw_testkit::apply(pod, &patch), editor.pod());
    let operations: Vec<Value> = serde_json::from_slice(&patch).unwrap();
    let lines: Vec<_> = operations
        .iter()
        .map(|o| {
            format!(
                "{} {} {}",
                o["op"].as_str().unwrap(),
                o["path"].as_str().unwrap(),
                o.get("value").unwrap_or(&Value::Null)
            )
        })
        .collect();
    expected.assert_eq(&lines.join("\n"));
}

#[test]
fn variables_go_first_and_take_the_place_of_their_namesakes() {
    let both = [variable("A", "1"), variable("B", "2")];
    check(
        &pod(json!({"name": "c"})),
        |editor| assert!(editor.set_variables(MAIN, &both).is_empty()),
        &expect![[r#"add /spec/containers/0/env [{"name":"A","value":"1"},{"name":"B","value":"2"}]"#]],
    );
    check(
        &pod(json!({"name": "c", "env": [variable("X", "$(A)"), variable("A", "own"), variable("A", "own2")]})),
        |editor| assert_eq!(editor.set_variables(MAIN, &both), ["A", "A"]),
        &expect![[r#"
            remove /spec/containers/0/env/2 null
            remove /spec/containers/0/env/1 null
            add /spec/containers/0/env/0 {"name":"A","value":"1"}
            add /spec/containers/0/env/1 {"name":"B","value":"2"}"#]],
    );
}

#[test]
fn many_variables_are_replaced_at_once() {
    let there = |count: usize, name: &str| vec![variable(name, "old"); count];
    for count in [99, 150] {
        let env = [there(count, "A"), there(2, "B")].concat();
        let pod = pod(json!({"name": "c", "env": env}));
        let mut editor = PodEditor::new(pod.clone()).unwrap();
        let place = editor.containers()[0].place;
        assert_eq!(editor.set_variables(place, [variable("A", "new")]).len(), count);
        let patched = fsw_testkit::apply(&pod, &editor.patch().to_json());
        assert_eq!((&patched, editor.size()), (editor.pod(), patched.to_string().len()));
        let expected = [vec![variable("A", "new")], there(2, "B")].concat();
        assert_eq!(patched["spec"]["containers"][0]["env"], Value::Array(expected));
    }
}

#[test]
fn a_pod_of_countless_values_is_not_read() {
    let of = |count: usize| pod(json!({"name": "c", "env": vec![json!({"name": "A"}); count]})).to_string();
    assert!(Pod::outline(&of(10_000)).is_ok());
    let Err(error) = Pod::outline(&of(50_000)) else { panic!("it is read") };
    assert!(error.to_string().starts_with("more than 100000 values at line 1"), "{error}");
}

#[test]
fn variables_that_are_set_stay_where_they_are() {
    let both = [variable("A", ""), variable("B", "2")];
    let present = json!({"name": "c", "env": [variable("X", "0"), {"name": "A"}, variable("B", "2")]});
    check(&pod(present), |editor| assert!(editor.set_variables(MAIN, &both).is_empty()), &expect![""]);
}

#[test]
fn a_null_list_is_an_absent_one() {
    let present = pod(json!({"name": "c", "env": null, "volumeMounts": null}));
    check(
        &present,
        |editor| {
            editor.set_variables(MAIN, &[variable("A", "1")]);
            editor.mount(MAIN, json!({"name": "v", "mountPath": "/v"}));
            editor.insert_init_container(0, json!({"name": "i"}));
        },
        &expect![[r#"
            replace /spec/containers/0/env [{"name":"A","value":"1"}]
            replace /spec/containers/0/volumeMounts [{"name":"v","mountPath":"/v"}]
            add /spec/initContainers [{"name":"i"}]"#]],
    );
}

#[test]
fn annotation_names_are_escaped() {
    check(
        &json!({"metadata": {"annotations": {"a": "b"}}, "spec": {}}),
        |editor| editor.set_annotation("example.org/a~b", "1"),
        &expect![[r#"add /metadata/annotations/example.org~1a~0b "1""#]],
    );
    check(
        &json!({"metadata": {}, "spec": {}}),
        |editor| editor.set_annotation("a", "1"),
        &expect![[r#"add /metadata/annotations {"a":"1"}"#]],
    );
}

#[test]
fn updating_a_container_keeps_what_others_added() {
    let present = json!({"metadata": {}, "spec": {"initContainers": [{
        "name": "i", "image": "a", "terminationMessagePath": "/dev/termination-log",
        "resources": {"limits": {"cpu": "200m"}},
        "env": [variable("AWS_ROLE_ARN", "r"), variable("A", "old")],
        "volumeMounts": [{"name": "token", "mountPath": "/t", "readOnly": true}, {"name": "v", "mountPath": "/v"}],
    }]}});
    let place = Place { list: ContainerList::Init, index: 0 };
    let wanted = |image: &str, value: &str| {
        json!({"name": "i", "image": image, "resources": {"limits": {"cpu": "0.2"}}, "env": [variable("A", value)],
               "volumeMounts": [{"name": "v", "mountPath": "/v"}]})
    };
    check(&present, |editor| editor.update_container(place, &wanted("a", "old")), &expect![""]);
    check(
        &present,
        |editor| editor.update_container(place, &wanted("b", "new")),
        &expect![[r#"
            replace /spec/initContainers/0/image "b"
            replace /spec/initContainers/0/env [{"name":"A","value":"new"},{"name":"AWS_ROLE_ARN","value":"r"}]"#]],
    );
}

#[test]
fn a_pod_of_another_shape_is_refused_by_the_name_of_its_field() {
    for (pod, message) in [
        (json!(1), "the pod cannot be read: the pod is not an object"),
        (json!({"metadata": {}}), "the pod cannot be read: spec is not an object"),
        (
            json!({"metadata": {"labels": {"a": 1}}, "spec": {}}),
            "the pod cannot be read: metadata.labels is not a map of texts",
        ),
        (
            json!({"metadata": {}, "spec": {"containers": [{"env": {}}]}}),
            "the pod cannot be read: spec.containers[0].env is not a list of objects",
        ),
    ] {
        assert_eq!(PodEditor::new(pod).unwrap_err().to_string(), message);
    }
}

#[test]
fn nothing_of_the_pod_is_in_debug_output() {
    let mut editor = PodEditor::new(pod(json!({"name": "c"}))).unwrap();
    editor.set_variables(MAIN, &[variable("A", "s3cret")]);
    assert_eq!(format!("{editor:?}"), "PodEditor { patch: Patch(1 operations), .. }");
}

#[track_caller]
fn security(context: Value, container: Value, overrides: Value, expected_mode: u32, expected: &Expect) {
    let pod = json!({"metadata": {}, "spec": {"securityContext": context, "containers": [{"name": "c", "securityContext": container}]}});
    let editor = PodEditor::new(pod).unwrap();
    let overrides: Map<String, Value> = serde_json::from_value(overrides).unwrap();
    assert_eq!(file_mode(&editor, &overrides), expected_mode);
    let context = security_context(&editor, &overrides);
    expected.assert_eq(&format!("{} {} {}", context["runAsUser"], context["runAsGroup"], context["runAsNonRoot"]));
}

#[test]
fn injected_containers_follow_the_pods_user_and_group() {
    security(json!({}), json!(null), json!({}), 0o444, &expect!["65532 65532 true"]);
    security(json!({"runAsUser": 1000}), json!(null), json!({}), 0o400, &expect!["null null true"]);
    security(json!({"runAsUser": 1000}), json!({"runAsUser": 7}), json!({}), 0o444, &expect!["null null true"]);
    security(
        json!({"runAsUser": 1000, "fsGroup": 2000}),
        json!({"runAsUser": 7}),
        json!({}),
        0o440,
        &expect!["null null true"],
    );
    security(json!({"runAsUser": 0}), json!(null), json!({}), 0o444, &expect!["65532 65532 true"]);
    security(json!({"runAsGroup": 3000}), json!(null), json!({}), 0o444, &expect!["65532 null true"]);
    security(
        json!({"runAsUser": 1000}),
        json!(null),
        json!({"runAsUser": 5, "runAsNonRoot": null}),
        0o444,
        &expect!["5 null null"],
    );
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".{0,5}".prop_map(Value::from)
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::btree_map("[a-z~/]{0,4}", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn fields_nobody_knows_survive(extra in any_json(), names in proptest::collection::vec("[A-C]", 0..6)) {
        let env: Vec<_> = names.iter().map(|name| json!({"name": name, "value": "own", "new": extra})).collect();
        let pod = json!({"x": extra, "metadata": {"x": extra}, "spec": {"x": extra, "containers": [{"name": "c", "x": extra, "env": env}]}});
        let mut editor = PodEditor::new(pod.clone()).unwrap();
        let wanted = [variable("A", "1"), variable("D", "2")];
        editor.set_variables(MAIN, &wanted);
        editor.mount(MAIN, json!({"name": "v", "mountPath": "/v"}));
        editor.append_volume(json!({"name": "v"}));
        editor.insert_init_container(0, json!({"name": "i"}));
        editor.set_annotation("a/b", "c");
        let patched = fsw_testkit::apply(&pod, &editor.patch().to_json());
        prop_assert_eq!(&patched, editor.pod());
        for place in ["", "/metadata", "/spec", "/spec/containers/0"] {
            prop_assert_eq!(&patched.pointer(place).unwrap()["x"], &extra);
        }
        let left: Vec<_> = patched["spec"]["containers"][0]["env"].as_array().unwrap()[2..].to_vec();
        prop_assert_eq!(left, env.into_iter().filter(|v| v["name"] != "A").collect::<Vec<_>>());
    }

    #[test]
    fn no_json_is_too_wild_for_a_pod(pod in any_json(), spec in any_json()) {
        let _ = PodEditor::new(pod);
        let _ = PodEditor::new(json!({"metadata": spec.clone(), "spec": spec}));
    }
}
