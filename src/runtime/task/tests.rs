//! Tests on the cache of a task.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::cache::Decoded;
use super::entry::NextEntry;
use super::state::{Committed, State};
use crate::codec::{self, Entry, Head, Versioned, Writer, entry};
use crate::model::{Key, Moment, Reject, Timestamp};
use crate::processor::{Input, Processor, Transition, erase};
use crate::runtime::handoff::{Genesis, RestoredStore};
use crate::runtime::memory_budget::MemoryBudget;
use crate::runtime::settings::Settings;
use crate::store::Stores as _;
use crate::store::memory::MemoryStores;
use crate::store::overlay::{Parts, Written};
use crate::topology::Node;

/// A state of one byte.
#[derive(Clone)]
struct One(u8);

impl Versioned for One {
    const VERSION: u16 = 1;
    const NAME: &'static str = "one";

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), codec::Error> {
        out.push(self.0);
        Ok(())
    }

    fn decode(_: u16, bytes: &[u8]) -> Result<Self, codec::Error> {
        Ok(Self(bytes[0]))
    }
}

struct Ones;

/// A state that is at rest if it is even.
impl Processor for Ones {
    type State = One;

    fn is_at_rest(state: &One) -> bool {
        state.0.is_multiple_of(2)
    }

    fn step(&self, _: &Key, _: Option<One>, _: Input, _: Moment) -> Result<Transition<One>, Reject> {
        Ok(Transition::forget())
    }
}

/// An entry with a state of this byte.
pub(super) fn decoded(value: u8) -> Decoded {
    let entry = Entry { head: Head::default(), version: 1, writer: Writer::default(), body: &[value] };
    let body = erase(Ones).decode(&entry, Vec::new()).unwrap();
    Decoded { head: Arc::default(), body, parts_size: 0 }
}

fn next(value: u8) -> NextEntry {
    let mut bytes = Vec::new();
    entry::encode_front(&Head::default(), 1, &mut bytes).unwrap();
    bytes.push(value);
    let written = Written { head: Arc::default(), bytes: Bytes::from(bytes) };
    NextEntry { written, parts: Parts::default(), decoded: decoded(value) }
}

/// The state's byte, as read for a step.
fn found(state: &mut State, node: &Node, key: &Key) -> Option<u8> {
    let body = state.take(node, key).unwrap().body?;
    let mut bytes = Vec::new();
    node.processor.encode(&body, &mut bytes).unwrap();
    state.forget(key);
    bytes.first().copied()
}

fn task(budget: &MemoryBudget) -> (Node, State) {
    let node = Node::new("ones", erase(Ones), Vec::new());
    let store = MemoryStores::new().open("ones-0").unwrap();
    let done = RestoredStore { store, changelog_next: 0, genesis: Genesis::Written };
    (node, State::new(done, 1, &*erase(Ones), (&Settings::new("app", "a"), budget)).unwrap())
}

#[test]
fn a_read_counts_if_the_entry_would_be_cached_and_is_not() {
    let (node, mut state) = task(&MemoryBudget::new(1 << 20));
    let [open, resting, absent] = ["open", "resting", "absent"].map(Key::new);
    state.write(&node, &open, None, Some(next(1)));
    state.write(&node, &resting, None, Some(next(2)));
    let was_read = |state: &mut State, key| {
        let taken = state.take(&node, key).unwrap();
        state.forget(key);
        taken.was_read
    };
    assert!(!was_read(&mut state, &open), "it is cached");
    assert!(was_read(&mut state, &open), "it was evicted");
    assert!(!was_read(&mut state, &resting), "it is never cached");
    assert!(!was_read(&mut state, &absent), "there is no entry");
}

#[test]
fn an_idle_task_evicts_for_one_that_exceeds_the_budget() {
    let budget = MemoryBudget::new(1 << 20);
    let ((node, mut idle), (_, mut busy)) = (task(&budget), task(&budget));
    let keys: Vec<Key> = (0..1_500).map(|number| Key::new(&number.to_string())).collect();
    let cached = |state: &State| keys.iter().filter(|key| state.keeps(key)).count();
    for (state, count) in [(&mut idle, 1_500), (&mut busy, 900)] {
        keys.iter().take(count).for_each(|key| state.write(&node, key, None, Some(next(1))));
    }
    assert_eq!((cached(&idle), cached(&busy)), (1_500, 900), "more than there is budget for");
    idle.flush_due(Duration::ZERO).unwrap();
    assert!((900..1_200).contains(&cached(&idle)), "{}: only as many as are too much", cached(&idle));
    busy.flush_due(Duration::ZERO).unwrap();
    assert_eq!(cached(&busy), 900, "it has no more than its share");
}

#[test]
fn an_entry_at_rest_is_not_kept_and_is_read_from_where_it_was_written() {
    let (node, mut state) = task(&MemoryBudget::new(1 << 20));
    let key = Key::new("k");
    state.write(&node, &key, None, Some(next(1)));
    assert!(state.keeps(&key));
    state.write(&node, &key, Some(Arc::default()), Some(next(2)));
    assert!(!state.keeps(&key), "neither the new state nor the one before");
    assert_eq!(found(&mut state, &node, &key), Some(2), "in the same transaction");
    let now = Timestamp::from_millis(0);
    state.apply(Committed { changelog_next: Some(1), inbox_next: 1, now, uptime: Duration::ZERO }).unwrap();
    assert_eq!(found(&mut state, &node, &key), Some(2), "after its commit");
    state.write(&node, &key, Some(Arc::default()), Some(next(3)));
    assert!(state.keeps(&key), "it has left its rest");
    state.roll_back(&Settings::new("app", "a")).unwrap();
    assert_eq!(found(&mut state, &node, &key), Some(2), "after an abort");
}
