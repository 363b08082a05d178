//! How objects that this program made are known, and go away when it is uninstalled.

use std::collections::BTreeMap;

use k8s_openapi::api::rbac::v1::ClusterRole;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};
use kube::Api;

use crate::{Cluster, ClusterError};

/// The value of the label `app.kubernetes.io/managed-by`.
const MANAGED_BY: &str = "flyte-secrets-webhook";
const MANAGED_BY_LABEL: &str = "app.kubernetes.io/managed-by";

pub(crate) fn labels() -> BTreeMap<String, String> {
    [(MANAGED_BY_LABEL.to_owned(), MANAGED_BY.to_owned())].into()
}

/// Who keeps an object, as far as it says.
pub(crate) fn keeper(metadata: &ObjectMeta) -> String {
    let managed_by = metadata.labels.as_ref().and_then(|labels| labels.get(MANAGED_BY_LABEL));
    let manager = metadata.managed_fields.iter().flatten().find_map(|fields| fields.manager.as_ref());
    managed_by.or(manager).cloned().unwrap_or_else(|| "another program".to_owned())
}

/// A reference to the ClusterRole that comes and goes with the installation: what points to it is collected as garbage
/// when it is gone.
pub(crate) async fn owner(cluster: &Cluster, role: Option<&str>) -> Result<Option<OwnerReference>, ClusterError> {
    let Some(name) = role else { return Ok(None) };
    let what = format!("get the ClusterRole {name}");
    let roles: Api<ClusterRole> = Api::all(cluster.client.clone());
    let role = roles.get_metadata(name).await.map_err(|error| ClusterError::of(&what, error))?;
    Ok(Some(OwnerReference {
        api_version: "rbac.authorization.k8s.io/v1".to_owned(),
        kind: "ClusterRole".to_owned(),
        name: name.to_owned(),
        uid: role.metadata.uid.unwrap_or_default(),
        ..OwnerReference::default()
    }))
}
