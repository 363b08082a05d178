use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs::{default_provider, sign::any_supported_type};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use thiserror::Error;
use tokio::time::{MissedTickBehavior, interval};
use tracing::{info, warn};

/// A certificate and its key, which can be replaced while connections use it.
#[derive(Debug)]
pub struct Certificate {
    current: ArcSwap<Loaded>,
    files: Option<Files>,
}

#[derive(Debug)]
struct Loaded {
    key: Arc<CertifiedKey>,
    /// What it was read from, to notice a change: never printed, since it holds the key.
    pem: Pem,
}

#[derive(PartialEq)]
struct Pem {
    certificate: Vec<u8>,
    key: Vec<u8>,
}

impl std::fmt::Debug for Pem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Pem([redacted])")
    }
}

#[derive(Debug)]
struct Files {
    certificate: PathBuf,
    key: PathBuf,
}

/// Why there is no certificate to serve with.
#[derive(Debug, Error)]
pub enum CertificateError {
    /// A file is missing or may not be read.
    #[error("cannot read {}; the setting webhook.certDir names the folder that holds tls.crt and tls.key", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file does not hold what it should.
    #[error("{what} is not PEM")]
    Pem {
        /// The file, or what it was made by.
        what: String,
    },
    /// Certificate and key do not belong together, or are of a kind that cannot be used.
    #[error("the certificate and its key cannot be used together")]
    Key(#[source] rustls::Error),
}

impl Certificate {
    /// Reads `tls.crt` and `tls.key` of a folder.
    ///
    /// # Errors
    /// They cannot be read or used.
    pub fn load(folder: &Path) -> Result<Self, CertificateError> {
        let files = Files { certificate: folder.join("tls.crt"), key: folder.join("tls.key") };
        let loaded = load(files.read()?, &files.certificate.display().to_string())?;
        Ok(Self { current: ArcSwap::from_pointee(loaded), files: Some(files) })
    }

    /// Takes a certificate chain and a key as PEM texts.
    ///
    /// # Errors
    /// They cannot be used.
    pub fn from_pem(certificate: &str, key: &str) -> Result<Self, CertificateError> {
        let pem = Pem { certificate: certificate.as_bytes().to_vec(), key: key.as_bytes().to_vec() };
        Ok(Self { current: ArcSwap::from_pointee(load(pem, "the certificate")?), files: None })
    }

    /// Takes another one. Returns whether it is a new one, which is then what new connections get.
    ///
    /// # Errors
    /// It cannot be used; the certificate stays as it was.
    pub fn replace(&self, certificate: &str, key: &str) -> Result<bool, CertificateError> {
        let pem = Pem { certificate: certificate.as_bytes().to_vec(), key: key.as_bytes().to_vec() };
        self.store(pem, "the certificate")
    }

    /// The certificate chain that new connections get; PEM.
    pub fn chain(&self) -> Vec<u8> {
        self.current.load().pem.certificate.clone()
    }

    /// Reads the files again. Returns whether they hold something new, which is then what new connections get.
    ///
    /// # Errors
    /// They cannot be read or used; the certificate stays as it was.
    pub fn reload(&self) -> Result<bool, CertificateError> {
        let Some(files) = &self.files else { return Ok(false) };
        self.store(files.read()?, &files.certificate.display().to_string())
    }

    fn store(&self, pem: Pem, what: &str) -> Result<bool, CertificateError> {
        if pem == self.current.load().pem {
            return Ok(false);
        }
        self.current.store(Arc::new(load(pem, what)?));
        Ok(true)
    }

    /// Reads the files again and again, for ever. By content: the kubelet swaps a symbolic link at an update, which ends
    /// a watch on the file at the first swap.
    pub async fn watch(&self, every: Duration) {
        let mut ticks = interval(every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut failing = false;
        loop {
            ticks.tick().await;
            let result = self.reload();
            match &result {
                Ok(true) => info!("certificate reloaded"),
                Ok(false) => {}
                // Once for each fault, not every few seconds.
                Err(error) if !failing => warn!(%error, "certificate not reloaded; the one before stays"),
                Err(_) => {}
            }
            failing = result.is_err();
        }
    }

    /// TLS 1.2 and 1.3 with this certificate, HTTP/2 preferred.
    ///
    /// # Errors
    /// The TLS library knows no such versions, which would be a fault of its build.
    pub fn server_config(self: &Arc<Self>) -> Result<ServerConfig, CertificateError> {
        let mut config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(CertificateError::Key)?
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(self) as Arc<dyn ResolvesServerCert>);
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(config)
    }
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.current.load().key))
    }
}

impl Files {
    fn read(&self) -> Result<Pem, CertificateError> {
        let read =
            |path: &Path| fs::read(path).map_err(|source| CertificateError::Read { path: path.to_owned(), source });
        Ok(Pem { certificate: read(&self.certificate)?, key: read(&self.key)? })
    }
}

fn load(pem: Pem, what: &str) -> Result<Loaded, CertificateError> {
    let not_pem = |what: String| CertificateError::Pem { what };
    let chain: Vec<_> = CertificateDer::pem_slice_iter(&pem.certificate)
        .collect::<Result<_, _>>()
        .map_err(|_| not_pem(what.to_owned()))?;
    if chain.is_empty() {
        return Err(not_pem(what.to_owned()));
    }
    let key = PrivateKeyDer::from_pem_slice(&pem.key).map_err(|_| not_pem(format!("the key of {what}")))?;
    let key = any_supported_type(&key).map_err(CertificateError::Key)?;
    let key = CertifiedKey::new(chain, key);
    // A kubelet never shows one new file beside one old one, but a person may.
    key.keys_match().map_err(CertificateError::Key)?;
    Ok(Loaded { key: Arc::new(key), pem })
}
