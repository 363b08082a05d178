use std::time::Duration;

use k8s_openapi::api::admissionregistration::v1::MutatingWebhookConfiguration;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use kube::api::{Patch, PatchParams};
use kube::{Api, ResourceExt};
use serde_json::{Map, Value, json};
use tracing::info;

use crate::{Cluster, ClusterError, FIELD_MANAGER, identity, ownership};

/// Whose configuration it is: `NAMESPACE/SERVICE`.
const OWNER: &str = "secrets-webhook.flyte.org/owner";
/// When the replica started that wrote it, in milliseconds since 1970: a younger one may run a newer configuration.
const WRITTEN_BY: &str = "secrets-webhook.flyte.org/replica-started-at";
/// The name of the webhook in it, Flyte's own.
const WEBHOOK: &str = "flyte-pod-webhook.flyte.org";
/// Where reviews are posted.
const PATH: &str = "/mutate--v1-pod";

/// The `MutatingWebhookConfiguration` that sends pods here.
#[derive(Debug, Clone)]
pub struct Registration {
    /// Its name, which is the Service's too.
    pub service: String,
    /// The Service's port.
    pub port: u16,
    /// How long the API server waits for an answer; whole seconds, 1 to 30.
    pub timeout: Duration,
    /// A label selector for the namespaces to serve.
    pub namespace_selector: Option<Value>,
    /// The ClusterRole with which it goes away.
    pub owner: Option<String>,
    /// Take over a configuration of that name that another program made.
    pub adopt: bool,
    /// When this replica started, in milliseconds since 1970.
    pub started_at: u64,
}

/// What the API server is to trust; PEM.
#[derive(Debug)]
pub(crate) enum Bundle {
    /// All replicas have the same.
    Shared(String),
    /// Another replica may have another for a while, and serve with it.
    Own(String),
}

impl Bundle {
    pub(crate) fn text(&self) -> &str {
        match self {
            Self::Shared(text) | Self::Own(text) => text,
        }
    }

    /// What to register in place of `live`, if it will not do, for a replica that is not the youngest.
    fn beside(&self, live: &str) -> Option<String> {
        match self {
            Self::Shared(text) => (live != text).then(|| text.clone()),
            Self::Own(text) => identity::joined(live, text),
        }
    }
}

/// What is registered now.
#[derive(Debug)]
pub(crate) enum Registered {
    Nothing,
    Ours(Box<MutatingWebhookConfiguration>),
}

impl Registered {
    /// The authorities that the API server trusts.
    pub(crate) fn bundle(&self) -> Option<String> {
        let Self::Ours(configuration) = self else { return None };
        let webhook = configuration.webhooks.iter().flatten().find(|webhook| webhook.name == WEBHOOK)?;
        String::from_utf8(webhook.client_config.ca_bundle.clone()?.0).ok()
    }

    /// Whether it leads to a Service of this name here.
    pub(crate) fn leads_to(&self, service: &str, cluster: &Cluster) -> bool {
        let Self::Ours(configuration) = self else { return false };
        let services =
            configuration.webhooks.iter().flatten().filter_map(|webhook| webhook.client_config.service.as_ref());
        let mut services = services.map(|found| found.name == service && found.namespace == cluster.namespace);
        services.next().is_some_and(|first| first && services.all(|other| other))
    }
}

impl Registration {
    /// What the API server holds under the name, if it is ours or may become ours.
    pub(crate) async fn look(&self, cluster: &Cluster) -> Result<Registered, ClusterError> {
        let what = format!("get the MutatingWebhookConfiguration {}", self.service);
        let found = api(cluster).get_opt(&self.service).await.map_err(|error| ClusterError::of(&what, error))?;
        let Some(configuration) = found else { return Ok(Registered::Nothing) };
        let is_ours = configuration.annotations().get(OWNER) == Some(&self.identity(cluster));
        if is_ours || self.adopt {
            return Ok(Registered::Ours(Box::new(configuration)));
        }
        let owner = configuration.annotations().get(OWNER).cloned();
        let owner = owner.unwrap_or_else(|| ownership::keeper(&configuration.metadata));
        Err(ClusterError::ForeignConfiguration { name: self.service.clone(), owner })
    }

    /// Whether [`Self::register`] would succeed: the API server checks everything and changes nothing.
    pub(crate) async fn rehearse(
        &self,
        cluster: &Cluster,
        registered: &Registered,
        bundle: &Bundle,
    ) -> Result<(), ClusterError> {
        self.apply(cluster, &self.desired(cluster, bundle.text(), None), registered, true).await
    }

    /// Makes the API server, which holds what is registered, hold what it should.
    pub(crate) async fn register(
        &self,
        cluster: &Cluster,
        registered: &Registered,
        bundle: &Bundle,
    ) -> Result<(), ClusterError> {
        let Some(mut wanted) = self.wanted(cluster, registered, bundle) else { return Ok(()) };
        if let Registered::Ours(configuration) = registered {
            self.disown(cluster, configuration).await?;
        }
        if let Some(owner) = ownership::owner(cluster, self.owner.as_deref()).await? {
            set_owner(&mut wanted, &owner);
        }
        self.apply(cluster, &wanted, registered, false).await?;
        info!(configuration = self.service, "registered");
        Ok(())
    }

    /// What to apply, if anything is amiss. A replica that is younger than this one may have another configuration: then
    /// only the authorities are kept right. Who else writes it leaves the younger one's mark, but leads elsewhere.
    fn wanted(&self, cluster: &Cluster, registered: &Registered, bundle: &Bundle) -> Option<Value> {
        let Registered::Ours(configuration) = registered else {
            return Some(self.desired(cluster, bundle.text(), None));
        };
        let live = serde_json::to_value(configuration).ok()?;
        let writer = configuration.annotations().get(WRITTEN_BY).and_then(|started_at| started_at.parse::<u64>().ok());
        let is_ours = configuration.annotations().get(OWNER) == Some(&self.identity(cluster));
        if is_ours
            && registered.leads_to(&self.service, cluster)
            && writer.is_some_and(|writer| writer > self.started_at)
        {
            let bundle = bundle.beside(&registered.bundle().unwrap_or_default());
            return bundle.map(|bundle| self.desired(cluster, &bundle, Some(&live)));
        }
        let desired = self.desired(cluster, bundle.text(), None);
        (!holds(&live, &desired)).then_some(desired)
    }

    /// Leaves the configuration to the replicas that remain: this one's mark, if it is there, would keep the older ones from
    /// mending it.
    pub(crate) async fn retire(&self, cluster: &Cluster) -> Result<(), ClusterError> {
        let Registered::Ours(configuration) = self.look(cluster).await? else { return Ok(()) };
        let mark = configuration.annotations().get(WRITTEN_BY);
        if mark != Some(&self.started_at.to_string()) {
            return Ok(());
        }
        let what = format!("leave the MutatingWebhookConfiguration {}", self.service);
        self.amend(cluster, &configuration, json!({ "annotations": { WRITTEN_BY: null } }), &what).await
    }

    /// A configuration that is taken over from Flyte names Flyte's ReplicaSet as its owner, which it would go away with,
    /// or hinder that it goes away with ours.
    async fn disown(
        &self,
        cluster: &Cluster,
        configuration: &MutatingWebhookConfiguration,
    ) -> Result<(), ClusterError> {
        let is_ours = configuration.annotations().get(OWNER) == Some(&self.identity(cluster));
        if is_ours || configuration.owner_references().is_empty() {
            return Ok(());
        }
        let what = format!("take over the MutatingWebhookConfiguration {}", self.service);
        self.amend(cluster, configuration, json!({ "ownerReferences": null }), &what).await
    }

    /// Changes the metadata of the configuration, unless it has changed meanwhile.
    async fn amend(
        &self,
        cluster: &Cluster,
        configuration: &MutatingWebhookConfiguration,
        mut metadata: Value,
        what: &str,
    ) -> Result<(), ClusterError> {
        metadata["resourceVersion"] = json!(configuration.metadata.resource_version);
        let patch = Patch::Merge(json!({ "metadata": metadata }));
        let amended = api(cluster).patch(&self.service, &PatchParams::default(), &patch).await;
        amended.map(drop).map_err(|error| ClusterError::of(what, error))
    }

    async fn apply(
        &self,
        cluster: &Cluster,
        wanted: &Value,
        registered: &Registered,
        dry_run: bool,
    ) -> Result<(), ClusterError> {
        let what = format!("apply the MutatingWebhookConfiguration {}", self.service);
        // What is not there yet is not insisted on: someone else may be making it right now.
        let force = matches!(registered, Registered::Ours(_));
        let params = PatchParams { dry_run, force, ..PatchParams::apply(FIELD_MANAGER) };
        let applied = api(cluster).patch(&self.service, &params, &Patch::Apply(wanted)).await;
        applied.map(drop).map_err(|error| ClusterError::of(&what, error))
    }

    fn identity(&self, cluster: &Cluster) -> String {
        format!("{}/{}", cluster.namespace, self.service)
    }

    /// Only our fields, as the contract has them; with `live`, its webhook's fields but for the authorities.
    fn desired(&self, cluster: &Cluster, bundle: &str, live: Option<&Value>) -> Value {
        let ca_bundle = json!(k8s_openapi::ByteString(bundle.as_bytes().to_vec()));
        let mut webhook = live.and_then(live_webhook).cloned().unwrap_or_else(|| self.webhook(cluster));
        webhook["clientConfig"]["caBundle"] = ca_bundle;
        let written_by = live
            .and_then(|live| live["metadata"]["annotations"][WRITTEN_BY].as_str())
            .map_or_else(|| self.started_at.to_string(), str::to_owned);
        json!({
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": "MutatingWebhookConfiguration",
            "metadata": {
                "name": self.service,
                "labels": ownership::labels(),
                "annotations": { OWNER: self.identity(cluster), WRITTEN_BY: written_by },
            },
            "webhooks": [webhook],
        })
    }

    fn webhook(&self, cluster: &Cluster) -> Value {
        json!({
            "name": WEBHOOK,
            "clientConfig": {
                "service": {
                    "namespace": cluster.namespace,
                    "name": self.service,
                    "path": PATH,
                    "port": self.port,
                },
            },
            "rules": [{
                "apiGroups": [""],
                "apiVersions": ["v1"],
                "operations": ["CREATE"],
                "resources": ["pods"],
                "scope": "Namespaced",
            }],
            "objectSelector": { "matchLabels": { "inject-flyte-secrets": "true" } },
            "namespaceSelector": self.namespaces(cluster),
            "failurePolicy": "Fail",
            "sideEffects": "None",
            "admissionReviewVersions": ["v1"],
            "timeoutSeconds": self.timeout.as_secs(),
            "reinvocationPolicy": "IfNeeded",
        })
    }

    /// The user's selector, and never the namespaces whose pods must start before this webhook can.
    fn namespaces(&self, cluster: &Cluster) -> Value {
        let mut selector = self.namespace_selector.clone().unwrap_or_else(|| Value::Object(Map::new()));
        let own = json!({
            "key": "kubernetes.io/metadata.name",
            "operator": "NotIn",
            "values": ["kube-system", cluster.namespace],
        });
        match selector["matchExpressions"].as_array_mut() {
            Some(expressions) => expressions.push(own),
            None => selector["matchExpressions"] = json!([own]),
        }
        selector
    }
}

fn live_webhook(live: &Value) -> Option<&Value> {
    live["webhooks"].as_array()?.iter().find(|webhook| webhook["name"] == WEBHOOK)
}

fn set_owner(wanted: &mut Value, owner: &OwnerReference) {
    wanted["metadata"]["ownerReferences"] = json!([owner]);
}

/// Whether `live` holds everything of `desired`; items of lists are found by their name, or by their place.
fn holds(live: &Value, desired: &Value) -> bool {
    match (live, desired) {
        (Value::Object(live), Value::Object(desired)) => {
            // The API server leaves out what is empty.
            let is_empty = |value: &Value| value.as_object().is_some_and(Map::is_empty) || *value == json!([]);
            desired
                .iter()
                .all(|(key, desired)| live.get(key).map_or_else(|| is_empty(desired), |live| holds(live, desired)))
        }
        (Value::Array(live), Value::Array(desired)) if desired.iter().all(|item| item["name"].is_string()) => {
            let named = |name: &Value| live.iter().find(|item| &item["name"] == name);
            desired.iter().all(|item| named(&item["name"]).is_some_and(|live| holds(live, item)))
        }
        (Value::Array(live), Value::Array(desired)) => {
            live.len() == desired.len() && live.iter().zip(desired).all(|(live, desired)| holds(live, desired))
        }
        (live, desired) => live == desired,
    }
}

fn api(cluster: &Cluster) -> Api<MutatingWebhookConfiguration> {
    Api::all(cluster.client.clone())
}

#[cfg(test)]
#[path = "registration_tests.rs"]
mod tests;
