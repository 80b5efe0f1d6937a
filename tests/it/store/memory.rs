//! The simulated disk: crash, wipe, copy.

use sheaf::store::Stores;
use sheaf::store::memory::MemoryStores;

use super::{TASK, durable, put, value, volatile};

#[test]
fn a_crash_loses_the_volatile_batches_since_the_last_durable_one() {
    let stores = MemoryStores::new();
    let mut store = stores.open(TASK).unwrap();
    store.apply(&volatile([put("a", "1")])).unwrap();
    store.apply(&durable([put("b", "2")])).unwrap();
    store.apply(&volatile([put("c", "3")])).unwrap();
    store.apply(&volatile([put("b", "4")])).unwrap();
    stores.crash();
    let store = stores.open(TASK).unwrap();
    assert_eq!(value(&*store, "a").as_deref(), Some("1"), "the durable batch covers the volatile one before it");
    assert_eq!(value(&*store, "b").as_deref(), Some("2"));
    assert_eq!(value(&*store, "c"), None);
}

#[test]
fn a_handle_from_before_the_crash_holds_no_lock_and_writes_to_nobody() {
    let stores = MemoryStores::new();
    let mut old = stores.open(TASK).unwrap();
    stores.crash();
    let new = stores.open(TASK).unwrap();
    old.apply(&durable([put("a", "zombie")])).unwrap();
    assert_eq!(value(&*new, "a"), None);
}

#[test]
fn the_disk_outlives_the_stores_that_were_opened_from_it() {
    let disk = MemoryStores::new();
    let process = disk.clone();
    process.open(TASK).unwrap().apply(&durable([put("a", "1")])).unwrap();
    drop(process);
    assert_eq!(value(&*disk.open(TASK).unwrap(), "a").as_deref(), Some("1"));
    disk.wipe(TASK);
    assert_eq!(disk.existing().unwrap(), [""; 0]);
    assert_eq!(value(&*disk.open(TASK).unwrap(), "a"), None);
}

#[test]
fn a_copy_is_the_store_as_it_was_then() {
    let (disk, backup) = (MemoryStores::new(), MemoryStores::new());
    assert!(!disk.copy(TASK, &backup), "there is nothing to copy yet");
    let mut store = disk.open(TASK).unwrap();
    store.apply(&durable([put("a", "old")])).unwrap();
    assert!(disk.copy(TASK, &backup));
    store.apply(&durable([put("a", "new")])).unwrap();
    drop(store);
    assert_eq!(value(&*backup.open(TASK).unwrap(), "a").as_deref(), Some("old"));
    assert!(backup.copy(TASK, &disk));
    assert_eq!(value(&*disk.open(TASK).unwrap(), "a").as_deref(), Some("old"), "the backup was restored");
}
