use std::time::Duration;

use k8s_openapi::api::core::v1::Secret;
use kube::{Api, Client, Config, ResourceExt as _};

use crate::ClusterError;
use crate::secret::SINCE;

/// No call to the API server takes longer.
const TIMEOUT: Duration = Duration::from_secs(15);

/// Whose an object is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// This program made it.
    Ours,
    /// It is not there.
    Nobodys,
    /// Another program made it, or it may not be looked at.
    Others,
}

/// The cluster that this pod runs in.
#[derive(Clone)]
pub struct Cluster {
    pub(crate) client: Client,
    pub(crate) namespace: String,
    /// What tells this replica from the others.
    pub(crate) replica: String,
}

/// The client holds a token, so nothing of it is printed.
impl std::fmt::Debug for Cluster {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cluster").field("namespace", &self.namespace).finish_non_exhaustive()
    }
}

impl Cluster {
    /// Uses the service account of this pod. Its name and namespace are those of the downward API (`POD_NAME`,
    /// `POD_NAMESPACE`), or what the service account says.
    ///
    /// # Errors
    /// This is no pod. Nothing is asked of the API server yet.
    pub fn of_this_pod(name: Option<String>, namespace: Option<String>) -> Result<Self, ClusterError> {
        let mut config = Config::incluster().map_err(|error| ClusterError::NotInCluster(error.to_string()))?;
        config.connect_timeout = Some(TIMEOUT);
        config.read_timeout = Some(TIMEOUT);
        let namespace = namespace.unwrap_or_else(|| config.default_namespace.clone());
        let client = Client::try_from(config).map_err(|error| ClusterError::of("reach the cluster", error))?;
        // A pod may hold two processes.
        let replica = format!("{}-{:08x}", name.as_deref().unwrap_or("replica"), fastrand::u32(..));
        Ok(Self { client, namespace, replica })
    }

    /// The namespace of this pod.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// Whose the Secret of that name is.
    pub async fn whose_secret(&self, name: &str) -> Whose {
        let secrets: Api<Secret> = Api::namespaced(self.client.clone(), &self.namespace);
        match secrets.get_metadata_opt(name).await {
            // It may have been there before, empty: flyte-core's chart makes it so.
            Ok(Some(secret)) if secret.annotations().contains_key(SINCE) => Whose::Ours,
            Ok(None) => Whose::Nobodys,
            Ok(Some(_)) | Err(_) => Whose::Others,
        }
    }
}
