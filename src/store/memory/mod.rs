//! The store port in memory, for the demo, the simulator and tests.
//!
//! A [`MemoryStores`] stands for a disk: its stores survive being dropped and opened again, and clones share them.
//! Dropping a store closes it cleanly; [`MemoryStores::crash`] simulates a kill -9.

mod disk;
mod reader;
mod store;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard};

use self::disk::{Disk, lock};
use self::store::MemoryStore;
use super::{Error, Result, Store, Stores};

/// Stores in memory. Clones share the stores.
#[derive(Clone, Debug, Default)]
pub struct MemoryStores {
    /// A store is open while its handle shares the `Arc` of its disk.
    disks: Arc<Mutex<BTreeMap<String, Arc<Mutex<Disk>>>>>,
}

impl MemoryStores {
    /// An empty disk.
    pub fn new() -> Self {
        Self::default()
    }

    /// Simulates a kill of the process: the stores keep the applied batches and can be opened again at once. Later
    /// writes of old handles have no effect.
    pub fn crash(&self) {
        for disk in self.disks().values_mut() {
            let survivor = lock(disk).clone();
            *disk = Arc::new(Mutex::new(survivor));
        }
    }

    /// Removes a task's store, open or not, as the loss of a disk does; later writes of an old handle have no effect.
    pub fn wipe(&self, task: &str) {
        self.disks().remove(task);
    }

    /// Replaces the store of a task in `to` by a copy of the one here, as restoring a backup does. False if there is
    /// none to copy.
    pub fn copy(&self, task: &str, to: &Self) -> bool {
        let Some(copy) = self.disks().get(task).map(|disk| lock(disk).clone()) else { return false };
        to.disks().insert(task.to_owned(), Arc::new(Mutex::new(copy)));
        true
    }

    fn disks(&self) -> MutexGuard<'_, BTreeMap<String, Arc<Mutex<Disk>>>> {
        lock(&self.disks)
    }
}

impl Stores for MemoryStores {
    fn open(&self, task: &str) -> Result<Box<dyn Store>> {
        let mut disks = self.disks();
        let disk = disks.entry(task.to_owned()).or_default();
        refuse_open(task, disk)?;
        Ok(Box::new(MemoryStore::new(Arc::clone(disk))))
    }

    fn destroy(&self, task: &str) -> Result<()> {
        let mut disks = self.disks();
        if let Some(disk) = disks.get(task) {
            refuse_open(task, disk)?;
        }
        disks.remove(task);
        Ok(())
    }

    fn existing(&self) -> Result<Vec<String>> {
        Ok(self.disks().keys().cloned().collect())
    }
}

fn refuse_open(task: &str, disk: &Arc<Mutex<Disk>>) -> Result<()> {
    if Arc::strong_count(disk) > 1 {
        return Err(Error::Locked { path: PathBuf::from("memory").join(task) });
    }
    Ok(())
}
