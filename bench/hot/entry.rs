//! Encoding and decoding of entries of open bundles.

use std::hint::black_box;
use std::sync::Arc;

use sheaf::codec::{Head, entry};
use sheaf::model::Timer;
use sheaf::processor::bundle::DEADLINE;
use sheaf::processor::{AnyProcessor, Body};

use crate::step::Steps;
use crate::{Result, Work, fixture};

/// The initial capacity that the runtime reserves for an entry.
const ENTRY_LEN: usize = 512;

/// Open bundles, each with a deadline.
struct Entries {
    processor: Arc<dyn AnyProcessor>,
    head: Head,
    bodies: Vec<Body>,
    /// The encoded entries.
    stored: Vec<Vec<u8>>,
}

impl Entries {
    fn open() -> Result<Self> {
        let Steps { processor, bundles, .. } = Steps::with(fixture::CHILDREN)?;
        let head = Head { timers: vec![Timer { kind: DEADLINE, due: fixture::NOW }], ..Head::default() };
        let bodies: Vec<Body> = bundles.into_iter().filter_map(|bundle| bundle.body).collect();
        Ok(Self { processor, head, stored: Vec::with_capacity(bodies.len()), bodies })
    }

    fn encode(&mut self) -> Result<()> {
        for body in &self.bodies {
            let mut bytes = Vec::with_capacity(ENTRY_LEN);
            entry::encode_front(&self.head, self.processor.version(body)?, &mut bytes)?;
            self.processor.encode(body, &mut bytes)?;
            self.stored.push(black_box(bytes));
        }
        Ok(())
    }
}

/// The encoding.
struct Encoding(Entries);

pub(crate) fn encode() -> Result<Box<dyn Work>> {
    Ok(Box::new(Encoding(Entries::open()?)))
}

impl Work for Encoding {
    fn work(&mut self) -> Result<()> {
        self.0.encode()
    }

    fn check(&mut self) -> Result<()> {
        let is_whole = |bytes: &Vec<u8>| entry::decode(bytes).is_ok_and(|entry| entry.head == self.0.head);
        if self.0.stored.iter().all(is_whole) { Ok(()) } else { Err("an entry lost its head".into()) }
    }
}

/// The decoding.
struct Decoding(Entries);

pub(crate) fn decode() -> Result<Box<dyn Work>> {
    let mut entries = Entries::open()?;
    entries.encode()?;
    entries.bodies.clear();
    Ok(Box::new(Decoding(entries)))
}

impl Work for Decoding {
    fn work(&mut self) -> Result<()> {
        for bytes in &self.0.stored {
            let entry = entry::decode(bytes)?;
            drop(black_box(self.0.processor.decode(&entry, Vec::new())?));
        }
        Ok(())
    }

    fn check(&mut self) -> Result<()> {
        if self.0.stored.is_empty() { Err("there was no entry".into()) } else { Ok(()) }
    }
}
