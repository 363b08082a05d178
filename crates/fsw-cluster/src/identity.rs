use std::time::{Duration, SystemTime};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    PublicKeyData as _,
};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use thiserror::Error;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};

/// Clocks of a cluster differ a little: a certificate counts from so long before it was made.
const BACKDATE: Duration = Duration::from_secs(3600);

/// A certificate, its key, and the authority that signed it. That authority signs nothing else: its key is forgotten
/// at once, so there is none to steal.
pub struct Identity {
    /// The authority's certificate, which clients must trust; PEM.
    pub authority: String,
    /// The server's certificate; PEM.
    pub certificate: String,
    /// The server's key; PEM. Secret.
    pub key: String,
}

/// A certificate could not be made.
#[derive(Debug, Error)]
#[error("cannot make a certificate for {names}")]
pub struct IdentityError {
    names: String,
    source: rcgen::Error,
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Identity([redacted])")
    }
}

impl Identity {
    /// An ECDSA P-256 certificate for these DNS names and IP addresses, valid from now.
    ///
    /// # Errors
    /// One of them is no name.
    pub fn new(names: &[String], validity: Duration, now: SystemTime) -> Result<Self, IdentityError> {
        make(names, validity, now).map_err(|source| IdentityError { names: names.join(", "), source })
    }
}

fn make(names: &[String], validity: Duration, now: SystemTime) -> Result<Identity, rcgen::Error> {
    let period = |params: &mut CertificateParams| {
        params.not_before = (now - BACKDATE).into();
        params.not_after = (now + validity).into();
    };
    let mut authority = CertificateParams::default();
    // Each authority has a name of its own, by which its certificates are told from those of the one before.
    let name = format!("flyte-secrets-webhook CA {:016x}", fastrand::u64(..));
    authority.distinguished_name.push(DnType::CommonName, name);
    authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    period(&mut authority);
    let authority_key = KeyPair::generate()?;
    let authority_certificate = authority.self_signed(&authority_key)?;

    let key = KeyPair::generate()?;
    let mut leaf = CertificateParams::new(names)?;
    leaf.distinguished_name.push(DnType::CommonName, "flyte-secrets-webhook");
    leaf.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    leaf.use_authority_key_identifier_extension = true;
    period(&mut leaf);
    let certificate = leaf.signed_by(&key, &Issuer::new(authority, authority_key))?;
    Ok(Identity { authority: authority_certificate.pem(), certificate: certificate.pem(), key: key.serialize_pem() })
}

/// What a certificate says of itself.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Facts {
    /// The end of its validity, in seconds since 1970.
    pub(crate) not_after: i64,
    pub(crate) dns_names: Vec<String>,
    pub(crate) subject: Vec<u8>,
    pub(crate) issuer: Vec<u8>,
    /// The key that it certifies (`SubjectPublicKeyInfo`, DER).
    pub(crate) public_key: Vec<u8>,
}

/// Whether a private key is the one that is certified. A kind of key that is unknown here gets the benefit of the
/// doubt.
pub(crate) fn fits(key: &str, certificate: &Facts) -> bool {
    PrivateKeyDer::from_pem_slice(key.as_bytes()).is_ok()
        && KeyPair::from_pem(key).map_or(true, |key| key.subject_public_key_info() == certificate.public_key)
}

/// When the first certificate of a PEM text ends, in seconds since 1970.
pub fn not_after(pem: &str) -> Option<i64> {
    read(pem)?.first().map(|facts| facts.not_after)
}

/// Reads every certificate of a PEM text; `None` where one is unreadable.
pub(crate) fn read(pem: &str) -> Option<Vec<Facts>> {
    CertificateDer::pem_slice_iter(pem.as_bytes()).map(|der| facts(&der.ok()?)).collect()
}

/// Splits a PEM text into one text per certificate.
pub(crate) fn split(pem: &str) -> impl Iterator<Item = String> {
    const END: &str = "-----END CERTIFICATE-----";
    pem.split_inclusive(END).filter(|part| part.contains(END)).map(|part| format!("{}\n", part.trim()))
}

/// A PEM text with those certificates of another behind it that it does not hold; `None` where it holds all.
pub(crate) fn joined(pem: &str, further: &str) -> Option<String> {
    let present: Vec<_> = split(pem).collect();
    let missing: String = split(further).filter(|certificate| !present.contains(certificate)).collect();
    (!missing.is_empty()).then(|| format!("{}\n{missing}", pem.trim_end()))
}

fn facts(der: &[u8]) -> Option<Facts> {
    let (_, certificate) = X509Certificate::from_der(der).ok()?;
    let alternatives = certificate.subject_alternative_name().ok()?;
    let names = alternatives.iter().flat_map(|extension| &extension.value.general_names);
    Some(Facts {
        not_after: certificate.validity().not_after.timestamp(),
        dns_names: names
            .filter_map(|name| match name {
                GeneralName::DNSName(name) => Some((*name).to_owned()),
                _ => None,
            })
            .collect(),
        subject: certificate.subject().as_raw().to_vec(),
        issuer: certificate.issuer().as_raw().to_vec(),
        public_key: certificate.public_key().raw.to_vec(),
    })
}
