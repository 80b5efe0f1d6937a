//! The life of jobs and folders: they wait, start, execute and end.

use super::log::What;
use super::state::{Due, Engine};
use super::unit::{State, Unit};
use crate::model::Timestamp;

/// Why a job waits, as the API says it.
const WAIT_USER: &str = "Wait User";
const WAIT_EVENT: &str = "Wait Condition";
const WAIT_RESOURCE: &str = "Wait Resource";
const WAIT_HOST: &str = "Wait Host";

impl Engine {
    /// Lets all that is due until `now` happen, each at its time.
    pub(in crate::mock::control_m) fn advance_to(&mut self, now: Timestamp) {
        self.settle();
        while let Some((at, due)) = self.agenda.first().copied().filter(|(at, _)| *at <= now) {
            self.agenda.remove(&(at, due));
            self.now = self.now.max(at);
            match due {
                Due::End { unit, run } => self.run_ends(unit, run),
                Due::Deadline(unit) => self.deadline_passes(unit),
                Due::NewDay => self.new_day(),
            }
            self.settle();
        }
        self.now = self.now.max(now);
    }

    /// Starts what can start.
    pub(super) fn settle(&mut self) {
        while let Some(id) = self.to_check.pop_first() {
            if self.units.get(&id).is_some_and(|unit| self.may_start(unit)) && self.takes_resources(id) {
                self.start(id);
            }
        }
    }

    /// The status of a unit, as the API says it.
    pub(in crate::mock::control_m) fn status(&self, unit: &Unit) -> &'static str {
        match unit.state {
            State::Executing => "Executing",
            State::Ended { ok: true } => "Ended OK",
            State::Ended { ok: false } => "Ended Not OK",
            State::Waiting => self.waits_for(unit).unwrap_or(WAIT_EVENT),
        }
    }

    /// What a unit waits for, in sentences.
    pub(in crate::mock::control_m) fn waiting_info(&self, unit: &Unit) -> Vec<String> {
        let mut reasons = Vec::new();
        if unit.state != State::Waiting {
            return reasons;
        }
        if unit.held {
            reasons.push("The job is held".to_owned());
        }
        if unit.waits_for_user() {
            reasons.push("The job waits for a confirmation".to_owned());
        }
        let is_there = |event: &_| self.events.has(&unit.folder().server, event, unit.order_date);
        for event in unit.node().waits.iter().flat_map(|wait| wait.events()).filter(|event| !is_there(event)) {
            reasons.push(format!("The job waits for the event {}", event.name));
        }
        if self.hosts_down.contains(&unit.node().labels.host) {
            reasons.push("There is no machine available for job execution".to_owned());
        }
        if let Some(name) = self.resources.missing(&unit.folder().server, &unit.node().uses) {
            reasons.push(format!("The job waits for the resource {name}"));
        }
        reasons
    }

    /// The first thing that keeps a unit from starting, other than what it lies in and a hold.
    fn waits_for(&self, unit: &Unit) -> Option<&'static str> {
        let (node, server) = (unit.node(), &unit.folder().server);
        let is_there = |event: &_| self.events.has(server, event, unit.order_date);
        if unit.waits_for_user() {
            Some(WAIT_USER)
        } else if unit.waits_for_events() && !node.waits.iter().all(|wait| wait.is_met(&is_there)) {
            Some(WAIT_EVENT)
        } else if self.hosts_down.contains(&node.labels.host) {
            Some(WAIT_HOST)
        } else {
            self.resources.missing(server, &node.uses).map(|_| WAIT_RESOURCE)
        }
    }

    fn may_start(&self, unit: &Unit) -> bool {
        let is_free = |unit: &Unit| !unit.held && !unit.deleted;
        let mut above = unit.parent;
        while let Some(unit) = above.and_then(|id| self.units.get(&id)) {
            if !is_free(unit) || unit.state != State::Executing {
                return false;
            }
            above = unit.parent;
        }
        let waits = self.waits_for(unit);
        unit.state == State::Waiting
            && is_free(unit)
            && unit.order_date <= self.order_date
            && (waits.is_none() || waits == Some(WAIT_RESOURCE))
    }

    /// Takes the pools and locks of a unit, or puts it among those that wait for them.
    fn takes_resources(&mut self, id: u64) -> bool {
        let Some(unit) = self.units.get(&id) else { return false };
        self.resources.take(id, &unit.folder().server, &unit.node().uses)
    }

    fn start(&mut self, id: u64) {
        let now = self.now;
        let Some(unit) = self.units.get_mut(&id) else { return };
        unit.state = State::Executing;
        unit.runs += 1;
        unit.started_at = Some(now);
        unit.ended_at = None;
        let (is_job, run) = (unit.is_job(), unit.runs);
        if is_job {
            self.archive.executed(&unit.folder().server);
        }
        self.waiting.remove(id, unit.node());
        if !is_job {
            self.to_check.extend(&unit.children);
            self.write_log(id, What::Executing);
            self.container_ends(id);
            return;
        }
        let node = unit.node();
        let run_of_job = self.outcomes.run(&node.name, &node.work);
        let ends_at = now.saturating_add(run_of_job.duration);
        unit.exit = run_of_job.exit;
        unit.ends_at = Some(ends_at);
        for what in [What::Submitted, What::Started, What::Executing] {
            self.write_log(id, what);
        }
        self.agenda.insert((ends_at, Due::End { unit: id, run }));
        self.look_at_services(id);
    }

    fn run_ends(&mut self, id: u64, run: u32) {
        let is_it = |unit: &&Unit| unit.runs == run && unit.state == State::Executing;
        let Some(unit) = self.units.get(&id).filter(is_it) else { return };
        self.end(id, unit.exit);
    }

    /// Ends a run of a job with an exit code.
    pub(super) fn end(&mut self, id: u64, exit: i32) {
        let Some(unit) = self.units.get_mut(&id) else { return };
        unit.codes.push(exit);
        self.write_log(id, What::Code(exit));
        let waiting = self.resources.give_back(id);
        self.to_check.extend(waiting);
        self.ends(id, exit == 0);
        self.take_actions(id, exit);
    }

    /// A unit has ended: its events, its service, and what it lies in.
    pub(super) fn ends(&mut self, id: u64, ok: bool) {
        let now = self.now;
        let Some(unit) = self.units.get_mut(&id) else { return };
        unit.state = State::Ended { ok };
        unit.ended_at = Some(now);
        self.waiting.remove(id, unit.node());
        let (server, date, parent) = (unit.folder().server.clone(), unit.order_date, unit.parent);
        let (adds, deletes) = (unit.node().adds.clone(), unit.node().deletes.clone());
        self.write_log(id, if ok { What::EndedOk } else { What::EndedNotOk });
        if ok {
            for event in adds {
                self.events.add(&server, &event, date);
                self.check_waiting(&event.name);
            }
            for event in deletes {
                self.events.delete(&server, &event, date);
            }
        }
        self.look_at_services(id);
        if let Some(parent) = parent {
            self.container_ends(parent);
        }
    }

    /// Ends a folder when all in it has ended: OK if all of it did.
    pub(super) fn container_ends(&mut self, id: u64) {
        let Some(unit) = self.units.get(&id).filter(|unit| unit.state == State::Executing) else { return };
        let inside = unit.children.iter().filter_map(|child| self.units.get(child)).filter(|child| !child.deleted);
        let (mut all_ended, mut all_ok) = (true, true);
        for child in inside {
            all_ended &= child.has_ended();
            all_ok &= child.state == State::Ended { ok: true };
        }
        if all_ended {
            self.ends(id, all_ok);
            self.take_actions(id, i32::from(!all_ok));
        }
    }

    /// What lies above a unit executes again.
    pub(super) fn reopen_above(&mut self, id: u64) {
        let mut above = self.units.get(&id).and_then(|unit| unit.parent);
        while let Some(unit) = above.and_then(|id| self.units.get_mut(&id)) {
            if unit.has_ended() {
                unit.state = State::Executing;
                unit.ended_at = None;
            }
            above = unit.parent;
        }
    }
}
