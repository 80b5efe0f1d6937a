//! A transaction on a store: each entry is read, changed and read again, then all are written in one batch.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use sheaf::codec::Head;
use sheaf::model::{Key, Timer};
use sheaf::processor::bundle::DEADLINE;
use sheaf::store::memory::MemoryStores;
use sheaf::store::overlay::{Overlay, Parts, Written};
use sheaf::store::{Store, Stores, TimerClock};

use crate::{Result, Work, fixture};

const ENTRIES: u32 = 1_000;
/// The bytes of an open bundle.
const BYTES: usize = 250;

struct Transaction {
    overlay: Overlay,
    store: Box<dyn Store>,
    keys: Vec<Key>,
    /// The head in the store.
    old: Arc<Head>,
    /// The head with another deadline.
    new: Arc<Head>,
    entry: Bytes,
}

pub(crate) fn overlay() -> Result<Box<dyn Work>> {
    let head = |due| Arc::new(Head { timers: vec![Timer { kind: DEADLINE, due }], ..Head::default() });
    let events = fixture::bundles(ENTRIES).concat();
    let parents = events.iter().filter(|event| event.is_parent());
    let mut transaction = Transaction {
        overlay: Overlay::new(),
        store: MemoryStores::new().open("hot-0")?,
        keys: parents.map(|event| Key::new(&event.bundle.to_string())).collect(),
        old: head(fixture::NOW),
        new: head(fixture::NOW.saturating_add(Duration::from_hours(1))),
        entry: Bytes::from(vec![b'e'; BYTES]),
    };
    for key in transaction.keys.clone() {
        let written = written(&transaction.old, Bytes::from_static(b"old"));
        transaction.overlay.put(key, None, written, Parts::default());
    }
    transaction.commit()?;
    Ok(Box::new(transaction))
}

fn written(head: &Arc<Head>, bytes: Bytes) -> Written {
    Written { head: Arc::clone(head), bytes }
}

impl Transaction {
    fn commit(&mut self) -> Result<()> {
        let positions = vec![("input".to_owned(), vec![0; 8]), ("changelog".to_owned(), vec![0; 8])];
        Ok(self.store.apply(&self.overlay.take_batch(positions))?)
    }
}

impl Work for Transaction {
    fn work(&mut self) -> Result<()> {
        for key in &self.keys {
            black_box(self.overlay.get(self.store.as_ref(), key)?);
            let written = written(&self.new, self.entry.clone());
            self.overlay.put(key.clone(), Some(Arc::clone(&self.old)), written, Parts::default());
            black_box(self.overlay.get(self.store.as_ref(), key)?);
        }
        self.commit()
    }

    fn check(&mut self) -> Result<()> {
        let moved = self.new.timers.first().map(|timer| timer.due);
        let is_new = |key| self.store.get(key).is_ok_and(|entry| entry.as_deref() == Some(&*self.entry));
        if self.store.next_due(TimerClock::Deadline)? == moved && self.keys.iter().all(is_new) {
            return Ok(());
        }
        Err("the store does not have the transaction".into())
    }
}
