//! The store port: one contract for both adapters, the overlay and write-behind on them, and tests on a real disk.
//!
//! | file | subject |
//! |---|---|
//! | `contract` | the contract of the port, on memory and on `RocksDB` |
//! | `overlay` | overlay and store against a map, under random transactions |
//! | `write_behind` | the same with dirty entries and crashes |
//! | `reader` | the contract of reads from other threads, on both adapters |
//! | `listing` | lists of a million entries by status |
//! | `operations`, `pair` | the random operations, and the comparison with a map |
//! | `bulk_ingest` | bulk ingestion of large batches |
//! | `memory` | the simulated disk: crash, wipe, copy |
//! | `disk` | locks and corrupt files |
//! | `kill` | a second process: its locks, and its stores after kill -9 |
//! | `next_due` | the next of a million deadlines |
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod bulk_ingest;
mod contract;
mod disk;
mod kill;
mod listing;
mod memory;
mod next_due;
mod operations;
mod overlay;
mod pair;
mod reader;
mod write_behind;

use sheaf::model::{ActSlot, Key, Timer, TimerKind, Timestamp};
use sheaf::store::memory::MemoryStores;
use sheaf::store::rocks::{RocksOptions, RocksStores};
use sheaf::store::{Batch, Change, Store, Stores};

const TASK: &str = "bundle-0";

/// Runs a check on each adapter.
fn on_both(check: impl Fn(&dyn Stores)) {
    eprintln!("on memory:");
    check(&MemoryStores::new());
    eprintln!("on rocks:");
    let directory = tempfile::tempdir().unwrap();
    check(&RocksStores::open(RocksOptions::new(directory.path())).unwrap());
}

fn batch(changes: impl IntoIterator<Item = Change>) -> Batch {
    Batch { changes: changes.into_iter().collect(), is_bulk: false }
}

fn bulk_batch(changes: impl IntoIterator<Item = Change>) -> Batch {
    Batch { changes: changes.into_iter().collect(), is_bulk: true }
}

fn put(key: &str, value: &str) -> Change {
    Change::PutEntry(Key::new(key), value.as_bytes().to_vec().into())
}

fn value(store: &dyn Store, key: &str) -> Option<String> {
    store.get(&Key::new(key)).unwrap().map(|bytes| String::from_utf8(bytes.into()).unwrap())
}

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

fn deadline(slot: u8, due: i64) -> Timer {
    Timer { kind: TimerKind::Deadline(slot), due: at(due) }
}

fn delay(slot: u8, due: i64) -> Timer {
    Timer { kind: TimerKind::Delay(slot), due: at(due) }
}

fn act(key: &str, slot: u8) -> (Key, ActSlot) {
    (Key::new(key), ActSlot(slot))
}
