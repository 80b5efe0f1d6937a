//! Reloads the tokens and the certificate of the HTTP server when their files change, and on SIGHUP.

use std::net::SocketAddr;
use std::path::Path;

use sha2::{Digest as _, Sha256};

use super::{Secrets, http};
use crate::admin::ServerReload;
use crate::config::{Config, HttpTls};
use crate::secret::SecretRef;

/// The running HTTP server, and what its files had in them when they were last read.
#[derive(Debug)]
pub(super) struct HttpReload {
    server: ServerReload,
    /// The address that it was started with: who may do what depends on it.
    bind: SocketAddr,
    seen: Vec<Digest>,
}

/// The digest of a file; `None` if it cannot be read.
type Digest = Option<[u8; 32]>;

impl HttpReload {
    pub(super) fn new(server: ServerReload, config: &Config) -> Self {
        Self { server, bind: config.http.bind, seen: digests(config) }
    }

    /// Reads tokens and certificate again if one of their files has changed.
    pub(super) fn poll(&mut self, config: &Config, secrets: &Secrets) {
        if self.seen == digests(config) {
            return;
        }
        let changed = self.reload(config, secrets);
        if !changed.is_empty() {
            tracing::info!(?changed, "files of the HTTP server have changed, and are in use");
        }
    }

    /// Reads them again; the settings that have changed. What cannot be read is told here, and the former stays in use.
    pub(super) fn reload(&mut self, config: &Config, secrets: &Secrets) -> Vec<&'static str> {
        // Before they are read, so that a change meanwhile is seen the next time.
        self.seen = digests(config);
        if config.http.bind != self.bind {
            tracing::warn!(
                "http.bind has changed, on which http.tokens and http.anonymous depend: they take effect by a restart"
            );
            return Vec::new();
        }
        let settings = match http(config, secrets) {
            Ok(settings) => settings,
            Err(error) => {
                tracing::error!(%error, "the tokens of the HTTP server cannot be read again: the former ones stay in use");
                return Vec::new();
            }
        };
        let has_access = self.server.access(&settings.access);
        let has_certificate = self.server.certificate(settings.tls.as_ref()).unwrap_or_else(|error| {
            tracing::error!(%error, "the certificate of the HTTP server cannot be read again: the former one stays in use");
            false
        });
        [(has_access, "http.tokens"), (has_certificate, "http.tls")]
            .into_iter()
            .filter_map(|(has_changed, setting)| has_changed.then_some(setting))
            .collect()
    }
}

/// The digests of the files of tokens and certificate.
fn digests(config: &Config) -> Vec<Digest> {
    let digest = |path: &Path| std::fs::read(path).ok().map(|bytes| Sha256::digest(bytes).into());
    let of_tls = config.http.tls.iter().flat_map(|HttpTls { cert, key }| [cert, key]).map(|path| digest(path));
    let of_tokens = config.http.tokens.iter().filter_map(|token| match SecretRef::parse(token.token.as_str()) {
        Ok(Some(SecretRef::File(path))) => Some(digest(&path)),
        Ok(Some(SecretRef::Env(_) | SecretRef::AwsSecretsManager { .. }) | None) | Err(_) => None,
    });
    of_tls.chain(of_tokens).collect()
}
