//! What the control plane shows.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::order::Order;
use super::row::{self, Row};
use crate::model::Timestamp;

/// Everything that has happened, also what the lag still hides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dump {
    /// How many requests came in, those that a fault struck among them; the control plane's own are not counted.
    pub requests: u64,
    /// The same by call (`POST /run/ondemand`).
    pub requests_by_call: BTreeMap<String, u64>,
    /// The folders by name.
    pub folders: BTreeMap<String, DumpedFolder>,
    /// Every row of every run, in the order of submission.
    pub jobs: Vec<Row>,
}

/// A folder, and how often it was submitted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DumpedFolder {
    /// How often: 1, or something was submitted twice.
    pub submits: u64,
    /// The run of each submit.
    pub run_ids: Vec<String>,
    /// From when on each can be seen.
    pub visible_at: Vec<Timestamp>,
}

impl Dump {
    pub(super) fn new(
        requests: &BTreeMap<String, u64>,
        orders: &[Order],
        now: Timestamp,
        job_duration: Duration,
    ) -> Self {
        let mut folders: BTreeMap<String, DumpedFolder> = BTreeMap::new();
        for order in orders {
            let folder = folders.entry(order.folder.name.clone()).or_default();
            folder.submits += 1;
            folder.run_ids.push(order.run_id.clone());
            folder.visible_at.push(order.visible_at);
        }
        Self {
            requests: requests.values().sum(),
            requests_by_call: requests.clone(),
            folders,
            jobs: orders.iter().flat_map(|order| row::of(order, now, job_duration)).collect(),
        }
    }

    /// How many requests of one call came in (`POST /run/ondemand`).
    pub fn calls(&self, call: &str) -> u64 {
        self.requests_by_call.get(call).copied().unwrap_or(0)
    }
}
