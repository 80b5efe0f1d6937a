//! Bulk ingestion: large batches of a restore are ingested into `RocksDB` as files, with the same result.

use sheaf::model::{ActSlot, Key};
use sheaf::store::rocks::{RocksOptions, RocksStores};
use sheaf::store::{Batch, Change, Store, Stores, TimerClock};

use super::{TASK, at, deadline, delay, put};

/// The bytes of a value that is large enough for bulk ingestion.
const LARGE: usize = 300_000;
const BATCHES: u32 = 60;
/// Too long to be stored inline.
const LONG: &str = "a longer key than sixteen bytes, and than forty";

/// Random changes of a few entries and their rows, the same keys several times.
fn changes(chance: &mut fastrand::Rng) -> Vec<Change> {
    let mut changes = Vec::new();
    for _ in 0..chance.usize(1..20) {
        let key = Key::new(
            ["", "a", "a\0", "ab", "a longer key than sixteen bytes", "a longer key than sixteen", LONG]
                [chance.usize(..7)],
        );
        let (slot, due) = (chance.u8(..3), chance.i64(-2..5));
        let timer = if chance.bool() { deadline(slot, due) } else { delay(slot, due) };
        changes.push(match chance.u8(..6) {
            0 => Change::PutEntry(key, chance.u32(..).to_string().into()),
            1 => Change::DeleteEntry(key),
            2 => Change::PutTimer(key, timer),
            3 => Change::DeleteTimer(key, timer),
            4 => Change::PutAct(key, ActSlot(slot)),
            _ => Change::DeleteAct(key, ActSlot(slot)),
        });
    }
    changes
}

fn everything(store: &dyn Store) -> String {
    let due = |clock| store.due(clock, at(i64::MAX), usize::MAX).unwrap();
    let entries: Vec<_> = store.scan(None, usize::MAX).unwrap();
    let acts = store.acts(None, usize::MAX).unwrap();
    format!("{entries:?}\n{:?}\n{:?}\n{acts:?}", due(TimerClock::Deadline), due(TimerClock::Delay))
}

#[test]
fn bulk_batches_and_batches_have_the_same_result() {
    let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let open = |root: &tempfile::TempDir| RocksStores::open(RocksOptions::new(root.path())).unwrap();
    let (one, other) = (open(&one), open(&other));
    let (mut ingested, mut batched) = (one.open(TASK).unwrap(), other.open(TASK).unwrap());
    let mut chance = fastrand::Rng::with_seed(5);
    for number in 0..BATCHES {
        let mut changes = changes(&mut chance);
        let is_bulk = chance.u8(..4) > 0;
        if is_bulk && chance.u8(..4) > 0 {
            changes.push(put("large", &chance.alphabetic().to_string().repeat(LARGE)));
        }
        changes.push(Change::PutMeta("number".to_owned(), number.to_be_bytes().to_vec()));
        ingested.apply(&Batch { changes: changes.clone(), is_bulk }).unwrap();
        batched.apply(&Batch { changes, is_bulk: false }).unwrap();
        assert_eq!(everything(&*ingested), everything(&*batched), "batch {number}");
        if chance.u8(..8) == 0 {
            drop(ingested);
            ingested = one.open(TASK).unwrap();
        }
    }
    assert_eq!(ingested.meta("number").unwrap(), Some((BATCHES - 1).to_be_bytes().to_vec()));
    assert_eq!(ingested.meta("loading").unwrap(), None);
}
