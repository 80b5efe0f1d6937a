//! The store port in memory, for the demo, the simulator and tests.
//!
//! A [`MemoryStores`] is a disk: its stores are still there when they are dropped and opened again, and clones of it are
//! the same disk. Dropping a store closes it in order; [`MemoryStores::crash`] is what a kill -9 does.

mod store;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard};

use self::store::{Disk, MemoryStore, lock};
use super::{Error, Result, Store, Stores};

/// Stores in memory. Cloning is cheap and gives the same stores.
#[derive(Clone, Debug, Default)]
pub struct MemoryStores {
    /// A store is open when its handle shares the `Arc` of its disk.
    disks: Arc<Mutex<BTreeMap<String, Arc<Mutex<Disk>>>>>,
}

impl MemoryStores {
    /// An empty disk.
    pub fn new() -> Self {
        Self::default()
    }

    /// The process that has the stores open is killed: they keep what was applied, and can be opened again at once. What the
    /// old handles still write reaches nobody.
    pub fn crash(&self) {
        for disk in self.disks().values_mut() {
            let survivor = lock(disk).clone();
            *disk = Arc::new(Mutex::new(survivor));
        }
    }

    /// Removes a task's store whether it is open or not, as a lost disk does; an old handle writes to nobody.
    pub fn wipe(&self, task: &str) {
        self.disks().remove(task);
    }

    /// Puts a copy of a task's store as it is now in place of the one that `to` has, as restoring a backup does. False
    /// when there is nothing to copy.
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
