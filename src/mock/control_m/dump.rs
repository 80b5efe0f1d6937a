//! The simulator's state, as the control plane shows it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::engine::{Alert, Engine};
use super::row::{Row, Times};
use crate::model::Timestamp;

/// All requests and folders since the start or the last reset, invisible folders too.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dump {
    /// The number of requests, those struck by a fault included, those to the control plane not.
    pub requests: u64,
    /// The same by call (`POST /run/ondemand`).
    pub requests_by_call: BTreeMap<String, u64>,
    /// The folders by name, also those that have left the active jobs.
    pub folders: BTreeMap<String, DumpedFolder>,
    /// The rows of all active jobs, in the order of submission.
    pub jobs: Vec<Row>,
    /// The events that are there.
    #[serde(default)]
    pub events: Vec<DumpedEvent>,
    /// The alerts, the newest last.
    #[serde(default)]
    pub alerts: Vec<Alert>,
    /// The order date, `yymmdd`.
    #[serde(default)]
    pub order_date: String,
}

/// A submitted folder.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DumpedFolder {
    /// The number of its submits: more than 1 is a double submission.
    pub submits: u64,
    /// The run of each submit.
    pub run_ids: Vec<String>,
    /// The time from which on each is visible.
    pub visible_at: Vec<Timestamp>,
}

/// An event in the pool.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DumpedEvent {
    /// Its name.
    pub name: String,
    /// The Control-M server.
    pub ctm: String,
    /// `MMDD`, or `STAT` for none.
    pub date: String,
}

impl Dump {
    pub(super) fn new(requests: &BTreeMap<String, u64>, engine: &Engine) -> Self {
        let mut folders: BTreeMap<String, DumpedFolder> = BTreeMap::new();
        for order in engine.orders() {
            let folder = folders.entry(order.folder.clone()).or_default();
            folder.submits += 1;
            folder.run_ids.push(order.run_id.clone());
            folder.visible_at.push(order.visible_at);
        }
        let units = engine.orders().iter().flat_map(|order| engine.units_of(order));
        let shown = units.filter(|unit| unit.is_shown());
        Self {
            requests: requests.values().sum(),
            requests_by_call: requests.clone(),
            folders,
            jobs: shown.map(|unit| Row::new(engine, unit, Times::Compact)).collect(),
            events: engine.events().map(DumpedEvent::new).collect(),
            alerts: engine.alerts().to_vec(),
            order_date: engine.order_date().strftime("%y%m%d").to_string(),
        }
    }

    /// The number of requests of one call (`POST /run/ondemand`).
    pub fn calls(&self, call: &str) -> u64 {
        self.requests_by_call.get(call).copied().unwrap_or(0)
    }
}

impl DumpedEvent {
    pub(super) fn new(event: &super::engine::Event) -> Self {
        Self { name: event.name.clone(), ctm: event.server.clone(), date: event.date.clone() }
    }
}
