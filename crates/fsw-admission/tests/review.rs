//! Every body that has a uid is answered under it, with the code that decides what Flyte does.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

use std::time::Duration;

use expect_test::{Expect, expect};
use fsw_admission::{Denial, DenialKind, MutatePod, Mutation, Outcome, PodReview, review};
use fsw_pod::PodEditor;
use fsw_testkit::recordings;
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, pending, ready};
use proptest::prelude::*;
use serde_json::{Value, json};
use tokio::time::Instant;

/// Annotates every pod.
struct Annotate;

impl MutatePod for Annotate {
    fn mutate(&self, review: PodReview) -> BoxFuture<'_, Result<Mutation, Denial>> {
        let mut editor = PodEditor::new(review.pod).unwrap();
        editor.set_annotation("seen", &format!("{} {} {}", review.namespace, review.name, review.is_dry_run));
        ready(Ok(Mutation { patch: editor.into_patch(), ..Mutation::default() })).boxed()
    }
}

struct Refuse(DenialKind);

impl MutatePod for Refuse {
    fn mutate(&self, _: PodReview) -> BoxFuture<'_, Result<Mutation, Denial>> {
        let denial = Denial { kind: self.0, message: "because".into(), facts: "because".into() };
        ready(Err(denial)).boxed()
    }
}

struct Hang;

impl MutatePod for Hang {
    fn mutate(&self, _: PodReview) -> BoxFuture<'_, Result<Mutation, Denial>> {
        pending().boxed()
    }
}

struct Panic;

impl MutatePod for Panic {
    fn mutate(&self, _: PodReview) -> BoxFuture<'_, Result<Mutation, Denial>> {
        async { panic!("a fault") }.boxed()
    }
}

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(60)
}

async fn answer(body: &[u8], mutate: &dyn MutatePod) -> (Value, Outcome) {
    let reply = review(body, soon(), mutate).await.unwrap();
    (serde_json::from_slice(&reply.body).unwrap(), reply.outcome)
}

fn body(request: &Value) -> Vec<u8> {
    json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request}).to_string().into_bytes()
}

fn pod_request(pod: &Value) -> Value {
    json!({"uid": "u-1", "kind": {"group": "", "version": "v1", "kind": "Pod"}, "namespace": "ns", "operation": "CREATE", "object": pod})
}

#[tokio::test]
async fn every_recorded_review_is_answered_with_a_patch_that_fits() {
    for recording in recordings() {
        let (answer, outcome) = answer(&recording.body, &Annotate).await;
        let request = recording.json();
        let response = &answer["response"];
        assert_eq!(response["uid"], request["request"]["uid"], "{}", recording.name);
        assert_eq!((&response["allowed"], &response["patchType"]), (&json!(true), &json!("JSONPatch")));
        assert_eq!(outcome, Outcome::Injected);
        let patch = data_encoding::BASE64.decode(response["patch"].as_str().unwrap().as_bytes()).unwrap();
        let pod = fsw_testkit::apply(&recording.pod(), &patch);
        let seen = pod["metadata"]["annotations"]["seen"].as_str().unwrap();
        let dry_run = request["request"]["dryRun"].as_bool().unwrap();
        assert!(
            seen.starts_with(request["request"]["namespace"].as_str().unwrap()) && seen.ends_with(&dry_run.to_string()),
            "{seen}"
        );
    }
}

#[tokio::test]
async fn a_generated_name_and_a_missing_namespace_come_from_the_request() {
    let pod = json!({"metadata": {"generateName": "job-"}, "spec": {}});
    let (answer, _) = answer(&body(&pod_request(&pod)), &Annotate).await;
    let patch = data_encoding::BASE64.decode(answer["response"]["patch"].as_str().unwrap().as_bytes()).unwrap();
    assert_eq!(
        String::from_utf8(patch).unwrap(),
        r#"[{"op":"add","path":"/metadata/annotations","value":{"seen":"ns job-* false"}}]"#
    );
}

async fn denied(mutate: &dyn MutatePod, expected: Expect) {
    let pod = json!({"metadata": {}, "spec": {}});
    let (answer, _) = answer(&body(&pod_request(&pod)), mutate).await;
    expected.assert_eq(&answer["response"].to_string());
}

#[tokio::test]
async fn codes_and_reasons() {
    denied(&Refuse(DenialKind::Invalid), expect![[r#"{"uid":"u-1","allowed":false,"status":{"status":"Failure","code":400,"message":"because","reason":"BadRequest"}}"#]]).await;
    denied(&Refuse(DenialKind::NotFound), expect![[r#"{"uid":"u-1","allowed":false,"status":{"status":"Failure","code":400,"message":"because","reason":"BadRequest"}}"#]]).await;
    denied(&Refuse(DenialKind::Forbidden), expect![[r#"{"uid":"u-1","allowed":false,"status":{"status":"Failure","code":403,"message":"because","reason":"Forbidden"}}"#]]).await;
    let unavailable = DenialKind::Unavailable { retry_after: Duration::from_secs(2) };
    denied(&Refuse(unavailable), expect![[r#"{"uid":"u-1","allowed":false,"status":{"status":"Failure","code":429,"message":"because","reason":"TooManyRequests","details":{"retryAfterSeconds":2}}}"#]]).await;
}

#[tokio::test]
async fn a_fault_in_the_mutation_still_answers() {
    denied(&Panic, expect![[r#"{"uid":"u-1","allowed":false,"status":{"status":"Failure","code":400,"message":"flyte-secrets-webhook has a fault with this pod; its log has the details","reason":"BadRequest"}}"#]]).await;
    let pod = json!({"metadata": {}, "spec": {}});
    let reply = review(&body(&pod_request(&pod)), Instant::now(), &Hang).await.unwrap();
    assert_eq!(reply.outcome, Outcome::Unavailable);
}

#[tokio::test]
async fn a_pod_that_cannot_be_read_is_refused_under_its_uid() {
    let mut deep = json!({});
    for _ in 0..150 {
        deep = json!({ "x": deep });
    }
    let pod = json!({"metadata": {"labels": deep}, "spec": {}});
    let (answer, outcome) = answer(&body(&pod_request(&pod)), &Annotate).await;
    assert_eq!((&answer["response"]["uid"], outcome), (&json!("u-1"), Outcome::Invalid));
}

#[tokio::test]
async fn what_is_no_creation_of_a_pod_passes_unchanged() {
    let pod = json!({"metadata": {}, "spec": {}});
    for (field, value) in [
        ("operation", json!("UPDATE")),
        ("kind", json!({"group": "apps", "version": "v1", "kind": "Deployment"})),
        ("subResource", json!("binding")),
        ("object", json!(null)),
    ] {
        let mut request = pod_request(&pod);
        request[field] = value;
        let (answer, outcome) = answer(&body(&request), &Annotate).await;
        assert_eq!((&answer["response"]["allowed"], outcome), (&json!(true), Outcome::Unchanged), "{field}");
        assert_eq!(
            answer["response"]["warnings"],
            json!(["flyte-secrets-webhook changes pods at their creation only"])
        );
    }
}

#[tokio::test]
async fn what_cannot_be_answered_is_an_error_that_quotes_nothing() {
    for (body, message) in [
        ("", "the body is not an AdmissionReview: it ends too early (line 1, column 0)"),
        ("{\"s3cret\": tru}", "the body is not an AdmissionReview: it is not JSON (line 1, column 15)"),
        ("[1]", "the body is not an AdmissionReview: a field has not the type it should have (line 1, column 2)"),
        ("{}", "the body is  ; expected admission.k8s.io/v1 AdmissionReview"),
        (
            r#"{"apiVersion":"admission.k8s.io/v1beta1","kind":"AdmissionReview"}"#,
            "the body is admission.k8s.io/v1beta1 AdmissionReview; expected admission.k8s.io/v1 AdmissionReview",
        ),
        (
            r#"{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{}}"#,
            "the AdmissionReview has no request with a uid, so it cannot be answered",
        ),
    ] {
        assert_eq!(review(body.as_bytes(), soon(), &Annotate).await.unwrap_err().to_string(), message);
    }
    assert!(review(&[0xff], soon(), &Annotate).await.is_err());
}

#[tokio::test]
async fn warnings_are_as_short_and_few_as_kubernetes_passes_on() {
    struct Warn;
    impl MutatePod for Warn {
        fn mutate(&self, _: PodReview) -> BoxFuture<'_, Result<Mutation, Denial>> {
            ready(Ok(Mutation { warnings: vec!["ü".repeat(300); 40], ..Mutation::default() })).boxed()
        }
    }
    let pod = json!({"metadata": {}, "spec": {}});
    let (answer, _) = answer(&body(&pod_request(&pod)), &Warn).await;
    let warnings = answer["response"]["warnings"].as_array().unwrap();
    assert_eq!(warnings.len(), 16);
    assert!(warnings.iter().all(|warning| warning.as_str().unwrap().chars().count() <= 256));
    assert_eq!(warnings[15], "and 25 more warnings; the webhook's log has them");
}

proptest! {
    #[test]
    fn no_body_is_too_wild(body in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = review(&body, soon(), &Refuse(DenialKind::Invalid)).now_or_never();
    }

    #[test]
    fn no_cut_and_no_flipped_byte_of_a_real_review_is_too_wild(cut in 0..6000_usize, at in 0..6000_usize, byte: u8) {
        let mut body = fsw_testkit::recording("v1-five-secrets").body;
        let at = at % body.len();
        body[at] = byte;
        let cut = cut % body.len();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let refuse = Refuse(DenialKind::Invalid);
        let _ = runtime.block_on(review(&body, soon(), &refuse));
        let _ = runtime.block_on(review(&body[..cut], soon(), &refuse));
    }
}
