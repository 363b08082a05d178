use std::time::Duration;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_secretsmanager::Client;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use thiserror::Error;

use crate::{AwsSource, Metrics};

/// How to reach AWS.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The region; none for the one that the SDK finds (`AWS_REGION`, the profile, the instance).
    pub region: Option<String>,
    /// Another address of Secrets Manager, for example a VPC endpoint.
    pub endpoint_url: Option<String>,
    /// One attempt takes at most so long, finding credentials included.
    pub attempt_timeout: Duration,
    /// Opening a connection takes at most so long.
    pub connect_timeout: Duration,
}

/// Why AWS cannot be asked at all.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ConnectError {
    /// Secrets Manager is regional.
    #[error(
        "no AWS region is known; set webhook.embeddedSecretManagerConfig.awsConfig.region, or AWS_REGION in the environment"
    )]
    NoRegion,
    /// It becomes part of a host name.
    #[error("{region:?} cannot be an AWS region; expected a name such as us-west-2")]
    InvalidRegion {
        /// What was configured.
        region: String,
    },
}

impl AwsSource {
    /// A source with the SDK's chain of credentials: environment, profile, IRSA, Pod Identity, instance. Nothing is
    /// asked yet, so this works during an outage too.
    ///
    /// # Errors
    /// No region is configured anywhere, or one that cannot be.
    pub async fn connect(settings: &Settings, metrics: Metrics) -> Result<Self, ConnectError> {
        Self::from_config(&loader(settings).load().await, settings, metrics)
    }

    /// The same with these credentials instead of the chain.
    ///
    /// # Errors
    /// No region is configured anywhere, or one that cannot be.
    pub async fn connect_with(
        credentials: SharedCredentialsProvider,
        settings: &Settings,
        metrics: Metrics,
    ) -> Result<Self, ConnectError> {
        Self::from_config(&loader(settings).credentials_provider(credentials).load().await, settings, metrics)
    }

    fn from_config(config: &SdkConfig, settings: &Settings, metrics: Metrics) -> Result<Self, ConnectError> {
        let region = config.region().ok_or(ConnectError::NoRegion)?.to_string();
        if region.is_empty() || !region.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
            return Err(ConnectError::InvalidRegion { region });
        }
        let mut service = aws_sdk_secretsmanager::config::Builder::from(config);
        if let Some(url) = &settings.endpoint_url {
            service = service.endpoint_url(url);
        }
        Ok(Self::new(Client::from_conf(service.build()), region, metrics))
    }
}

fn loader(settings: &Settings) -> aws_config::ConfigLoader {
    let attempt = settings.attempt_timeout;
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(settings.connect_timeout)
        .read_timeout(attempt)
        .operation_attempt_timeout(attempt)
        // Bounds what comes before the attempt too: a token service that hangs, say.
        .operation_timeout(attempt)
        .build();
    // Retries are not the SDK's: whether to ask again depends on the review that waits.
    let loader =
        aws_config::defaults(BehaviorVersion::latest()).retry_config(RetryConfig::disabled()).timeout_config(timeouts);
    match &settings.region {
        Some(region) => loader.region(Region::new(region.clone())),
        None => loader,
    }
}
