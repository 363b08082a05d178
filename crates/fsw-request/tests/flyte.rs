//! Annotation values are read as Flyte's own libraries read them, and written so that they read back.

#![allow(clippy::unwrap_used, reason = "a test may panic")]
use data_encoding::BASE64;
use fsw_request::{Annotated, Mount, SecretRequest, decode, encode, from_annotations};
use proptest::prelude::*;

/// Accepted here although Flyte's reader refuses them: it cannot read back what its own writer writes.
const MEANT_DIFFERENCES: [&str; 2] = ["5: \"FOO\"", "/* c */ key: \"k\""];

#[test]
fn base32_vectors() {
    for vector in fsw_testkit::annotation_vectors().base32_decode {
        // Bytes that are valid base32 are seldom a valid text, so the outcome is told apart by the kind of error.
        let is_base32 = !matches!(decode(&vector.r#in), Err(fsw_request::DecodeError::Base32 { .. }));
        assert_eq!(is_base32, vector.ok, "{:?}", vector.r#in);
    }
}

#[test]
fn text_vectors() {
    for vector in fsw_testkit::annotation_vectors().textproto {
        let read = decode(&vector.annotation_value);
        if MEANT_DIFFERENCES.contains(&vector.text.as_str()) {
            assert!(read.is_ok(), "{:?}: {read:?}", vector.text);
            continue;
        }
        assert_eq!(read.is_ok(), vector.ok, "{:?}: {read:?}", vector.text);
        if let Ok(request) = read {
            let expected = SecretRequest {
                group: vector.group.into(),
                group_version: vector.group_version.into(),
                key: BASE64.decode(vector.key_base64.as_bytes()).unwrap(),
                mount: Mount::from_number(vector.mount_requirement),
                env_var: vector.env_var.into(),
            };
            assert_eq!(request, expected, "{:?}", vector.text);
        }
    }
}

#[test]
fn annotations_of_real_flyte_pods_are_written_back_byte_for_byte() {
    let mut seen = 0;
    for recording in fsw_testkit::recordings() {
        if recording.name.starts_with("k8s-") {
            continue; // their annotations were made for the lab
        }
        let pod = recording.pod();
        for (name, value) in pod["metadata"]["annotations"].as_object().unwrap() {
            if name.starts_with("flyte.secrets/") {
                let value = value.as_str().unwrap();
                assert_eq!(encode(&decode(value).unwrap()), value, "{} {name}", recording.name);
                seen += 1;
            }
        }
    }
    assert!(seen > 50, "{seen}");
}

fn numbers(names: &[&str]) -> (Vec<u64>, Vec<String>) {
    let value = encode(&SecretRequest { key: "k".into(), ..SecretRequest::default() });
    let found = from_annotations(names.iter().map(|name| (*name, value.as_str()))).unwrap();
    (found.requests.iter().map(|request| request.index).collect(), found.ignored)
}

#[test]
fn requests_are_ordered_by_number_not_by_name() {
    let (order, ignored) = numbers(&["flyte.secrets/s10", "flyte.secrets/s9", "flyte.secrets/s0", "other/s1"]);
    assert_eq!((order, ignored.len()), (vec![0, 9, 10], 0));
}

#[test]
fn names_that_flyte_does_not_write_are_reported_and_left_alone() {
    let names = ["s01", "s", "s-1", "s1x", "S1", "t1", "", "s99999999999999999999", "s+1"];
    let names: Vec<_> = names.iter().map(|name| format!("flyte.secrets/{name}")).collect();
    let (order, ignored) = numbers(&names.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!((order, ignored.len()), (vec![], names.len()));
}

#[test]
fn an_unreadable_annotation_is_named() {
    let error = from_annotations([("flyte.secrets/s3", "n0")].into_iter()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "annotation flyte.secrets/s3: not base32: '0' at position 1; Flyte writes only a to z and 1 to 6, without padding (make one with `secrets-probe encode`)"
    );
}

#[test]
fn the_one_line_form_is_the_one_of_flytes_messages() {
    let request =
        SecretRequest { group: "g".into(), key: "k\n".into(), mount: Mount::EnvVar, ..SecretRequest::default() };
    assert_eq!(request.to_string(), r#"group:"g" key:"k\n" mount_requirement:ENV_VAR"#);
    assert_eq!(SecretRequest::default().to_string(), "");
}

prop_compose! {
    fn any_request()(
        group: Vec<u8>, group_version: Vec<u8>, key: Vec<u8>, env_var: Vec<u8>, mount in -3..5_i32,
    ) -> SecretRequest {
        SecretRequest { group, group_version, key, env_var, mount: Mount::from_number(mount) }
    }
}

proptest! {
    #[test]
    fn what_was_encoded_is_decoded(request in any_request()) {
        prop_assert_eq!(decode(&encode(&request)).unwrap(), request);
    }

    #[test]
    fn no_annotation_value_is_too_wild(value in any::<String>()) {
        let _ = decode(&value);
    }

    #[test]
    fn no_text_is_too_wild(text in r#"((group|key|[1-6]|mount_requirement|env_var)|[ :;,"'\\/*#<\n]|[a-fx0-7_+-]|\PC){0,40}"#) {
        let value = value_of(text.as_bytes());
        let _ = decode(&value);
    }

    #[test]
    fn requests_keep_their_number(index in 0..1000_u64, request in any_request()) {
        let name = format!("flyte.secrets/s{index}");
        let value = encode(&request);
        let found = from_annotations([(name.as_str(), value.as_str())].into_iter()).unwrap();
        prop_assert_eq!(found.requests, vec![Annotated { index, request }]);
    }
}

/// The annotation value of an arbitrary text, in Flyte's alphabet.
fn value_of(text: &[u8]) -> String {
    let mut specification = data_encoding::Specification::new();
    specification.symbols.push_str("abcdefghijklmnopqrstuvwxyz123456");
    specification.encoding().unwrap().encode(text)
}
