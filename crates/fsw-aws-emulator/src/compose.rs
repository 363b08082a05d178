//! The services behind one port.

use std::sync::Arc;

use awsim_core::{AppState, PrincipalLookup, ResolvedPrincipal, gateway};
use awsim_iam::IamService;
use awsim_iam::authz::IamPrincipalLookup;
use awsim_secretsmanager::{SecretsManagerResourcePolicyLookup, SecretsManagerService};
use awsim_sts::{StsAwarePrincipalLookup, StsService, StsSessionStore, TrustPolicyResolver};
use axum::Router;
use axum::extract::Request;
use axum::http::HeaderValue;
use axum::middleware::{Next, from_fn};
use axum::response::Response;

/// The state of the services and the router that serves them.
pub fn compose(region: &str, account: &str) -> (AppState, Router) {
    let mut state = AppState::new(region.into(), account.into());
    let iam = Arc::new(IamService::new());
    let secrets_manager = Arc::new(SecretsManagerService::new());
    let sessions = Arc::new(StsSessionStore::new());
    let sts = Arc::new(StsService::with_session_store(Arc::clone(&sessions)));
    sts.set_trust_policy_resolver(Arc::new(Trust(Arc::clone(&iam))));
    let principals =
        StsAwarePrincipalLookup::new(Arc::clone(&sessions), Arc::new(IamPrincipalLookup::new(iam.store())));
    let authorization = Arc::get_mut(&mut state.authz).expect("nobody else has it yet");
    authorization.principal_lookup = Arc::new(SessionTags { inner: principals, sessions });
    let resource_policies = Arc::new(SecretsManagerResourcePolicyLookup::new(secrets_manager.store()));
    authorization.resource_policy_lookups.insert("secretsmanager".into(), resource_policies);
    state.register(iam.clone(), vec![]);
    state.register(secrets_manager, vec![]);
    state.register(sts, vec![]);
    iam.set_authz(Arc::clone(&state.authz));
    let router =
        Router::new().fallback(gateway::handle_request).layer(from_fn(route_unsigned)).with_state(state.clone());
    (state, router)
}

struct Trust(Arc<IamService>);

impl TrustPolicyResolver for Trust {
    fn resolve(&self, account: &str, role: &str) -> Option<String> {
        self.0.lookup_role_trust_policy(account, role)
    }
}

/// AWSim 0.8 gives a session the tags of its role only; in AWS it has its own too, and they win.
struct SessionTags {
    inner: StsAwarePrincipalLookup,
    sessions: Arc<StsSessionStore>,
}

impl PrincipalLookup for SessionTags {
    fn resolve_access_key(&self, key: &str) -> Option<ResolvedPrincipal> {
        let mut principal = self.inner.resolve_access_key(key)?;
        if let Some(session) = self.sessions.lookup(key) {
            principal.tags.extend(session.session_tags.iter().cloned());
        }
        Some(principal)
    }

    fn resolve_arn(&self, arn: &str) -> Option<ResolvedPrincipal> {
        self.inner.resolve_arn(arn)
    }

    fn resolve_secret(&self, key: &str) -> Option<String> {
        self.inner.resolve_secret(key)
    }
}

/// AssumeRoleWithWebIdentity is not signed, so nothing but its host tells AWSim which service is meant.
async fn route_unsigned(mut request: Request, next: Next) -> Response {
    let headers = request.headers();
    let is_signed = headers.contains_key("authorization") || headers.contains_key("x-amz-target");
    let is_form = headers
        .get("content-type")
        .is_some_and(|kind| kind.as_bytes().starts_with(b"application/x-www-form-urlencoded"));
    if is_form && !is_signed {
        request.headers_mut().insert("host", HeaderValue::from_static("sts.localhost"));
    }
    next.run(request).await
}
