//! The keying step: the key of a record, and the partition of a key.

use std::hint::black_box;
use std::sync::Arc;

use sheaf::codec;
use sheaf::model::{Key, Record};
use sheaf::processor::{Keyed, Keying};
use sheaf::sim::SampleEvent;

use crate::{Result, Work, fixture};

const RECORDS: u32 = 200;
const KEYS: u32 = 1_000;
/// The partitions of an inbox of a large application.
const PARTITIONS: i32 = 64;

/// Records of one source without keys.
struct Unkeyed {
    keying: Arc<dyn Keying>,
    records: Vec<Record>,
    /// The total bytes of all keys.
    found: usize,
}

pub(crate) fn parents() -> Result<Box<dyn Work>> {
    records(SampleEvent::is_parent)
}

pub(crate) fn children() -> Result<Box<dyn Work>> {
    records(|event| event.position == 1)
}

fn records(wanted: fn(&SampleEvent) -> bool) -> Result<Box<dyn Work>> {
    let topology = fixture::topology()?;
    let events: Vec<SampleEvent> = fixture::bundles(RECORDS).concat().into_iter().filter(wanted).collect();
    let keying = Arc::clone(&fixture::source(&topology.sources, events.first().ok_or("no event")?)?.keying);
    Ok(Box::new(Unkeyed { keying, records: events.iter().map(fixture::record).collect(), found: 0 }))
}

impl Work for Unkeyed {
    fn work(&mut self) -> Result<()> {
        for record in &self.records {
            if let Keyed::To(keyed) = black_box(self.keying.key(record).map_err(|reject| reject.detail)?) {
                self.found += keyed.key.as_bytes().len();
            }
        }
        Ok(())
    }

    fn check(&mut self) -> Result<()> {
        let uuids = self.records.len() * 36;
        if self.found == uuids { Ok(()) } else { Err(format!("keys of {} bytes, not {uuids}", self.found).into()) }
    }
}

/// Keys for the partitioner.
struct Keys {
    keys: Vec<Key>,
    last: i32,
}

pub(crate) fn partitioner() -> Result<Box<dyn Work>> {
    let topology = fixture::topology()?;
    let events = fixture::bundles(KEYS).concat();
    let parents = events.iter().filter(|event| event.is_parent());
    let keys = parents.map(|parent| Ok(fixture::keyed(&topology.sources, parent)?.0)).collect::<Result<_>>()?;
    Ok(Box::new(Keys { keys, last: 0 }))
}

impl Work for Keys {
    fn work(&mut self) -> Result<()> {
        for key in &self.keys {
            self.last = self.last.max(black_box(codec::partitioner(key.as_bytes(), PARTITIONS)));
        }
        Ok(())
    }

    fn check(&mut self) -> Result<()> {
        if self.last == PARTITIONS - 1 { Ok(()) } else { Err("a thousand keys leave the last partition empty".into()) }
    }
}
