//! The archive: jobs that have ended, also those that New Day has removed.

use std::collections::{BTreeMap, VecDeque};

use super::unit::{State, Unit};

/// The most removed jobs that are kept.
const KEPT_MAX: usize = 10_000;

/// The jobs that have left the active ones, and the executions of all jobs.
#[derive(Debug, Default)]
pub(super) struct Archive {
    removed: VecDeque<Unit>,
    /// The number of executions, by server.
    executions: BTreeMap<String, u64>,
}

impl Archive {
    /// Keeps a unit that leaves the active jobs.
    pub(super) fn keep(&mut self, unit: Unit) {
        if matches!(unit.state, State::Ended { .. }) && unit.is_job() {
            self.removed.push_back(unit);
            if self.removed.len() > KEPT_MAX {
                self.removed.pop_front();
            }
        }
    }

    /// Counts an execution on a server.
    pub(super) fn executed(&mut self, server: &str) {
        *self.executions.entry(server.to_owned()).or_default() += 1;
    }

    /// The jobs that were removed.
    pub(super) fn removed(&self) -> impl Iterator<Item = &Unit> {
        self.removed.iter()
    }

    /// The number of executions, by server.
    pub(super) const fn executions(&self) -> &BTreeMap<String, u64> {
        &self.executions
    }
}
