use std::time::Instant;

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::operation::RequestId;
use aws_sdk_secretsmanager::operation::get_secret_value::GetSecretValueOutput;
use fsw_source::{Answer, Failure, Secret, SecretId, SecretSource, SecretValue, SourceError, Version};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tracing::debug;

use crate::classify::classify;
use crate::metrics::Outcome;
use crate::{Metrics, explain};

/// AWS Secrets Manager in one region.
#[derive(Debug, Clone)]
pub struct AwsSource {
    client: Client,
    region: String,
    place: String,
    metrics: Metrics,
}

impl AwsSource {
    pub(crate) fn new(client: Client, region: String, metrics: Metrics) -> Self {
        Self { client, place: format!("AWS Secrets Manager in {region}"), region, metrics }
    }

    /// Asks once for a secret by its name or ARN.
    async fn fetch(&self, id: &str, version: &Version) -> Result<Answer, SourceError> {
        let start = Instant::now();
        let _in_flight = self.metrics.enter();
        let call = self.client.get_secret_value().secret_id(id);
        let call = match version {
            // AWS takes the current version where none is named.
            Version::Current => call,
            Version::Stage(stage) => call.version_stage(stage),
            Version::Id(id) => call.version_id(id),
        };
        let (answer, request_id) = match call.send().await {
            Ok(output) => {
                let request_id = output.request_id().map(str::to_owned);
                (secret(output, request_id.clone()), request_id)
            }
            Err(error) => {
                let request_id = error.request_id().map(str::to_owned);
                (classify(&error, id, version, &self.region), request_id)
            }
        };
        let outcome = Outcome::of(&answer);
        self.metrics.record(outcome, start.elapsed().as_secs_f64());
        let code = answer.as_ref().err().map(|error| error.failure().code.as_str());
        debug!(id, %version, outcome = outcome.as_str(), code, request_id, duration_ms = start.elapsed().as_millis(), "GetSecretValue");
        answer
    }
}

/// The value of a response. A string wins over a binary, and an empty one is a value.
fn secret(output: GetSecretValueOutput, request_id: Option<String>) -> Result<Answer, SourceError> {
    let version_id = output.version_id.unwrap_or_default();
    let value = match (output.secret_string, output.secret_binary) {
        (Some(text), _) => SecretValue::Text(text.into()),
        (None, Some(bytes)) => SecretValue::Binary(bytes.into_inner().into()),
        (None, None) => {
            let explanation = explain::NO_VALUE.to_owned();
            let failure = Failure { code: "NoValue".to_owned(), explanation, request_id };
            return Err(SourceError::Unusable(failure.into()));
        }
    };
    Ok(Answer::Found(Secret { value: value.into(), version_id: version_id.as_str().into() }))
}

impl SecretSource for AwsSource {
    fn get<'a>(&'a self, id: &'a SecretId, version: &'a Version) -> BoxFuture<'a, Result<Answer, SourceError>> {
        self.fetch(id.as_str(), version).boxed()
    }

    fn place(&self) -> &str {
        &self.place
    }
}
