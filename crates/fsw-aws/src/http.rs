use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::{Connector, ConnectorBuilder};
use aws_smithy_runtime_api::client::http::{
    HttpConnectorSettings, SharedHttpClient, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;

/// Connections to a host that stay open while nothing is asked. Each costs tens of kilobytes, and a burst would leave one
/// for each call that was under way; in a steady flow few are idle at a time.
const IDLE_CONNECTIONS: usize = 16;

/// The HTTP client that the SDK has by itself, but for how many idle connections it keeps.
pub(crate) fn client() -> SharedHttpClient {
    // The clients of services and of credentials have timeouts of their own.
    let connectors = Mutex::new(HashMap::new());
    http_client_fn(move |settings, components| {
        let timeouts = (settings.connect_timeout(), settings.read_timeout());
        let mut connectors = connectors.lock().unwrap_or_else(PoisonError::into_inner);
        connectors.entry(timeouts).or_insert_with(|| connector(settings, components)).clone()
    })
}

fn connector(settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
    let mut builder: ConnectorBuilder = Connector::builder()
        .connector_settings(settings.clone())
        .proxy_config(ProxyConfig::from_env())
        .pool_max_idle_per_host(IDLE_CONNECTIONS);
    builder.set_sleep_impl(components.sleep_impl());
    SharedHttpConnector::new(builder.tls_provider(Provider::Rustls(CryptoMode::AwsLc)).build())
}
