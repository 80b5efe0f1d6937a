//! The requests of a client to the cluster: the lock, injected faults, process crashes, wake-ups.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::cluster::Cluster;
use super::fault::{FaultKind, Operation};
use super::transaction::Markers;
use crate::broker::{Error, Result};

/// The shared state of a cluster's clients.
#[derive(Debug)]
pub(super) struct Shared {
    cluster: Mutex<Cluster>,
    changed: Condvar,
}

/// The connection of one process.
#[derive(Clone, Debug)]
pub(super) struct Client {
    shared: Arc<Shared>,
    process: usize,
}

impl Client {
    pub(super) fn new(cluster: Cluster, name: &str) -> Self {
        let shared = Arc::new(Shared { cluster: Mutex::new(cluster), changed: Condvar::new() });
        Self { shared, process: 0 }.process(name)
    }

    /// The connection of another process to the same cluster. A reused name is a new process.
    pub(super) fn process(&self, name: &str) -> Self {
        let process = self.inspect(|cluster| {
            cluster.processes.push((name.to_owned(), false));
            cluster.processes.len() - 1
        });
        Self { shared: Arc::clone(&self.shared), process }
    }

    /// Crashes this process.
    pub(super) fn crash(&self) {
        self.inspect(|cluster| self.mark_crashed(cluster));
    }

    pub(super) fn is_crashed(&self) -> bool {
        self.inspect(|cluster| self.has_crashed(cluster))
    }

    /// Accesses the cluster as an observer: no faults, no expiry.
    pub(super) fn inspect<T>(&self, run: impl FnOnce(&mut Cluster) -> T) -> T {
        let mut cluster = self.lock();
        let answer = run(&mut cluster);
        self.release(cluster);
        answer
    }

    /// Sends a request; faults can be injected before and after it.
    pub(super) fn call<T>(&self, operation: Operation, run: impl FnOnce(&mut Cluster) -> Result<T>) -> Result<T> {
        let mut cluster = self.lock();
        let answer = self.execute(&mut cluster, operation, run);
        self.release(cluster);
        answer
    }

    /// Waits until more was written than `seen`, for at most `timeout`; only for owners on several threads.
    pub(super) fn wait(&self, seen: u64, timeout: Duration) {
        let cluster = self.lock();
        if cluster.settings.blocking {
            let waited = self.shared.changed.wait_timeout_while(cluster, timeout, |cluster| cluster.writes == seen);
            drop(waited.unwrap_or_else(PoisonError::into_inner));
        }
    }

    fn execute<T>(
        &self,
        cluster: &mut Cluster,
        operation: Operation,
        run: impl FnOnce(&mut Cluster) -> Result<T>,
    ) -> Result<T> {
        let name = operation.as_str();
        if self.has_crashed(cluster) {
            return Err(crashed(name));
        }
        cluster.expire();
        let process = cluster.processes.get(self.process).map(|(name, _)| name.clone()).unwrap_or_default();
        let timed_out = |detail: &str| Err(Error::TimedOut { operation: name, detail: detail.to_owned() });
        match cluster.faults.next(operation, &process) {
            None => run(cluster),
            Some(FaultKind::TimeoutBefore) => timed_out("the request was lost"),
            Some(FaultKind::Transient) => Err(Error::Transient { operation: name, detail: "injected".into() }),
            Some(FaultKind::Unreachable) if operation.is_repeated() => timed_out("no broker answers"),
            Some(FaultKind::Unreachable) => {
                Err(Error::Unreachable { address: "memory".into(), detail: "the cluster was made unreachable".into() })
            }
            Some(FaultKind::CrashBefore) => {
                self.mark_crashed(cluster);
                Err(crashed(name))
            }
            Some(kind @ (FaultKind::LateMarkers | FaultKind::ScatteredMarkers)) => {
                let is_late = kind == FaultKind::LateMarkers;
                cluster.markers = if is_late { Markers::Later } else { Markers::OffsetsFirst };
                let answer = run(cluster);
                cluster.markers = Markers::Now;
                answer
            }
            // A fetch changes nothing at the broker: a lost response is like a lost request.
            Some(FaultKind::TimeoutAfter | FaultKind::TimeoutPrepared) if operation == Operation::Fetch => {
                timed_out("the response was lost")
            }
            Some(kind @ (FaultKind::TimeoutAfter | FaultKind::TimeoutPrepared | FaultKind::CrashAfter)) => {
                if kind == FaultKind::TimeoutPrepared {
                    cluster.markers = Markers::Later;
                }
                let answer = run(cluster);
                cluster.markers = Markers::Now;
                if kind == FaultKind::CrashAfter {
                    self.mark_crashed(cluster);
                    return answer.and_then(|_| Err(crashed(name)));
                }
                answer.and_then(|_| timed_out("the response was lost"))
            }
        }
    }

    fn has_crashed(&self, cluster: &Cluster) -> bool {
        cluster.processes.get(self.process).is_some_and(|(_, crashed)| *crashed)
    }

    fn mark_crashed(&self, cluster: &mut Cluster) {
        if let Some((_, crashed)) = cluster.processes.get_mut(self.process) {
            *crashed = true;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Cluster> {
        // A panic of another owner's thread leaves a state like that after a crash.
        self.shared.cluster.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Unlocks, then wakes the waiting owners: a waker may call back.
    fn release(&self, mut cluster: MutexGuard<'_, Cluster>) {
        let wakes = std::mem::take(&mut cluster.wakes);
        let blocking = cluster.settings.blocking;
        drop(cluster);
        if blocking {
            self.shared.changed.notify_all();
        }
        for waker in wakes {
            waker.wake();
        }
    }
}

fn crashed(operation: &'static str) -> Error {
    Error::Fatal { operation, detail: "this process has crashed; drop its clients".into() }
}
