//! What a task keeps in memory.

use std::sync::Arc;

use bytes::Bytes;

use super::cache::Decoded;
use super::live::Live;
use super::position::Genesis;
use super::step::Next;
use crate::codec::{self, Head, Versioned, entry};
use crate::model::{Key, Reject, Timestamp};
use crate::processor::{Input, Processor, Transition, erase};
use crate::runtime::settings::Guarantee;
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

impl Processor for Ones {
    type State = One;

    fn step(&self, _: &Key, _: Option<One>, _: Input, _: Timestamp) -> Result<Transition<One>, Reject> {
        Ok(Transition::forget())
    }
}

fn next(node: &Node, value: u8, is_at_rest: bool) -> Next {
    let mut bytes = Vec::new();
    entry::encode_front(&Head::default(), 1, &mut bytes).unwrap();
    bytes.push(value);
    let body = node.processor.decode(&entry::decode(&bytes).unwrap(), Vec::new()).unwrap();
    let decoded = Decoded { head: Arc::default(), body, parts_size: 0 };
    let written = Written { head: Arc::default(), bytes: Bytes::from(bytes.clone()) };
    Next { written, parts: Parts::default(), decoded: (!is_at_rest).then_some(decoded) }
}

/// The byte that a step would find.
fn found(live: &mut Live, node: &Node, key: &Key) -> Option<u8> {
    let body = live.take(node, key).unwrap().body?;
    let mut bytes = Vec::new();
    node.processor.encode(&body, &mut bytes).unwrap();
    live.forget(key);
    bytes.first().copied()
}

#[test]
fn an_entry_at_rest_is_not_kept_and_is_read_from_where_it_was_written() {
    let node = Node { name: "ones".into(), processor: erase(Ones), outputs: Vec::new() };
    let store = MemoryStores::new().open("ones-0").unwrap();
    let mut live = Live::new(store, 0, Genesis::Written, 1, Guarantee::ExactlyOnce).unwrap();
    let key = Key::new("k");
    live.write(&key, None, Some(next(&node, 1, false)));
    assert!(live.keeps(&key));
    live.write(&key, Some(Arc::default()), Some(next(&node, 2, true)));
    assert!(!live.keeps(&key), "neither the new state nor the one before");
    assert_eq!(found(&mut live, &node, &key), Some(2), "in the same transaction");
    live.apply(Some(1), 1, Timestamp::from_millis(0)).unwrap();
    assert_eq!(found(&mut live, &node, &key), Some(2), "after its commit");
    live.write(&key, Some(Arc::default()), Some(next(&node, 3, false)));
    assert!(live.keeps(&key), "it has left its rest");
    live.roll_back(None).unwrap();
    assert_eq!(found(&mut live, &node, &key), Some(2), "after an abort");
}
