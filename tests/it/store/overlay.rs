//! Overlay and store together against a plain map, under random transactions.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use proptest::prelude::*;
use sheaf::codec::Head;
use sheaf::model::Key;
use sheaf::store::memory::MemoryStores;
use sheaf::store::overlay::{Overlay, Parts, Written};
use sheaf::store::rocks::{RocksOptions, RocksStores};
use sheaf::store::write_behind::Limits;

use super::deadline;
use super::operations::operations;
use super::pair::compare;

/// Limits with which each transaction is written to the store.
const WRITE_THROUGH: Limits = Limits { age: Duration::ZERO, bytes: 0 };

proptest! {
    #[test]
    fn an_overlay_on_memory_is_a_map_with_transactions(operations in operations()) {
        compare(&MemoryStores::new(), WRITE_THROUGH, operations);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn an_overlay_on_rocks_is_a_map_with_transactions(operations in operations()) {
        let directory = tempfile::tempdir().unwrap();
        compare(&RocksStores::open(RocksOptions::new(directory.path())).unwrap(), WRITE_THROUGH, operations);
    }
}

#[test]
fn an_entry_that_is_put_and_deleted_in_one_transaction_is_no_change() {
    let mut overlay = Overlay::new();
    let head = Arc::new(Head { timers: vec![deadline(0, 1)], ..Head::default() });
    let parts = Parts { dropped: false, added: vec![Bytes::from_static(b"part")] };
    overlay.put(Key::new("a"), None, Written { head: head.clone(), bytes: Bytes::from_static(b"1") }, parts);
    overlay.delete(Key::new("a"), Some(head));
    assert!(overlay.is_empty());
    assert_eq!(overlay.take_batch(vec![]).changes, []);
}
