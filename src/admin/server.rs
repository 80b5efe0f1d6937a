//! The HTTP server: its settings, its start and its stop.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::DefaultBodyLimit;
use axum::{Router, middleware};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::access::{Access, Role};
use super::api::{self, Port};
use super::connection::{self, Limits};
use super::console;
use super::guard::{BODY_BYTES_MAX, Guard, authenticate, guard};
use super::origin::Names;
use super::probe;
use super::reload::ServerReload;
use super::tls::{Tls, TlsError, TlsFiles};

/// The time for open connections to end when the server stops.
const STOP_MAX: Duration = Duration::from_secs(2);

/// The settings of the server.
#[derive(Clone, Debug)]
pub struct ServerSettings {
    /// The address that it listens on; port 0 takes a free port.
    pub bind: SocketAddr,
    /// The names by which it is asked, beside those of loopback.
    pub hosts: Vec<String>,
    /// Who may do what.
    pub access: Access,
    /// The files of its certificate; `None` serves without encryption.
    pub tls: Option<TlsFiles>,
}

impl ServerSettings {
    /// A server that everybody may read from.
    pub fn readable(bind: SocketAddr) -> Self {
        let access = Access { anonymous: Some(Role::Read), ..Access::default() };
        Self { bind, hosts: Vec::new(), access, tls: None }
    }
}

/// The error of starting the server.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The address is in use, or not of this machine.
    #[error("http.bind: cannot listen on {address}: {reason}; choose another `http.bind`, or port 0 for any free one")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// The error of the operating system.
        #[source]
        reason: std::io::Error,
    },
    /// The certificate cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
}

/// A running server. Dropping it stops it without waiting.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
    reload: ServerReload,
}

impl Server {
    /// Listens on the address and serves requests on the current tokio runtime.
    pub async fn start(settings: ServerSettings, port: Arc<dyn Port>) -> Result<Self, Error> {
        Self::start_within(settings, port, Limits::default()).await
    }

    /// The same with these limits of connections.
    pub(super) async fn start_within(
        settings: ServerSettings,
        port: Arc<dyn Port>,
        limits: Limits,
    ) -> Result<Self, Error> {
        let ServerSettings { bind, hosts, access, tls } = settings;
        let tls = tls.map(|files| Tls::read(&files)).transpose()?;
        let refusal = |reason| Error::Bind { address: bind, reason };
        let listener = TcpListener::bind(bind).await.map_err(refusal)?;
        let address = listener.local_addr().map_err(refusal)?;
        let guard = Guard { port: port.clone(), names: Names::new(bind, &hosts), is_encrypted: tls.is_some() };
        let (stop, stopped) = watch::channel(false);
        let reload = ServerReload::new(access, tls);
        let router = router(port, &reload, guard);
        let task = tokio::spawn(connection::serve(listener, (reload.tls.subscribe(), limits), router, stopped));
        Ok(Self { address, stop, task, reload })
    }

    /// Hands new settings to it.
    pub fn reload(&self) -> ServerReload {
        self.reload.clone()
    }

    /// The address, with the actual port if 0 was requested.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Refuses new connections and waits a moment for the open ones.
    pub async fn stop(self) {
        let Self { stop, mut task, .. } = self;
        stop.send_replace(true);
        if tokio::time::timeout(STOP_MAX, &mut task).await.is_err() {
            task.abort();
        }
    }
}

fn router(port: Arc<dyn Port>, reload: &ServerReload, state: Guard) -> Router {
    let (open, is_encrypted) = (api::router().with_state(port.clone()), state.is_encrypted);
    // Before the fallbacks, so that an unknown path tells nothing to who has no token.
    let api = open.clone().layer(middleware::from_fn_with_state(reload.access.subscribe(), authenticate));
    probe::router()
        .with_state(port)
        .merge(console::router(&api, &open, is_encrypted))
        .merge(api)
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(middleware::from_fn_with_state(Arc::new(state), guard))
}
