//! Another mutating webhook of the cluster, of the worst kind: it decodes each pod into types, encodes it anew, and adds
//! a container of its own. Served over TLS with a certificate made on the spot.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use anyhow::Context as _;
use data_encoding::BASE64;
use fsw_cluster::Identity;
use fsw_server::{Bound, Certificate, ConnectionLimits, Shutdown};
use http::Response;
use http_body_util::{BodyExt, Full};
use k8s_openapi::api::core::v1::Pod;
use serde_json::{Value, json};

/// The container that it adds.
pub(crate) const CONTAINER: &str = "of-the-other-webhook";

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[arg(long)]
    listen: SocketAddr,
    /// Files of the certificate and its key (PEM).
    #[arg(long)]
    certificate: PathBuf,
    #[arg(long)]
    key: PathBuf,
    #[arg(long)]
    image: String,
}

/// A certificate for a Service.
pub(crate) fn identity(name: &str) -> anyhow::Result<Identity> {
    Ok(Identity::new(&[name.to_owned()], Duration::from_secs(24 * 3600), SystemTime::now())?)
}

/// Serves until the process is ended.
pub(crate) async fn serve(args: Args) -> anyhow::Result<()> {
    let read = |path: &PathBuf| std::fs::read_to_string(path).with_context(|| path.display().to_string());
    let certificate = Certificate::from_pem(&read(&args.certificate)?, &read(&args.key)?)?;
    let bound = Bound::plain(args.listen)?.with_tls(&Arc::new(certificate))?;
    let minute = Duration::from_secs(60);
    let limits = ConnectionLimits {
        connections: 64,
        header_timeout: minute,
        idle_timeout: 5 * minute,
        max_age: Duration::ZERO,
        drain_delay: Duration::ZERO,
        drain_timeout: minute,
    };
    let image = Arc::new(args.image);
    let (_trigger, shutdown) = Shutdown::new();
    let service = move |request: http::Request<_>| {
        let image = Arc::clone(&image);
        async move {
            let body = BodyExt::collect(request.into_body())
                .await
                .map(http_body_util::Collected::to_bytes)
                .unwrap_or_default();
            Response::new(Full::new(answer(&body, &image).unwrap_or_default().into()))
        }
    };
    bound.serve(service, limits, shutdown).await;
    Ok(())
}

fn answer(body: &[u8], image: &str) -> anyhow::Result<String> {
    let review: Value = serde_json::from_slice(body)?;
    let before = &review["request"]["object"];
    let typed: Pod = serde_json::from_value(before.clone())?;
    let mut after = serde_json::to_value(typed)?;
    after["apiVersion"] = "v1".into();
    after["kind"] = "Pod".into();
    if let Some(containers) = after["spec"]["containers"].as_array_mut()
        && !containers.iter().any(|container| container["name"] == CONTAINER)
    {
        containers.push(crate::task::looking(CONTAINER, image));
    }
    let patch = json_patch::diff(before, &after);
    let patch = BASE64.encode(serde_json::to_string(&patch)?.as_bytes());
    let response =
        json!({ "uid": review["request"]["uid"], "allowed": true, "patchType": "JSONPatch", "patch": patch });
    Ok(json!({ "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": response }).to_string())
}
