//! TLS of the HTTP server.

use std::fmt;
use std::path::PathBuf;

/// The files of a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate in PEM form, with those of the authorities between it and the root.
    pub cert: PathBuf,
    /// Its private key in PEM form.
    pub key: PathBuf,
}

/// The error of reading a certificate.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read, or has something else.
    #[error("http.tls.{setting}: {} {detail}", path.display())]
    File {
        /// `cert` or `key`.
        setting: &'static str,
        /// The path.
        path: PathBuf,
        /// What is wrong.
        detail: String,
    },
    /// The key is not that of the certificate.
    #[error("http.tls: {detail}: give the private key of the certificate")]
    Pair {
        /// What is wrong.
        detail: String,
    },
    /// The build has no TLS.
    #[error("http.tls: this build has no TLS: build with --features tls (the default)")]
    NotBuilt,
}

/// TLS with a certificate.
#[derive(Clone)]
pub(super) struct Tls {
    #[cfg(feature = "tls")]
    acceptor: tokio_rustls::TlsAcceptor,
    /// The digest of its files.
    digest: [u8; 32],
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tls")
    }
}

impl Tls {
    /// True if the files had the same content.
    pub(super) fn is_of_same_files(&self, other: &Self) -> bool {
        self.digest == other.digest
    }
}

#[cfg(feature = "tls")]
mod built {
    use std::io;
    use std::sync::Arc;

    use rustls::ServerConfig;
    use rustls::crypto::aws_lc_rs;
    use rustls::pki_types::pem::PemObject as _;
    use rustls::pki_types::{CertificateDer, PrivateKeyDer};
    use sha2::{Digest as _, Sha256};
    use tokio::io::{AsyncRead, AsyncWrite};
    use tokio_rustls::TlsAcceptor;
    use tokio_rustls::server::TlsStream;

    use super::{Tls, TlsError, TlsFiles};

    impl Tls {
        /// Reads the files.
        pub(in crate::admin) fn read(files: &TlsFiles) -> Result<Self, TlsError> {
            let refused = |setting, path: &std::path::Path, detail: String| TlsError::File {
                setting,
                path: path.to_owned(),
                detail,
            };
            let unreadable = |setting, path: &std::path::Path, error: &dyn std::fmt::Display| {
                refused(setting, path, format!("cannot be read: {error}"))
            };
            let cert = std::fs::read(&files.cert).map_err(|error| unreadable("cert", &files.cert, &error))?;
            let pem = std::fs::read(&files.key).map_err(|error| unreadable("key", &files.key, &error))?;
            let digest = Sha256::new().chain_update(&cert).chain_update(&pem).finalize().into();
            let certs = CertificateDer::pem_slice_iter(&cert)
                .collect::<Result<Vec<_>, _>>()
                .map_err(|error| unreadable("cert", &files.cert, &error))?;
            if certs.is_empty() {
                return Err(refused("cert", &files.cert, "has no certificate in PEM form".to_owned()));
            }
            let key = PrivateKeyDer::from_pem_slice(&pem)
                .map_err(|error| refused("key", &files.key, format!("has no private key in PEM form: {error}")))?;
            let pair = |error: rustls::Error| TlsError::Pair { detail: error.to_string() };
            let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
                .with_safe_default_protocol_versions()
                .map_err(pair)?
                .with_no_client_auth()
                .with_single_cert(certs, key)
                .map_err(pair)?;
            config.alpn_protocols = vec![b"http/1.1".to_vec()];
            Ok(Self { acceptor: TlsAcceptor::from(Arc::new(config)), digest })
        }

        /// The handshake of a connection.
        pub(in crate::admin) async fn accept<S: AsyncRead + AsyncWrite + Unpin>(
            self,
            stream: S,
        ) -> io::Result<TlsStream<S>> {
            self.acceptor.accept(stream).await
        }
    }
}

#[cfg(not(feature = "tls"))]
impl Tls {
    pub(super) fn read(_: &TlsFiles) -> Result<Self, TlsError> {
        Err(TlsError::NotBuilt)
    }

    /// There is no connection to shake hands with: a server with TLS does not start.
    pub(super) async fn accept<S>(self, stream: S) -> std::io::Result<S> {
        std::future::ready(Ok(stream)).await
    }
}
