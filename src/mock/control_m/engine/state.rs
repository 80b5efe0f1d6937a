//! All that the simulated Control-M knows.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::super::definition::{EventRef, Folder};
use super::archive::Archive;
use super::calendar::Calendar;
use super::events::{Event, EventPool};
use super::log::{self, Entry, What};
use super::outcome::{Outcome, Outcomes};
use super::resources::{Pool, Resources};
use super::tracked::Tracked;
use super::unit::Unit;
use super::waiting::Waiting;
use crate::model::Timestamp;

/// The most alerts that are kept; the oldest go first.
const ALERTS_MAX: usize = 10_000;

/// What holds for all of them.
#[derive(Clone, Debug)]
pub(in crate::mock::control_m) struct Rules {
    /// The time zone and the New Day.
    pub(in crate::mock::control_m) calendar: Calendar,
    /// How long a job executes that does not say so.
    pub(in crate::mock::control_m) job_duration: Duration,
    /// The time until what is ordered is visible, drawn from the seed and the name of the folder.
    pub(in crate::mock::control_m) visibility_lag: RangeInclusive<Duration>,
    /// The seed of the lag and of the ids of runs.
    pub(in crate::mock::control_m) seed: u64,
}

/// The state.
#[derive(Debug)]
pub(in crate::mock::control_m) struct Engine {
    pub(super) rules: Rules,
    pub(super) now: Timestamp,
    pub(super) order_date: Date,
    pub(super) chance: fastrand::Rng,
    /// All orders, also of what has left the active jobs.
    pub(super) orders: Vec<Order>,
    pub(super) orders_by_run: BTreeMap<String, Vec<usize>>,
    pub(super) orders_by_folder: BTreeMap<String, Vec<usize>>,
    /// The active jobs.
    pub(super) units: BTreeMap<u64, Unit>,
    pub(super) next_id: u64,
    /// What happens when time has come to it.
    pub(super) agenda: BTreeSet<(Timestamp, Due)>,
    /// The units that may be able to start.
    pub(super) to_check: BTreeSet<u64>,
    pub(super) events: EventPool,
    /// The units that wait for an event, by its name.
    pub(super) waiting: Waiting,
    pub(super) resources: Resources,
    pub(super) outcomes: Outcomes,
    pub(super) hosts_down: BTreeSet<String>,
    /// The servers that folders were ordered on.
    pub(super) servers: BTreeSet<String>,
    /// The servers that are not connected, with the message about it.
    pub(super) servers_down: BTreeMap<String, String>,
    pub(super) services: BTreeMap<u64, Tracked>,
    pub(super) deployed: BTreeMap<(String, String), Arc<Folder>>,
    pub(super) alerts: Vec<Alert>,
    pub(super) alerts_raised: u64,
    pub(super) archive: Archive,
}

/// A folder that was ordered.
#[derive(Clone, Debug)]
pub(in crate::mock::control_m) struct Order {
    /// The id of its run.
    pub(in crate::mock::control_m) run_id: String,
    /// The folder's name.
    pub(in crate::mock::control_m) folder: String,
    /// When it was ordered.
    pub(in crate::mock::control_m) ordered_at: Timestamp,
    /// The time from which on it is visible.
    pub(in crate::mock::control_m) visible_at: Timestamp,
    /// The ids of its units, from the first to before the last.
    pub(super) ids: std::ops::Range<u64>,
}

/// What happens at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Due {
    /// The run of a job ends.
    End {
        /// The job.
        unit: u64,
        /// The number of the run; another one is over.
        run: u32,
    },
    /// A service has to be complete.
    Deadline(u64),
    /// The next order date begins.
    NewDay,
}

/// Something that somebody is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Alert {
    /// Its number, from 1.
    pub id: u64,
    /// When it was raised.
    pub at: Timestamp,
    /// `ServiceIsLate`, `ServiceLatePastDeadline`, `JobFailureOnServicePath`, `ServiceEndedOK`, `Mail`, `Notify`.
    #[serde(rename = "type")]
    pub kind: String,
    /// `R`, `U` or `V`: regular, urgent, very urgent.
    #[serde(default)]
    pub severity: String,
    /// The id of the job that raised it.
    pub job_id: String,
    /// The job's name.
    pub job_name: String,
    /// The message; of a service, its name.
    pub message: String,
    /// `New`, `Reviewed`, `Closed` or `Undefined`.
    pub status: String,
}

impl Engine {
    /// An empty Control-M at that time.
    pub(in crate::mock::control_m) fn new(rules: Rules, now: Timestamp) -> Self {
        let mut engine = Self {
            now,
            order_date: rules.calendar.order_date(now),
            chance: fastrand::Rng::with_seed(rules.seed),
            orders: Vec::new(),
            orders_by_run: BTreeMap::new(),
            orders_by_folder: BTreeMap::new(),
            units: BTreeMap::new(),
            next_id: 1,
            agenda: BTreeSet::new(),
            to_check: BTreeSet::new(),
            events: EventPool::default(),
            waiting: Waiting::default(),
            resources: Resources::default(),
            outcomes: Outcomes::new(rules.job_duration),
            hosts_down: BTreeSet::new(),
            servers: BTreeSet::new(),
            servers_down: BTreeMap::new(),
            services: BTreeMap::new(),
            deployed: BTreeMap::new(),
            alerts: Vec::new(),
            alerts_raised: 0,
            archive: Archive::default(),
            rules,
        };
        engine.expect_new_day();
        engine
    }

    /// The time that the last step was at.
    pub(in crate::mock::control_m) const fn now(&self) -> Timestamp {
        self.now
    }

    /// The current order date.
    pub(in crate::mock::control_m) const fn order_date(&self) -> Date {
        self.order_date
    }

    /// The calendar of the server.
    pub(in crate::mock::control_m) const fn calendar(&self) -> &Calendar {
        &self.rules.calendar
    }

    /// All events.
    pub(in crate::mock::control_m) fn events(&self) -> impl Iterator<Item = &Event> {
        self.events.iter()
    }

    /// Adds an event as a user; false if it is there already.
    pub(in crate::mock::control_m) fn add_event(&mut self, server: &str, event: &EventRef) -> bool {
        let is_new = self.events.add(server, event, self.order_date);
        self.check_waiting(&event.name);
        self.settle();
        is_new
    }

    /// Deletes an event as a user; false if there is none.
    pub(in crate::mock::control_m) fn delete_event(&mut self, server: &str, event: &EventRef) -> bool {
        self.events.delete(server, event, self.order_date)
    }

    /// All pools.
    pub(in crate::mock::control_m) fn pools(&self) -> Vec<Pool> {
        self.resources.pools()
    }

    /// Sets the units of a pool.
    pub(in crate::mock::control_m) fn set_pool(&mut self, server: &str, name: &str, max: u32) {
        self.resources.set(server, name, max);
        self.to_check.extend(self.resources.waiting());
        self.settle();
    }

    /// Removes a pool; false if there is none.
    pub(in crate::mock::control_m) fn remove_pool(&mut self, server: &str, name: &str) -> bool {
        self.resources.remove(server, name)
    }

    /// Takes a host down, or up again: the jobs on it wait.
    pub(in crate::mock::control_m) fn set_host(&mut self, host: &str, up: bool) {
        if up {
            self.hosts_down.remove(host);
        } else {
            self.hosts_down.insert(host.to_owned());
        }
        self.to_check.extend(self.units.keys());
        self.settle();
    }

    /// The servers that folders were ordered on.
    pub(in crate::mock::control_m) fn servers(&self) -> BTreeSet<String> {
        self.servers.clone()
    }

    /// The servers that are not connected, with the message about it.
    pub(in crate::mock::control_m) const fn servers_down(&self) -> &BTreeMap<String, String> {
        &self.servers_down
    }

    /// Connects a server, or not. What is shown of it in `/config/servers` is all that changes.
    pub(in crate::mock::control_m) fn set_server(&mut self, server: &str, up: bool) {
        if up {
            self.servers_down.remove(server);
        } else {
            self.servers_down.insert(server.to_owned(), "Gateway disconnected".to_owned());
        }
    }

    /// Adds a rule for how jobs end.
    pub(in crate::mock::control_m) fn add_outcome(&mut self, outcome: Outcome) {
        self.outcomes.add(outcome);
    }

    /// The lag of what is ordered from now on.
    pub(in crate::mock::control_m) fn set_visibility_lag(&mut self, lag: RangeInclusive<Duration>) {
        self.rules.visibility_lag = lag;
    }

    /// The alerts, the newest last.
    pub(in crate::mock::control_m) fn alerts(&self) -> &[Alert] {
        &self.alerts
    }

    /// The number of the latest alert, from 1; 0 before the first.
    pub(in crate::mock::control_m) const fn latest_alert(&self) -> u64 {
        self.alerts_raised
    }

    /// Changes the status of an alert; false if there is no such alert.
    pub(in crate::mock::control_m) fn set_alert_status(&mut self, id: u64, status: &str) -> bool {
        let found = self.alerts.iter_mut().find(|alert| alert.id == id);
        found.map(|alert| status.clone_into(&mut alert.status)).is_some()
    }

    /// The log of a unit, as text.
    pub(in crate::mock::control_m) fn log_of(&self, unit: &Unit) -> String {
        log::written(&unit.log, &self.rules.calendar)
    }

    /// The output of a run of a unit, from 1; 0 is the last one. None if there is none.
    pub(in crate::mock::control_m) fn output_of(&self, unit: &Unit, run: usize) -> Option<String> {
        let codes = &unit.codes;
        let code = if run == 0 { codes.last() } else { codes.get(run - 1) };
        self.outcomes.output(&unit.node().name, &unit.node().work, *code?)
    }

    pub(super) fn write_log(&mut self, unit: u64, what: What) {
        let at = self.now;
        if let Some(unit) = self.units.get_mut(&unit) {
            unit.log.push(Entry { at, what });
        }
    }

    pub(super) fn raise(&mut self, unit: u64, (kind, severity): (&str, &str), message: String) {
        let Some(unit) = self.units.get(&unit) else { return };
        self.alerts_raised += 1;
        let (job_id, job_name) = (unit.job_id(), unit.node().name.clone());
        let (id, at, status) = (self.alerts_raised, self.now, "New".to_owned());
        let (kind, severity) = (kind.to_owned(), severity.to_owned());
        self.alerts.push(Alert { id, at, kind, severity, job_id, job_name, message, status });
        if self.alerts.len() > ALERTS_MAX {
            self.alerts.remove(0);
        }
    }

    /// The units that wait for an event of that name are checked again.
    pub(super) fn check_waiting(&mut self, event: &str) {
        self.to_check.extend(self.waiting.of(event));
    }
}
