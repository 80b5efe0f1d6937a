//! The simulator's state, as the control plane shows it.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::order::Order;
use super::row::{self, Row};
use crate::model::Timestamp;

/// All requests and folders since the start or the last reset, invisible folders too.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dump {
    /// The number of requests, those struck by a fault included, those to the control plane not.
    pub requests: u64,
    /// The same by call (`POST /run/ondemand`).
    pub requests_by_call: BTreeMap<String, u64>,
    /// The folders by name.
    pub folders: BTreeMap<String, DumpedFolder>,
    /// The rows of all runs, in the order of submission.
    pub jobs: Vec<Row>,
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

    /// The number of requests of one call (`POST /run/ondemand`).
    pub fn calls(&self, call: &str) -> u64 {
        self.requests_by_call.get(call).copied().unwrap_or(0)
    }
}
