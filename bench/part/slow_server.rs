//! A server of webhooks that answers each request after the same time.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use sheaf::model::Clock;
use sheaf::runtime::SystemClock;
use tokio::runtime::Runtime;

use crate::Result;

/// The running server; it stops when it is dropped.
pub(crate) struct SlowServer {
    pub(crate) address: SocketAddr,
    calls: Arc<Mutex<Calls>>,
    _runtime: Runtime,
}

/// The calls so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Calls {
    /// The number of calls with each body.
    pub(crate) bodies: HashMap<String, u32>,
    /// The time of the first call, on the uptime clock.
    pub(crate) first: Option<Duration>,
    /// The time of the latest answer.
    pub(crate) last: Duration,
    /// The most calls at a time.
    pub(crate) in_flight_max: u32,
    in_flight: u32,
}

#[derive(Clone)]
struct Shared {
    latency: Duration,
    calls: Arc<Mutex<Calls>>,
}

impl SlowServer {
    /// A server on a free port.
    pub(crate) fn start(latency: Duration) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0"))?;
        let (address, calls) = (listener.local_addr()?, Arc::default());
        let shared = Shared { latency, calls: Arc::clone(&calls) };
        let app = Router::new().fallback(answer).with_state(shared);
        runtime.spawn(async move { axum::serve(listener, app).await });
        Ok(Self { address, calls, _runtime: runtime })
    }

    /// The number of different bodies so far.
    pub(crate) fn executed(&self) -> usize {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).bodies.len()
    }

    /// The calls so far.
    pub(crate) fn calls(&self) -> Calls {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

async fn answer(State(Shared { latency, calls }): State<Shared>, body: String) -> &'static str {
    let note = |change: &mut dyn FnMut(&mut Calls)| change(&mut calls.lock().unwrap_or_else(PoisonError::into_inner));
    note(&mut |calls| {
        calls.first.get_or_insert(SystemClock.uptime());
        calls.in_flight += 1;
        calls.in_flight_max = calls.in_flight_max.max(calls.in_flight);
    });
    tokio::time::sleep(latency).await;
    note(&mut |calls| {
        *calls.bodies.entry(body.clone()).or_default() += 1;
        calls.in_flight -= 1;
        calls.last = SystemClock.uptime();
    });
    ""
}
