//! What is served out of an expired cache says so.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::time::Duration;

use common::{embedded, one_container, pod, request, settings, store};
use fsw_injector::inject;
use fsw_request::Mount;
use fsw_source::{Answer, FileStore, SecretId, SecretSource, SourceError, Stale, Version};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;

/// Says everything as of five minutes ago.
struct Old(FileStore);

impl SecretSource for Old {
    fn get<'a>(&'a self, id: &'a SecretId, version: &'a Version) -> BoxFuture<'a, Result<Answer, SourceError>> {
        async move {
            let answer = Box::new(self.0.get(id, version).await?);
            Ok(Answer::Stale(Stale { answer, age: Duration::from_secs(300) }))
        }
        .boxed()
    }

    fn place(&self) -> &str {
        "memory"
    }
}

#[tokio::test]
async fn a_secret_out_of_an_expired_cache_comes_with_a_warning() {
    let source = Old(store(&[("k", "v")]));
    let pod = pod(&[request("g", "k", Mount::EnvVar, "")], one_container());
    let injected = inject(pod, &settings(vec![embedded()]), &source).await.unwrap();
    assert_eq!(
        injected.warnings,
        ["secret u__org__o__domain__d__project__p__key__k is served from cache, 300 s old, because AWS is unavailable"]
    );
}
