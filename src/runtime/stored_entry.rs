//! Shows entries of stores as JSON, for a person.

use bytes::Bytes;
use serde_json::Value;

use super::error::{Error, Result};
use crate::codec::{self, Head, entry, part};
use crate::model::{Key, TaskId};
use crate::processor::{AnyProcessor, Body};
use crate::store::{Store, Stores};
use crate::topology::{self, Topology};

/// An entry that a store of the state directory has.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredEntry {
    /// The task whose store has it.
    pub task: TaskId,
    /// The processor with the generation of the store: `bundle`, or `bundle.g1` after a replay.
    pub state: String,
    /// What its processor shows of it ([`Processor::show`](crate::processor::Processor::show)).
    pub shown: Value,
}

/// The entries of a key in the stores of a state directory, upstream first. No instance may run on the same directory.
pub fn show(topology: &Topology, stores: &dyn Stores, key: &Key) -> Result<Vec<StoredEntry>> {
    let directory = || TaskId { processor: "state directory".into(), partition: 0 };
    let existing = stores.existing().map_err(|source| Error::store(&directory(), source))?;
    let named = |name: &'_ String| {
        let (processor, generation, partition) = topology::parse_store(name)?;
        let state = topology::state_name(processor, generation);
        Some((TaskId { processor: processor.into(), partition }, state, name.clone()))
    };
    let tasks: Vec<(TaskId, String, String)> = existing.iter().filter_map(named).collect();
    let mut found = Vec::new();
    for node in &topology.nodes {
        // Those of all generations: which one is in force is known in the cluster only.
        for (task, state, name) in tasks.iter().filter(|(task, ..)| *task.processor == *node.name) {
            let store = stores.open(name).map_err(|source| Error::store(task, source))?;
            let shown = show_in(&*node.processor, &*store, key).map_err(|error| match error {
                ShowError::Store(source) => Error::store(task, source),
                ShowError::Entry(error) => Error::Entry { task: task.clone(), key: key.to_string(), error },
            })?;
            found.extend(shown.map(|shown| StoredEntry { task: task.clone(), state: state.clone(), shown }));
        }
    }
    Ok(found)
}

/// An entry cannot be shown.
#[derive(Debug)]
pub enum ShowError {
    /// The store cannot be read.
    Store(crate::store::Error),
    /// The entry cannot be decoded.
    Entry(codec::Error),
}

/// The entry of a key in a store; `None` if there is none.
pub fn show_in(
    processor: &dyn AnyProcessor,
    store: &dyn Store,
    key: &Key,
) -> std::result::Result<Option<Value>, ShowError> {
    let Some(bytes) = store.get(key).map_err(ShowError::Store)? else { return Ok(None) };
    let entry = entry::decode(&bytes).map_err(ShowError::Entry)?;
    let parts = store.counted_parts(key, &entry.head.parts).map_err(ShowError::Store)?;
    let parts = parts.into_iter().map(|(_, bytes)| bytes);
    let shown = decoded(processor, &entry, parts).and_then(|body| shown(processor, key, (&entry.head, &body)));
    shown.map(Some).map_err(ShowError::Entry)
}

/// What the processor shows of an entry, with the id of the trace that it belongs to.
pub(super) fn shown(
    processor: &dyn AnyProcessor,
    key: &Key,
    (head, body): (&Head, &Body),
) -> std::result::Result<Value, codec::Error> {
    let mut shown = processor.show(key, body)?;
    if let (Some(trace), Some(shown)) = (&head.trace, shown.as_object_mut()) {
        shown.insert("trace_id".to_owned(), trace.context.trace.to_string().into());
    }
    Ok(shown)
}

/// The state of a decoded entry with these parts.
pub(super) fn decoded(
    processor: &dyn AnyProcessor,
    entry: &codec::Entry<'_>,
    parts: impl Iterator<Item = Bytes>,
) -> std::result::Result<Body, codec::Error> {
    let parts: std::result::Result<Vec<_>, _> = parts.map(part::decode).collect();
    processor.decode(entry, parts?)
}
