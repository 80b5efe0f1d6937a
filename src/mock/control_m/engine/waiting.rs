//! The units that wait for an event, by its name.

use std::collections::{BTreeMap, BTreeSet};

use super::super::definition::Node;

/// The units that have not started, by the names of the events that they wait for.
#[derive(Debug, Default)]
pub(super) struct Waiting(BTreeMap<String, BTreeSet<u64>>);

impl Waiting {
    /// A unit waits for the events of its node.
    pub(super) fn add(&mut self, id: u64, node: &Node) {
        for event in node.waits.iter().flat_map(|wait| wait.events()) {
            self.0.entry(event.name.clone()).or_default().insert(id);
        }
    }

    /// It waits no more: it has started, has ended, or is gone. A rerun does not wait for events.
    pub(super) fn remove(&mut self, id: u64, node: &Node) {
        for event in node.waits.iter().flat_map(|wait| wait.events()) {
            if let Some(units) = self.0.get_mut(&event.name) {
                units.remove(&id);
                if units.is_empty() {
                    self.0.remove(&event.name);
                }
            }
        }
    }

    /// The units that wait for an event of that name, of any date.
    pub(super) fn of(&self, event: &str) -> impl Iterator<Item = u64> {
        self.0.get(event).into_iter().flatten().copied()
    }
}
