//! The simulated disk: crash, wipe, copy.

use sheaf::store::Stores;
use sheaf::store::memory::MemoryStores;

use super::{TASK, batch, bulk_batch, put, value};

#[test]
fn a_crash_keeps_applied_batches() {
    let stores = MemoryStores::new();
    let mut store = stores.open(TASK).unwrap();
    store.apply(&bulk_batch([put("a", "1")])).unwrap();
    store.apply(&batch([put("b", "2")])).unwrap();
    stores.crash();
    let store = stores.open(TASK).unwrap();
    assert_eq!(value(&*store, "a").as_deref(), Some("1"));
    assert_eq!(value(&*store, "b").as_deref(), Some("2"));
}

#[test]
fn a_handle_from_before_the_crash_holds_no_lock_and_writes_nothing() {
    let stores = MemoryStores::new();
    let mut old = stores.open(TASK).unwrap();
    stores.crash();
    let new = stores.open(TASK).unwrap();
    old.apply(&batch([put("a", "zombie")])).unwrap();
    assert_eq!(value(&*new, "a"), None);
}

#[test]
fn the_disk_outlives_the_stores_that_were_opened_from_it() {
    let disk = MemoryStores::new();
    let process = disk.clone();
    process.open(TASK).unwrap().apply(&batch([put("a", "1")])).unwrap();
    drop(process);
    assert_eq!(value(&*disk.open(TASK).unwrap(), "a").as_deref(), Some("1"));
    disk.wipe(TASK);
    assert_eq!(disk.existing().unwrap(), [""; 0]);
    assert_eq!(value(&*disk.open(TASK).unwrap(), "a"), None);
}

#[test]
fn a_copy_is_a_snapshot_of_the_store() {
    let (disk, backup) = (MemoryStores::new(), MemoryStores::new());
    assert!(!disk.copy(TASK, &backup), "there is no store to copy");
    let mut store = disk.open(TASK).unwrap();
    store.apply(&batch([put("a", "old")])).unwrap();
    assert!(disk.copy(TASK, &backup));
    store.apply(&batch([put("a", "new")])).unwrap();
    drop(store);
    assert_eq!(value(&*backup.open(TASK).unwrap(), "a").as_deref(), Some("old"));
    assert!(backup.copy(TASK, &disk));
    assert_eq!(value(&*disk.open(TASK).unwrap(), "a").as_deref(), Some("old"), "the backup was restored");
}
