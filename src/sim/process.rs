//! The disk, the sink and the fault points of a simulated process.
//!
//! After a crash the code still runs to the end of its turn, but changes nothing any more, as a killed process would not.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use super::pause::Pause;
use crate::broker::memory::MemoryBroker;
use crate::model::{Completion, Execution, Sink, Target};
use crate::runtime::{FaultObserver, FaultPoint};
use crate::store::memory::MemoryStores;
use crate::store::{self, Store, Stores};

/// Decides whether the instance of that name crashes, as by kill -9, at a fault point that it has reached.
pub type CrashPolicy = Arc<dyn Fn(&str, FaultPoint) -> bool + Send + Sync>;

/// The policy under which no instance crashes at a fault point.
pub fn never_crash() -> CrashPolicy {
    Arc::new(|_, _| false)
}

/// The disk, the sink and the observer of one process.
#[derive(Clone)]
pub(super) struct Process {
    pub(super) name: String,
    pub(super) broker: MemoryBroker,
    pub(super) disk: MemoryStores,
    pub(super) sink: Arc<dyn Sink>,
    pub(super) crash_policy: CrashPolicy,
    pub(super) pause: Arc<Pause>,
}

impl fmt::Debug for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Process").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Process {
    /// The error of stores after the crash: they look as if another process had them open.
    fn locked(&self, task: &str) -> store::Error {
        store::Error::Locked { path: PathBuf::from(&self.name).join(task) }
    }
}

impl FaultObserver for Process {
    fn reached(&self, point: FaultPoint) {
        if !self.broker.is_crashed() && (self.crash_policy)(&self.name, point) {
            self.broker.crash();
            self.disk.crash();
        }
        self.pause.reached(point);
    }
}

impl Stores for Process {
    fn open(&self, task: &str) -> store::Result<Box<dyn Store>> {
        if self.broker.is_crashed() { Err(self.locked(task)) } else { self.disk.open(task) }
    }

    fn destroy(&self, task: &str) -> store::Result<()> {
        if self.broker.is_crashed() { Err(self.locked(task)) } else { self.disk.destroy(task) }
    }

    fn existing(&self) -> store::Result<Vec<String>> {
        if self.broker.is_crashed() { Ok(Vec::new()) } else { self.disk.existing() }
    }
}

impl Sink for Process {
    fn execute(&self, execution: Execution, done: Completion) {
        if !self.broker.is_crashed() {
            self.sink.execute(execution, done);
        }
    }

    fn capacity(&self, to: &Target) -> usize {
        self.sink.capacity(to)
    }
}
