//! New Day: the next order date begins, and what is over leaves the active jobs.

use super::super::definition::Keep;
use super::calendar::plus;
use super::state::{Due, Engine};
use super::unit::{State, Unit};

impl Engine {
    /// Puts the next New Day on the agenda.
    pub(super) fn expect_new_day(&mut self) {
        let next = self.rules.calendar.next_new_day(self.now);
        self.agenda.extend(next.map(|at| (at, Due::NewDay)));
    }

    /// The instant of the next New Day.
    pub(in crate::mock::control_m) fn next_new_day(&self) -> Option<crate::model::Timestamp> {
        self.rules.calendar.next_new_day(self.now)
    }

    pub(super) fn new_day(&mut self) {
        self.order_date = self.rules.calendar.order_date(self.now);
        let over = self.units.values().filter(|unit| unit.is_job() && self.is_over(unit));
        let over: Vec<u64> = over.map(|unit| unit.id).collect();
        for id in over {
            self.remove(id);
        }
        // Jobs that were ordered for a later date may start.
        self.to_check.extend(self.units.keys());
        self.expect_new_day();
    }

    /// Whether a job leaves: it is not kept until today, and does not execute.
    fn is_over(&self, unit: &Unit) -> bool {
        let node = unit.node();
        let last_day = |keep: Keep, more: i32| match keep {
            Keep::Forever => None,
            Keep::Days(days) => Some(plus(unit.order_date, days.saturating_add(more))),
        };
        let last = match unit.state {
            State::Executing => None,
            State::Ended { ok: true } if unit.folder().clean_ended_ok => return true,
            State::Ended { ok: true } | State::Waiting => last_day(node.keep, 0),
            // One day more, so that somebody can look at it.
            State::Ended { ok: false } => last_day(node.keep.max(node.keep_if_not_ok), 1),
        };
        last.is_some_and(|last| last < self.order_date)
    }

    /// The jobs that have ended, also those that were removed.
    pub(in crate::mock::control_m) fn archived(&self) -> impl Iterator<Item = &Unit> {
        let ended = |unit: &&Unit| unit.is_job() && matches!(unit.state, State::Ended { .. });
        self.archive.removed().chain(self.units.values().filter(ended))
    }

    /// The number of executions of jobs, by server.
    pub(in crate::mock::control_m) const fn executions(&self) -> &std::collections::BTreeMap<String, u64> {
        self.archive.executions()
    }

    /// Removes a unit, and what it lies in when nothing is left there.
    fn remove(&mut self, id: u64) {
        let Some(unit) = self.units.remove(&id) else { return };
        self.to_check.remove(&id);
        self.services.remove(&id);
        self.resources.forget(id);
        self.waiting.remove(id, unit.node());
        let parent = unit.parent;
        self.archive.keep(unit);
        let Some(parent) = parent else { return };
        let Some(above) = self.units.get_mut(&parent) else { return };
        above.children.retain(|child| *child != id);
        if above.children.is_empty() {
            self.remove(parent);
        } else {
            self.container_ends(parent);
        }
    }
}
