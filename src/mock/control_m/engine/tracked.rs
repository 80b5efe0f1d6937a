//! A service among the active jobs.

use std::collections::{BTreeMap, BTreeSet};

use super::super::definition::EventRef;
use super::unit::Unit;
use crate::model::Timestamp;

/// A service among the active jobs.
#[derive(Debug)]
pub(super) struct Tracked {
    /// When it has to be complete; none means never.
    pub(super) due: Option<Timestamp>,
    /// The jobs that it depends on, with itself, and what each of them needs.
    pub(super) path: BTreeMap<u64, Needs>,
    /// What was raised; each once.
    pub(super) raised: BTreeSet<&'static str>,
}

/// The events that a job waits for, by who adds them.
#[derive(Debug)]
pub(super) struct Needs {
    /// The units of its order that add some of them.
    pub(super) adders: Vec<u64>,
    /// Those that nothing in its order adds.
    pub(super) outside: Vec<EventRef>,
}

/// The units that the unit depends on, among those of its order, with itself.
pub(super) fn path<'a>(id: u64, units: impl Iterator<Item = &'a Unit>) -> BTreeMap<u64, Needs> {
    let units: BTreeMap<u64, &Unit> = units.map(|unit| (unit.id, unit)).collect();
    let mut adders_of: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
    for unit in units.values() {
        for event in &unit.node().adds {
            adders_of.entry(&event.name).or_default().push(unit.id);
        }
    }
    let (mut found, mut next) = (BTreeMap::new(), vec![id]);
    while let Some(id) = next.pop() {
        let Some(unit) = units.get(&id).filter(|_| !found.contains_key(&id)) else { continue };
        let mut needs = Needs { adders: Vec::new(), outside: Vec::new() };
        for event in unit.node().waits.iter().flat_map(|wait| wait.events()) {
            match adders_of.get(event.name.as_str()) {
                Some(adders) => needs.adders.extend(adders),
                None => needs.outside.push(event.clone()),
            }
        }
        next.extend(&needs.adders);
        found.insert(id, needs);
    }
    found
}
