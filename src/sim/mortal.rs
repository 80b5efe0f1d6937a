//! What a simulated process reaches besides the broker, until the moment of its end.
//!
//! Code that runs on after a crash, up to the end of its turn, must not change anything: no real process does.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::gate::Gate;
use super::world::Strikes;
use crate::broker::memory::MemoryBroker;
use crate::model::{Act, Completion, Key, Sink, TaskId};
use crate::runtime::{Point, Probe};
use crate::store::memory::MemoryStores;
use crate::store::{self, Store, Stores};

/// The disk, the sink and the observer of one process.
pub(super) struct Mortal {
    pub(super) name: String,
    pub(super) process: MemoryBroker,
    pub(super) disk: MemoryStores,
    pub(super) sink: Arc<dyn Sink>,
    pub(super) strikes: Strikes,
    pub(super) gate: Arc<Gate>,
}

impl fmt::Debug for Mortal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mortal").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Mortal {
    fn gone(&self, task: &str) -> store::Error {
        store::Error::Locked { path: PathBuf::from(&self.name).join(task) }
    }
}

impl Probe for Mortal {
    fn reached(&self, point: Point) {
        if !self.process.is_crashed() && (self.strikes)(&self.name, point) {
            self.process.crash();
            self.disk.crash();
        }
        self.gate.pass(point);
    }
}

impl Stores for Mortal {
    fn open(&self, task: &str) -> store::Result<Box<dyn Store>> {
        if self.process.is_crashed() { Err(self.gone(task)) } else { self.disk.open(task) }
    }

    fn destroy(&self, task: &str) -> store::Result<()> {
        if self.process.is_crashed() { Err(self.gone(task)) } else { self.disk.destroy(task) }
    }

    fn existing(&self) -> store::Result<Vec<String>> {
        if self.process.is_crashed() { Ok(Vec::new()) } else { self.disk.existing() }
    }
}

impl Sink for Mortal {
    fn execute(&self, task: &TaskId, key: &Key, act: Act, expires_at: Duration, done: Completion) {
        if !self.process.is_crashed() {
            self.sink.execute(task, key, act, expires_at, done);
        }
    }

    fn capacity(&self) -> usize {
        self.sink.capacity()
    }
}
