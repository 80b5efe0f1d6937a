//! A run of flows: its messages, workers and operators, and the checks of it.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;

use super::coverage::CoveragePoint;
use super::flows::{self, Ask, EVENTS, Found, Observed, Order, Workers};
use super::run::Run;
use super::setup::APPLICATION;
use crate::model::{Clock, Key, OutRecord, Record, Topic};
use crate::processor::Command;
use crate::processor::flow::{FLOW, FLOWS};
use crate::runtime::{Audit, command_record};
use crate::topology::internal_topic;

/// The longest time between two steps, in milliseconds: some seconds are a flow's life.
const STEP_MS_MAX: u64 = 600;
/// The most rounds until all flows have ended.
const ROUNDS_MAX: usize = 400;
/// The rounds between two looks at which flows are open.
const ROUNDS_PER_CHECK: usize = 5;
/// The time of a round, in milliseconds.
const ROUND_MS: u64 = 2_000;
/// The most turns of a round.
const TURNS_MAX: usize = 1_000;

impl Run {
    /// Plans some more flows; nothing in a run of bundles.
    pub(super) fn begin_flows(&mut self) {
        let count = self.plan.bundles / 2;
        if let Some(workers) = &mut self.workers {
            workers.begin_more(count);
        }
    }

    /// True if flows are still to begin.
    pub(super) fn has_starts(&self) -> bool {
        self.workers.as_ref().is_some_and(Workers::has_starts)
    }

    /// A step of the people and services around flows: they read, answer and send commands. False in a run of bundles.
    pub(super) fn step_flows(&mut self) -> bool {
        let Some(mut workers) = self.workers.take() else { return false };
        self.read_asks(&mut workers);
        let now = self.world.clock().uptime();
        if self.partitions_of_events(&mut workers).is_some() {
            for value in workers.due(now) {
                self.write_event(&workers, &value);
            }
            if let Some(order) = workers.order() {
                self.send_order(&mut workers, order);
            }
        }
        let millis = workers.millis(STEP_MS_MAX);
        self.advance(millis);
        self.workers = Some(workers);
        true
    }

    /// The number of partitions that the topic of events had at first: a key stays in its partition when there are more.
    fn partitions_of_events(&self, workers: &mut Workers) -> Option<i32> {
        if workers.partitions.is_none() {
            workers.partitions = self.partitions_of(EVENTS);
        }
        workers.partitions
    }

    fn write_event(&mut self, workers: &Workers, value: &Bytes) {
        let json = serde_json::from_slice(value).unwrap_or_default();
        let key = flows::text(&json, "business_ref_no");
        let number = key.rsplit('-').next().and_then(|number| number.parse::<u64>().ok()).unwrap_or_default();
        let partitions = u64::try_from(workers.partitions.unwrap_or(1)).unwrap_or(1).max(1);
        self.log(&format!("written: {}", String::from_utf8_lossy(value)));
        let record = OutRecord {
            partition: i32::try_from(number % partitions).ok(),
            ..OutRecord::keyed(&Topic::new(EVENTS), &Key::new(key), value.clone())
        };
        self.write_record(record);
    }

    fn send_order(&mut self, workers: &mut Workers, order: Order) {
        let Order { id, key, name, arguments, times } = order.clone();
        let line = format!("command: {name} of {key} {arguments:?}, {times} times");
        let at = self.world.clock().now();
        let (by, why) = ("an operator".to_owned(), "it is simulated".to_owned());
        let command = Command { id, name: name.to_owned(), arguments, by, why, at, traceparent: None };
        let record = command_record(&Key::new(&key), &command, &internal_topic(APPLICATION, &format!("{FLOW}-inbox")));
        self.log(&line);
        for _ in 0..times {
            if self.write_record(record.clone()) {
                *self.commands.sent.entry(id).or_default() += 1;
            }
        }
        workers.orders.push(order);
    }

    /// Shows workers what was committed since they last looked.
    fn read_asks(&mut self, workers: &mut Workers) {
        let now = self.world.clock().uptime();
        let mut asks = Vec::new();
        for topic in topics(workers) {
            for record in self.world.broker().committed_records(&topic) {
                let next = workers.seen.entry(record.source.clone()).or_default();
                if record.offset >= *next {
                    *next = record.offset + 1;
                    asks.push(Ask::read(workers.flow(), &record));
                }
            }
        }
        for ask in asks {
            self.log(&format!("read: {} asks {} with {}", ask.key, ask.step.map_or("", |it| it.name), ask.id));
            workers.asked(&ask, now);
        }
    }

    /// Has workers answer everything and operators complete what is held, until all flows have ended.
    pub(super) fn settle_flows(&mut self) {
        let Some(mut workers) = self.workers.take() else { return };
        self.log("everything is answered");
        workers.settle_down();
        let mut completed = BTreeSet::new();
        let mut open = BTreeSet::new();
        for round in 0..ROUNDS_MAX {
            self.read_asks(&mut workers);
            if round % ROUNDS_PER_CHECK == 0 {
                open = self.found(&workers).open();
                if open.is_empty() && round > 0 {
                    break;
                }
            }
            for value in workers.settle(&open) {
                self.write_event(&workers, &value);
            }
            for record in self.committed("alerts") {
                let alert = flows::value(&record);
                if flows::text(&alert, "kind") == "flow_held"
                    && completed.insert((record.source.clone(), record.offset))
                {
                    let step = alert.pointer("/details/step").and_then(|step| step.as_str()).unwrap_or_default();
                    let order = workers.complete(flows::text(&alert, "key"), step);
                    self.send_order(&mut workers, order);
                }
            }
            // All that is written is taken, however slowly, before time goes on.
            let (Ok(_) | Err(_)) = self.world.run_until_idle(TURNS_MAX);
            self.advance(ROUND_MS);
            self.turn();
        }
        self.workers = Some(workers);
    }

    /// Adds the history of the flows that violations name to the trace.
    fn log_steps_of(&mut self, violations: &[String]) {
        let keys: BTreeSet<&str> =
            violations.iter().filter_map(|it| it.strip_prefix("flow ")?.split([' ', ':']).next()).collect();
        for record in self.committed("history") {
            let step = flows::value(&record);
            if keys.contains(flows::text(&step, "key")) {
                self.log(&format!("history: {step}"));
            }
        }
    }

    /// The committed records of a topic of the application.
    fn committed(&self, name: &str) -> Vec<Record> {
        self.world.broker().committed_records(&internal_topic(APPLICATION, name))
    }

    /// What the oracle has found.
    fn found(&self, workers: &Workers) -> Found {
        let sent = topics(workers).iter().flat_map(|topic| self.world.broker().committed_records(topic)).collect();
        let observed = Observed {
            sources: self.world.broker().committed_records(&Topic::new(EVENTS)),
            history: self.committed("history"),
            sent,
            ends: self.committed(FLOWS),
            alerts: self.committed("alerts"),
            dead_letters: self.committed("dead-letters"),
            orders: workers.orders.clone(),
            requests: self.executor.requests(),
        };
        flows::check(workers.flow(), &observed)
    }

    /// Checks flows; `None` for a run of bundles. At the end all flows have ended, and are forgotten after some time.
    pub(super) fn check_flows(&mut self) -> Option<Vec<String>> {
        let workers = self.workers.take()?;
        let mut found = self.found(&workers);
        let mut violations = std::mem::take(&mut found.violations);
        let mut audits: BTreeMap<_, usize> = BTreeMap::new();
        for audit in self.committed("audit").iter().filter_map(Audit::read) {
            *audits.entry(audit.id).or_default() += 1;
        }
        if audits != self.commands.sent {
            violations.push(format!("commands were sent {:?} times and audited {audits:?} times", self.commands.sent));
        }
        if workers.is_settled() {
            violations.extend(found.open().iter().map(|key| format!("flow {key} has not ended")));
        }
        self.log_steps_of(&violations);
        if self.is_past_retention {
            let kept = found.statuses.iter().filter(|(_, statuses)| !statuses.is_empty());
            violations.extend(kept.map(|(key, _)| format!("flow {key} is kept for longer than it should")));
            for point in CoveragePoint::of_flows() {
                let times = found.events.get(point.event()).copied().unwrap_or_default();
                self.coverage.count_many(point, times);
            }
        }
        self.workers = Some(workers);
        Some(violations)
    }
}

/// The topics of workers, and that of messages.
fn topics(workers: &Workers) -> Vec<Topic> {
    workers.flow().topics().map(Topic::new).collect()
}
