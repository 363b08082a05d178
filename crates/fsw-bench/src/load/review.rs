//! The reviews: Flyte task pods of about 7 KB that differ in name and uid, and in their secrets if that is asked for.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::ensure;
use bytes::Bytes;
use fsw_request::{SecretRequest, encode};
use serde_json::Value;

pub(crate) use fsw_request::Mount;

/// The pod of the Flyte task. What varies stands between two `@`.
const POD: &str = include_str!("pod.json");

const REVIEW: &str = r#"{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{"uid":"@UID@","kind":{"group":"","version":"v1","kind":"Pod"},"resource":{"group":"","version":"v1","resource":"pods"},"requestKind":{"group":"","version":"v1","kind":"Pod"},"requestResource":{"group":"","version":"v1","resource":"pods"},"name":"@NAME@","namespace":"@NS@","operation":"CREATE","userInfo":{"username":"system:serviceaccount:flyte:flyte-executor","uid":"0d9e6c3c-2b0a-4a53-9b6a-1f4f6dd0c0de","groups":["system:serviceaccounts","system:serviceaccounts:flyte","system:authenticated"]},"object":@POD@,"oldObject":null,"dryRun":false,"options":{"kind":"CreateOptions","apiVersion":"meta.k8s.io/v1"}}}"#;

/// What the pods ask for.
#[derive(Debug, Clone)]
pub(crate) struct Pods {
    pub(crate) secrets: usize,
    pub(crate) scope: Scope,
    pub(crate) mount: Mount,
    pub(crate) group: &'static str,
    pub(crate) sets: Sets,
    /// Part of each secret's name, so that what was asked for earlier is not asked for again.
    run: String,
}

/// The scope that has the secrets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    Project,
    Organization,
}

/// Which pods ask for the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sets {
    One,
    OneForEachPod,
}

impl Pods {
    pub(crate) fn new(secrets: usize, scope: Scope, mount: Mount, sets: Sets) -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self { secrets, scope, mount, group: "", sets, run: format!("{:x}", now.as_micros()) }
    }

    pub(crate) fn key(&self, set: u64, index: usize) -> String {
        let scope = match self.scope {
            Scope::Project => "proj",
            Scope::Organization => "org",
        };
        format!("{scope}_{}_{set}_{index}", self.run)
    }

    fn annotations(&self, set: u64) -> String {
        let annotation = |index| {
            let request = SecretRequest {
                group: self.group.as_bytes().to_vec(),
                key: self.key(set, index).into_bytes(),
                mount: self.mount,
                ..SecretRequest::default()
            };
            format!(r#""flyte.secrets/s{index}":"{}","#, encode(&request))
        };
        (0..self.secrets).map(annotation).collect()
    }
}

/// One review that is sent.
pub(crate) struct Sent {
    pub(crate) number: u64,
    pub(crate) set: u64,
    pub(crate) uid: String,
    pub(crate) body: Bytes,
}

/// Makes reviews out of the template.
pub(crate) struct Reviews {
    pub(crate) pods: Pods,
    pieces: Vec<Piece>,
    /// The annotations, when all pods have the same.
    same: Option<String>,
}

enum Piece {
    Text(String),
    Uid,
    Name,
    Annotations,
}

impl Reviews {
    pub(crate) fn new(pods: &Pods) -> anyhow::Result<Self> {
        let text = REVIEW.replace("@POD@", POD.trim()).replace("@NS@", "flyte");
        let text = text.replace("@ORG@", "flyte").replace("@PROJECT@", "ml").replace("@DOMAIN@", "production");
        let piece = |text: &str| match text {
            "UID" => Piece::Uid,
            "NAME" => Piece::Name,
            "ANN" => Piece::Annotations,
            text => Piece::Text(text.to_owned()),
        };
        let pieces = text.split('@').map(piece).collect();
        let same = (pods.sets == Sets::One).then(|| pods.annotations(0));
        let reviews = Self { pods: pods.clone(), pieces, same };
        ensure!(serde_json::from_slice::<Value>(&reviews.make(0).body).is_ok(), "the template makes no JSON");
        Ok(reviews)
    }

    pub(crate) fn make(&self, number: u64) -> Sent {
        let set = if self.same.is_some() { 0 } else { number };
        let uid = format!("{:08x}-ad00-4000-8000-{number:012x}", number >> 32);
        let name = format!("rk7m4q2b9xw5-a0-{number}");
        let own = if self.same.is_none() { self.pods.annotations(set) } else { String::new() };
        let annotations = self.same.as_ref().unwrap_or(&own);
        let pieces = self.pieces.iter().map(|piece| match piece {
            Piece::Text(text) => text,
            Piece::Uid => &uid,
            Piece::Name => &name,
            Piece::Annotations => annotations,
        });
        let body = pieces.map(String::as_str).collect::<String>();
        Sent { number, set, body: Bytes::from(body), uid }
    }
}
