//! What a running server takes over without a restart: who may do what, and its certificate.

use std::sync::Arc;

use tokio::sync::watch;

use super::access::Access;
use super::tls::{Tls, TlsError, TlsFiles};

/// Hands new settings to a running server.
#[derive(Clone, Debug)]
pub struct ServerReload {
    pub(super) access: Arc<watch::Sender<Arc<Access>>>,
    pub(super) tls: Arc<watch::Sender<Option<Tls>>>,
}

impl ServerReload {
    /// Of a server that begins with these.
    pub(super) fn new(access: Access, tls: Option<Tls>) -> Self {
        Self { access: Arc::new(watch::Sender::new(Arc::new(access))), tls: Arc::new(watch::Sender::new(tls)) }
    }

    /// Takes over who may do what, for the next requests.
    pub fn access(&self, new: &Access) -> bool {
        self.access.send_if_modified(|access| {
            let is_new = **access != *new;
            if is_new {
                *access = Arc::new(new.clone());
            }
            is_new
        })
    }

    /// Takes over the certificate, for the next connections. A server without encryption stays so, and one with it too.
    pub fn certificate(&self, files: Option<&TlsFiles>) -> Result<bool, TlsError> {
        let Some(files) = files.filter(|_| self.tls.borrow().is_some()) else { return Ok(false) };
        let read = Tls::read(files)?;
        Ok(self.tls.send_if_modified(|tls| {
            let is_new = tls.as_ref().is_none_or(|tls| !tls.is_of_same_files(&read));
            if is_new {
                *tls = Some(read);
            }
            is_new
        }))
    }
}
