//! SLA services: when they are due, and what is raised when.

use std::collections::{BTreeMap, BTreeSet};

use super::super::definition::{Deadline, REGULAR, Service};
use super::calendar::plus;
use super::state::{Due, Engine};
use super::tracked::{Tracked, path};
use super::unit::{State, Unit};
use crate::model::Timestamp;

/// A service, as the API shows it.
#[derive(Debug)]
pub(in crate::mock::control_m) struct ServiceRow<'a> {
    /// The SLA job.
    pub(in crate::mock::control_m) unit: &'a Unit,
    /// Its definition.
    pub(in crate::mock::control_m) service: &'a Service,
    /// When it has to be complete.
    pub(in crate::mock::control_m) due: Option<Timestamp>,
    /// `OK`, `Late`, `Error` or `Completed`; no source lists the words.
    pub(in crate::mock::control_m) status: &'static str,
    /// The jobs that it depends on.
    pub(in crate::mock::control_m) jobs: Vec<&'a Unit>,
}

const LATE: &str = "ServiceIsLate";
const PAST_DEADLINE: &str = "ServiceLatePastDeadline";
const FAILURE: &str = "JobFailureOnServicePath";
const ENDED: &str = "ServiceEndedOK";

impl Engine {
    /// Tracks the services among the units of an order.
    pub(super) fn track_services(&mut self, ids: std::ops::Range<u64>) {
        let found: Vec<u64> =
            self.units.range(ids.clone()).filter(|(_, unit)| is_sla(unit)).map(|(id, _)| *id).collect();
        for id in found {
            let due = self.units.get(&id).and_then(|unit| self.due(unit));
            self.agenda.extend(due.map(|at| (at, Due::Deadline(id))));
            let path = path(id, self.units.range(ids.clone()).map(|(_, unit)| unit));
            self.services.insert(id, Tracked { due, path, raised: BTreeSet::new() });
        }
    }

    /// A unit has started or ended: what is raised by it for the services that depend on it.
    pub(super) fn look_at_services(&mut self, unit: u64) {
        let Some(order) = self.units.get(&unit).and_then(|unit| self.orders.get(unit.order)) else { return };
        let ids = order.ids.clone();
        let touched = self.services.range(ids).filter(|(_, service)| service.path.contains_key(&unit));
        let touched: Vec<u64> = touched.map(|(id, _)| *id).collect();
        for id in touched {
            self.look_at_service(id, unit);
        }
    }

    /// The time of a service has come.
    pub(super) fn deadline_passes(&mut self, id: u64) {
        if self.units.get(&id).is_some_and(|unit| !unit.has_ended() && !unit.deleted) {
            self.raise_once(id, PAST_DEADLINE);
        }
    }

    /// The services among the active jobs.
    pub(in crate::mock::control_m) fn services(&self) -> Vec<ServiceRow<'_>> {
        self.services.iter().filter_map(|(id, tracked)| self.service_row(*id, tracked)).collect()
    }

    fn service_row<'a>(&'a self, id: u64, tracked: &'a Tracked) -> Option<ServiceRow<'a>> {
        let unit = self.visible(id)?;
        let has = |kind| tracked.raised.contains(kind);
        let status = match unit.state {
            State::Ended { ok: true } => "Completed",
            State::Waiting | State::Executing | State::Ended { .. } if has(LATE) || has(PAST_DEADLINE) => "Late",
            State::Waiting | State::Executing | State::Ended { .. } if has(FAILURE) => "Error",
            State::Waiting | State::Executing | State::Ended { .. } => "OK",
        };
        let jobs = tracked.path.keys().filter(|job| **job != id).filter_map(|job| self.units.get(job)).collect();
        Some(ServiceRow { unit, service: unit.node().service.as_ref()?, due: tracked.due, status, jobs })
    }

    fn look_at_service(&mut self, id: u64, unit: u64) {
        let ended = self.units.get(&unit).map(|unit| unit.state);
        if ended == Some(State::Ended { ok: false }) {
            self.raise_once(id, FAILURE);
        }
        if ended == Some(State::Ended { ok: true }) && unit == id {
            self.raise_once(id, ENDED);
        }
        let Some(tracked) = self.services.get(&id).filter(|tracked| !tracked.raised.contains(LATE)) else { return };
        let expected = self.expected_end(tracked, id, &mut BTreeMap::new());
        if expected.is_some_and(|expected| tracked.due.is_some_and(|due| expected > due)) {
            self.raise_once(id, LATE);
        }
    }

    fn raise_once(&mut self, id: u64, kind: &'static str) {
        let Some(tracked) = self.services.get_mut(&id) else { return };
        if tracked.raised.insert(kind) {
            let service = self.units.get(&id).and_then(|unit| unit.node().service.as_ref());
            let name = service.map(|service| service.name.clone()).unwrap_or_default();
            self.raise(id, (kind, REGULAR), name);
        }
    }

    fn due(&self, unit: &Unit) -> Option<Timestamp> {
        match unit.node().service.as_ref()?.deadline? {
            Deadline::In(time) => Some(self.now.saturating_add(time)),
            Deadline::By { days, time } => {
                let midnight = self.rules.calendar.at(plus(unit.order_date, days), jiff::civil::Time::midnight())?;
                Some(midnight.saturating_add(time))
            }
        }
    }

    /// When a unit of a service will have ended; unknown while it waits for what nothing in its order adds, or for a user.
    fn expected_end(
        &self,
        tracked: &Tracked,
        id: u64,
        known: &mut BTreeMap<u64, Option<Timestamp>>,
    ) -> Option<Timestamp> {
        if let Some(found) = known.get(&id) {
            return *found;
        }
        // A circle waits for ever.
        known.insert(id, None);
        let unit = self.units.get(&id)?;
        let found = match unit.state {
            State::Ended { ok: true } => unit.ended_at,
            State::Ended { ok: false } => None,
            State::Executing => unit.ends_at,
            State::Waiting => self.expected_end_of_waiting(tracked, unit, known),
        };
        known.insert(id, found);
        found
    }

    fn expected_end_of_waiting(
        &self,
        tracked: &Tracked,
        unit: &Unit,
        known: &mut BTreeMap<u64, Option<Timestamp>>,
    ) -> Option<Timestamp> {
        let needs = tracked.path.get(&unit.id)?;
        let is_there = |event: &_| self.events.has(&unit.folder().server, event, unit.order_date);
        if unit.held || unit.waits_for_user() || !needs.outside.iter().all(is_there) {
            return None;
        }
        let mut from = self.now;
        for adder in &needs.adders {
            from = from.max(self.expected_end(tracked, *adder, known)?);
        }
        let node = unit.node();
        Some(from.saturating_add(self.outcomes.expected(&node.name, &node.work).duration))
    }
}

fn is_sla(unit: &Unit) -> bool {
    unit.node().service.is_some()
}
