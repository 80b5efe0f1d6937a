//! TLS of the HTTP server.

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
pub(super) struct Tls(#[cfg(feature = "tls")] tokio_rustls::TlsAcceptor);

#[cfg(feature = "tls")]
mod built {
    use std::io;
    use std::sync::Arc;

    use rustls::ServerConfig;
    use rustls::crypto::aws_lc_rs;
    use rustls::pki_types::pem::PemObject as _;
    use rustls::pki_types::{CertificateDer, PrivateKeyDer};
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
            let certs = CertificateDer::pem_file_iter(&files.cert)
                .and_then(Iterator::collect::<Result<Vec<_>, _>>)
                .map_err(|error| refused("cert", &files.cert, format!("cannot be read: {error}")))?;
            if certs.is_empty() {
                return Err(refused("cert", &files.cert, "has no certificate in PEM form".to_owned()));
            }
            let key = PrivateKeyDer::from_pem_file(&files.key)
                .map_err(|error| refused("key", &files.key, format!("has no private key in PEM form: {error}")))?;
            let pair = |error: rustls::Error| TlsError::Pair { detail: error.to_string() };
            let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
                .with_safe_default_protocol_versions()
                .map_err(pair)?
                .with_no_client_auth()
                .with_single_cert(certs, key)
                .map_err(pair)?;
            config.alpn_protocols = vec![b"http/1.1".to_vec()];
            Ok(Self(TlsAcceptor::from(Arc::new(config))))
        }

        /// The handshake of a connection.
        pub(in crate::admin) async fn accept<S: AsyncRead + AsyncWrite + Unpin>(
            self,
            stream: S,
        ) -> io::Result<TlsStream<S>> {
            self.0.accept(stream).await
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
