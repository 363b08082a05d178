use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use thiserror::Error;

/// A certificate authority and a certificate of it, made on the spot, for trying things out.
pub struct SelfSigned {
    /// The authority's certificate, which a client must trust; PEM.
    pub authority: String,
    /// The server's certificate; PEM.
    pub certificate: String,
    /// The server's key; PEM. Secret.
    pub key: String,
}

/// A certificate could not be made.
#[derive(Debug, Error)]
#[error("cannot make a certificate for {names}")]
pub struct SelfSignedError {
    names: String,
    source: rcgen::Error,
}

impl SelfSigned {
    /// A certificate for these DNS names and IP addresses.
    ///
    /// # Errors
    /// One of them is no name.
    pub fn new(names: &[String]) -> Result<Self, SelfSignedError> {
        make(names).map_err(|source| SelfSignedError { names: names.join(", "), source })
    }
}

fn make(names: &[String]) -> Result<SelfSigned, rcgen::Error> {
    let mut authority = CertificateParams::default();
    authority.distinguished_name.push(DnType::CommonName, "flyte-secrets-webhook for trying out");
    authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let authority_key = KeyPair::generate()?;
    let authority_certificate = authority.self_signed(&authority_key)?;
    let key = KeyPair::generate()?;
    let certificate = CertificateParams::new(names)?.signed_by(&key, &Issuer::new(authority, authority_key))?;
    Ok(SelfSigned { authority: authority_certificate.pem(), certificate: certificate.pem(), key: key.serialize_pem() })
}
