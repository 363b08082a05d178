//! A pod that is refused in any case waits for nobody.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use common::{embedded, one_container, pod, request, settings};
use expect_test::{Expect, expect};
use fsw_injector::{Class, inject};
use fsw_request::Mount;
use fsw_source::{Answer, Failure, SecretId, SecretSource, SourceError, Version};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::time::{Instant, sleep};

/// Says that there is no secret, after a time that depends on the key; of `denied` that it is.
struct Late(BTreeMap<&'static str, Duration>);

impl SecretSource for Late {
    fn get<'a>(&'a self, id: &'a SecretId, _: &'a Version) -> BoxFuture<'a, Result<Answer, SourceError>> {
        async move {
            let (_, key) = id.as_str().rsplit_once("__").unwrap();
            sleep(self.0.get(key).copied().unwrap_or_default()).await;
            let failure = Failure { code: "No".to_owned(), explanation: "not you".to_owned(), request_id: None };
            if key == "denied" { Err(SourceError::Denied(Arc::new(failure))) } else { Ok(Answer::NotFound) }
        }
        .boxed()
    }

    fn place(&self) -> &str {
        "memory"
    }
}

async fn refused(late: &[(&'static str, Duration)], keys: &[&str], class: Class, after: Duration, expected: Expect) {
    let requests: Vec<_> = keys.iter().map(|key| request("", key, Mount::EnvVar, "")).collect();
    let begin = Instant::now();
    let source = Late(late.iter().copied().collect());
    let refusal = inject(pod(&requests, one_container()), &settings(vec![embedded()]), &source).await.unwrap_err();
    assert_eq!((refusal.class, begin.elapsed()), (class, after));
    expected.assert_eq(&refusal.message.replace("__org__o__domain__d__", "__…__"));
}

const EVER: Duration = Duration::from_secs(3_600);
const SOON: Duration = Duration::from_millis(10);
const MOMENT: Duration = Duration::from_millis(500);

#[tokio::test(start_paused = true)]
async fn what_is_refused_for_good_is_not_kept_waiting() {
    let silent = [("silent", EVER)];
    refused(&silent, &["absent", "silent"], Class::NotFound, MOMENT, expect![[r#"none of the secret managers injected secret [key:"absent" mount_requirement:ENV_VAR]: Embedded: not found in memory; create the secret under one of these ids, or correct the key or the pod's labels: u__…__project__p__key__absent (project), u__…__key__absent (domain), u__…__project____key__absent (domain), u__org__o__key__absent (organization), u__org__o__domain____project____key__absent (organization); nor secret [key:"silent" mount_requirement:ENV_VAR]: Embedded: not waited for: this pod is refused in any case"#]]).await;
    refused(&silent, &["silent", "denied"], Class::Forbidden, MOMENT, expect![[r#"none of the secret managers injected secret [key:"denied" mount_requirement:ENV_VAR]: Embedded: memory denies u__…__project__p__key__denied: not you (No); nor secret [key:"silent" mount_requirement:ENV_VAR]: Embedded: not waited for: this pod is refused in any case"#]]).await;
}

#[tokio::test(start_paused = true)]
async fn what_is_known_a_moment_later_is_said_too() {
    refused(&[("late", SOON)], &["absent", "late"], Class::NotFound, SOON * 3, expect![[r#"none of the secret managers injected secret [key:"absent" mount_requirement:ENV_VAR]: Embedded: not found in memory; create the secret under one of these ids, or correct the key or the pod's labels: u__…__project__p__key__absent (project), u__…__key__absent (domain), u__…__project____key__absent (domain), u__org__o__key__absent (organization), u__org__o__domain____project____key__absent (organization); nor secret [key:"late" mount_requirement:ENV_VAR]: Embedded: not found in memory; create the secret under one of these ids, or correct the key or the pod's labels: u__…__project__p__key__late (project), u__…__key__late (domain), u__…__project____key__late (domain), u__org__o__key__late (organization), u__org__o__domain____project____key__late (organization)"#]]).await;
}
