//! An AWS to test against: Secrets Manager, STS and IAM of the AWSim project behind one port. Development only.
//!
//! It is somebody else's reading of AWS's interfaces, spoken to over the wire as AWS is. Where it is known to differ from
//! AWS: a refusal has the code `AccessDenied` (AWS says `AccessDeniedException`), signatures are not checked, and an
//! access key that it does not know may do everything.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a broken test tool is a broken test")]

mod compose;
mod wire;

use std::net::SocketAddr;

use awsim_chaos::{ChaosEffect, ChaosRule, ErrorEffect, LatencyEffect, OperationMatch, ServiceMatch};
use awsim_core::AppState;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

pub use compose::compose;

/// The account that everything belongs to where no other is named.
pub const ACCOUNT: &str = "123456789012";

/// A running emulator; ends when dropped.
pub struct Emulator {
    address: SocketAddr,
    region: String,
    account: String,
    state: AppState,
    task: JoinHandle<()>,
}

/// A fault that every call of an operation meets until it is cleared.
#[derive(Debug, Clone)]
pub struct Fault {
    /// The name of the service as signatures have it, for example `secretsmanager`.
    pub service: &'static str,
    /// What happens.
    pub effect: Effect,
    /// From 0 (never) to 1 (always).
    pub probability: f64,
}

/// What happens to a call.
#[derive(Debug, Clone)]
pub enum Effect {
    /// An error of this HTTP status, code and message.
    Error(u16, &'static str, String),
    /// The answer comes so many milliseconds later.
    Latency(u64),
}

impl Emulator {
    /// Starts one on a free port of this machine.
    pub async fn start(region: &str) -> Self {
        Self::serve(TcpListener::bind(("127.0.0.1", 0)).await.unwrap(), region, ACCOUNT)
    }

    /// The same at an address of your choice and for another account.
    pub fn serve(listener: TcpListener, region: &str, account: &str) -> Self {
        let (state, router) = compose(region, account);
        let address = listener.local_addr().unwrap();
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { address, region: region.to_owned(), account: account.to_owned(), state, task }
    }

    /// The endpoint of every service.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// From now on IAM decides who may do what.
    pub fn enforce(&self) {
        self.state.authz.set_enabled(true);
    }

    /// Creates a secret, or gives it a new version. Returns the version's id.
    pub async fn put(&self, id: &str, value: &str) -> String {
        self.put_value(id, &json!({ "SecretString": value })).await
    }

    /// The same for bytes, given in base64.
    pub async fn put_binary(&self, id: &str, base64: &str) -> String {
        self.put_value(id, &json!({ "SecretBinary": base64 })).await
    }

    /// Gives a secret a new version with this staging label and leaves the current one where it is.
    pub async fn put_staged(&self, id: &str, value: &str, stage: &str) {
        let body = json!({ "SecretId": id, "SecretString": value, "VersionStages": [stage] });
        let answer = self.secrets_manager("PutSecretValue", &body).await;
        assert!(answer["VersionId"].is_string(), "{answer}");
    }

    async fn put_value(&self, id: &str, value: &Value) -> String {
        let with = |name: &str| {
            let mut body = value.clone();
            body[name] = id.into();
            body
        };
        let created = self.secrets_manager("CreateSecret", &with("Name")).await;
        let answer = match created["VersionId"].is_string() {
            true => created,
            false => self.secrets_manager("PutSecretValue", &with("SecretId")).await,
        };
        answer["VersionId"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
    }

    /// The whole ARN of a secret, with the six characters that end it; the emulator knows no ARN without them.
    pub async fn arn(&self, id: &str) -> String {
        let answer = self.secrets_manager("DescribeSecret", &json!({ "SecretId": id })).await;
        answer["ARN"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
    }

    /// Marks a secret for deletion.
    pub async fn delete(&self, id: &str) {
        self.secrets_manager("DeleteSecret", &json!({ "SecretId": id })).await;
    }

    /// Creates a user who may read the secrets whose ARN matches; returns an access key and its secret.
    pub async fn user(&self, name: &str, resource: &str) -> (String, String) {
        let policy =
            policy(&json!({"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": resource}));
        self.iam(&[("Action", "CreateUser"), ("UserName", name)]).await;
        let parameters =
            [("Action", "PutUserPolicy"), ("UserName", name), ("PolicyName", "p"), ("PolicyDocument", &policy)];
        self.iam(&parameters).await;
        let answer = self.iam(&[("Action", "CreateAccessKey"), ("UserName", name)]).await;
        (wire::element(&answer, "AccessKeyId"), wire::element(&answer, "SecretAccessKey"))
    }

    /// Creates a role that anybody with a web identity may assume and that may read the secrets whose ARN matches.
    pub async fn web_identity_role(&self, name: &str, resource: &str) -> String {
        let trust = policy(&json!({
            "Effect": "Allow", "Action": "sts:AssumeRoleWithWebIdentity", "Principal": {"Federated": format!("arn:aws:iam::{}:oidc-provider/oidc.eks.us-west-2.amazonaws.com/id/TEST", self.account)},
        }));
        let rights =
            policy(&json!({"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": resource}));
        self.iam(&[("Action", "CreateRole"), ("RoleName", name), ("AssumeRolePolicyDocument", &trust)]).await;
        let parameters =
            [("Action", "PutRolePolicy"), ("RoleName", name), ("PolicyName", "p"), ("PolicyDocument", &rights)];
        self.iam(&parameters).await;
        format!("arn:aws:iam::{}:role/{name}", self.account)
    }

    /// Adds a fault.
    pub fn fault(&self, fault: Fault) {
        let effect = match fault.effect {
            Effect::Error(status, code, message) => {
                ChaosEffect::Error(ErrorEffect { status, code: code.to_owned(), message, retry_after_secs: None })
            }
            Effect::Latency(ms) => ChaosEffect::Latency(LatencyEffect { min_ms: ms, max_ms: ms }),
        };
        self.state.chaos.add_rule(ChaosRule {
            id: String::new(),
            service: ServiceMatch::Exact(fault.service.to_owned()),
            operation: OperationMatch::Any,
            probability: fault.probability,
            effect,
            enabled: true,
            label: None,
            created_at: 0,
            injection_count: 0,
            schedule: None,
        });
    }

    /// How many calls have met a fault since faults were last cleared.
    pub fn faults_met(&self) -> u64 {
        self.state.chaos.rules().iter().map(|rule| rule.injection_count).sum()
    }

    /// Takes all faults away.
    pub fn clear_faults(&self) {
        self.state.chaos.clear();
    }

    async fn secrets_manager(&self, operation: &str, body: &Value) -> Value {
        let target = format!("secretsmanager.{operation}");
        let headers = [("X-Amz-Target", target.as_str()), ("Content-Type", "application/x-amz-json-1.1")];
        let answer = wire::post(self.address, &self.region, "secretsmanager", &headers, &body.to_string()).await;
        serde_json::from_str(&answer).unwrap_or_else(|_| panic!("{answer}"))
    }

    async fn iam(&self, parameters: &[(&str, &str)]) -> String {
        let headers = [("Content-Type", "application/x-www-form-urlencoded")];
        let body = wire::form(&[parameters, &[("Version", "2010-05-08")]].concat());
        let answer = wire::post(self.address, &self.region, "iam", &headers, &body).await;
        assert!(!answer.contains("<Error>"), "{answer}");
        answer
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A policy of one statement.
fn policy(statement: &Value) -> String {
    json!({"Version": "2012-10-17", "Statement": [statement]}).to_string()
}
