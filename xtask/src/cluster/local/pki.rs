//! The cluster's certificates and the kubeconfigs that use them.

use std::path::Path;

use anyhow::Context as _;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
};

use super::{network, state};

/// Where the API server listens.
pub(super) const PORT: u16 = 16443;

/// Who has a certificate, under which name and group, and for which names and addresses.
const CERTIFICATES: &[(&str, &str, &str, &[&str])] = &[
    (
        "apiserver",
        "kube-apiserver",
        "",
        &[
            "127.0.0.1",
            network::NODE,
            network::API_SERVICE,
            network::OUTSIDE,
            "localhost",
            "kubernetes",
            "kubernetes.default",
            "kubernetes.default.svc",
            "kubernetes.default.svc.cluster.local",
        ],
    ),
    ("apiserver-kubelet", "apiserver-kubelet", "system:masters", &[]),
    ("admin", "admin", "system:masters", &[]),
    ("controllers", "system:kube-controller-manager", "", &[]),
    ("scheduler", "system:kube-scheduler", "", &[]),
    ("proxy", "system:kube-proxy", "", &[]),
    ("kubelet", "system:node:node1", "system:nodes", &["127.0.0.1", network::NODE, "node1"]),
];

pub(super) fn write() -> anyhow::Result<()> {
    let folder = state().join("pki");
    let mut authority = CertificateParams::default();
    authority.distinguished_name.push(DnType::CommonName, "fsw-local");
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    authority.key_usages =
        vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign, KeyUsagePurpose::DigitalSignature];
    let key = KeyPair::generate()?;
    let certificate = authority.self_signed(&key)?;
    put(&folder.join("ca.crt"), &certificate.pem())?;
    put(&folder.join("ca.key"), &key.serialize_pem())?;
    let issuer = Issuer::new(authority, key);
    for (file, name, group, names) in CERTIFICATES {
        let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names)?;
        params.distinguished_name.push(DnType::CommonName, *name);
        if !group.is_empty() {
            params.distinguished_name.push(DnType::OrganizationName, *group);
        }
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth, ExtendedKeyUsagePurpose::ServerAuth];
        let key = KeyPair::generate()?;
        put(&folder.join(format!("{file}.crt")), &params.signed_by(&key, &issuer)?.pem())?;
        put(&folder.join(format!("{file}.key")), &key.serialize_pem())?;
    }
    // What service accounts' tokens are signed with.
    let tokens = KeyPair::generate()?;
    put(&folder.join("tokens.key"), &tokens.serialize_pem())?;
    put(&folder.join("tokens.pub"), &tokens.public_key_pem())?;
    for name in ["controllers", "scheduler", "proxy", "kubelet"] {
        put(&folder.join(format!("{name}.kubeconfig")), &kubeconfig(name, "127.0.0.1"))?;
    }
    put(&state().join("kubeconfig"), &kubeconfig("admin", network::OUTSIDE))
}

fn kubeconfig(name: &str, host: &str) -> String {
    let pki = state().join("pki");
    let pki = pki.display();
    format!(
        "apiVersion: v1
kind: Config
clusters: [{{name: fsw-local, cluster: {{server: 'https://{host}:{PORT}', certificate-authority: {pki}/ca.crt}}}}]
users: [{{name: {name}, user: {{client-certificate: {pki}/{name}.crt, client-key: {pki}/{name}.key}}}}]
contexts: [{{name: fsw-local, context: {{cluster: fsw-local, user: {name}}}}}]
current-context: fsw-local
"
    )
}

fn put(path: &Path, content: &str) -> anyhow::Result<()> {
    std::fs::write(path, content).with_context(|| format!("cannot write {}", path.display()))
}
