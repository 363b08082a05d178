use crate::Environment;

/// Under which identity AWS is asked, as far as the environment tells: what the SDK's chain takes first.
pub(crate) fn identity(environment: &Environment) -> String {
    let value = |name: &str| environment.get(name).filter(|value| !value.is_empty());
    if value("AWS_ACCESS_KEY_ID").is_some() {
        return "static keys (AWS_ACCESS_KEY_ID)".to_owned();
    }
    match (value("AWS_WEB_IDENTITY_TOKEN_FILE"), value("AWS_ROLE_ARN")) {
        (Some(_), Some(role)) => return format!("IRSA role {role}"),
        _ if value("AWS_CONTAINER_CREDENTIALS_FULL_URI").is_some() => return "EKS Pod Identity".to_owned(),
        _ => {}
    }
    "the node's role (the pod has neither IRSA nor Pod Identity)".to_owned()
}
