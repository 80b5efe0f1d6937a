//! Operators' commands in a run: sent in any order with events and faults, and checked by their audits.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::Value;
use uuid::Uuid;

use super::coverage::CoveragePoint;
use super::run::{Run, TIMEOUT};
use super::setup::APPLICATION;
use crate::broker::{Broker, ProducerSpec};
use crate::model::{Clock, Key, OutRecord, Record};
use crate::processor::Command;
use crate::processor::bundle::command::{CANCEL, COMPLETE, EXTEND, REOPEN, UNTIL};
use crate::processor::dead_letter::commands::{DISCARD, REDRIVE};
use crate::processor::dead_letter::{DEAD_LETTER, Letter};
use crate::runtime::{Audit, AuditVerdict, command_record};
use crate::topology::{BUNDLE, internal_topic};

/// The probability of a command in a step, per 1,000.
const COMMANDS: u32 = 60;
/// The share of commands that are sent twice, in percent.
const TWICE: u8 = 20;

impl Run {
    /// Sends a command, to a bundle or to a dead letter.
    pub(super) fn command(&mut self) {
        if !self.plan.commands || self.commands.rng.u32(0..1_000) >= COMMANDS {
            return;
        }
        let letters = self.world.broker().committed_records(&self.world.plan().dead_letters);
        let rng = &mut self.commands.rng;
        let of_letter = letters.get(rng.usize(0..=letters.len() * 2)).and_then(Letter::key);
        let bundles: Vec<Uuid> = self.sent.iter().map(|sent| sent.event.bundle).collect();
        let (processor, key, names): (&str, Key, &[&str]) = match (of_letter, bundles.is_empty()) {
            (Some(key), _) => (DEAD_LETTER, key, &[REDRIVE, REDRIVE, DISCARD]),
            (None, false) => {
                let bundle = bundles.get(rng.usize(0..bundles.len())).copied().unwrap_or_default();
                (BUNDLE, Key::new(&bundle.to_string()), &[CANCEL, COMPLETE, EXTEND, EXTEND, REOPEN, REOPEN, "delete"])
            }
            (None, true) => return,
        };
        let name = names.get(rng.usize(0..names.len())).copied().unwrap_or(CANCEL);
        let hours = rng.u64(1..48);
        let (id, times) = (Uuid::from_u128(rng.u128(..)), if rng.u8(0..100) < TWICE { 2 } else { 1 });
        let at = self.world.clock().now();
        let until = at.saturating_add(Duration::from_hours(hours)).to_string();
        let arguments = if name == EXTEND { [(UNTIL.to_owned(), until)].into() } else { BTreeMap::new() };
        let (by, why) = ("an operator".to_owned(), "it is simulated".to_owned());
        let command = Command { id, name: name.to_owned(), arguments, by, why, at, traceparent: None };
        self.log(&format!("command: {name} of {key}, {times} times"));
        let inbox = internal_topic(APPLICATION, &format!("{processor}-inbox"));
        for _ in 0..times {
            if self.write_record(command_record(&key, &command, &inbox)) {
                *self.commands.sent.entry(id).or_default() += 1;
            }
        }
    }

    /// The audits of all commands, in the order of their transactions.
    fn audits(&self) -> Vec<Audit> {
        let records = self.world.broker().committed_records(&self.world.plan().audit);
        records.iter().filter_map(Audit::read).collect()
    }

    /// The bundles that commands have changed: the oracle knows only what events make of them.
    pub(super) fn commanded(&self) -> BTreeSet<Uuid> {
        let accepted = self
            .audits()
            .into_iter()
            .filter(|audit| audit.processor == BUNDLE && matches!(audit.verdict, AuditVerdict::Accepted));
        accepted.filter_map(|audit| audit.key.parse().ok()).collect()
    }

    /// The number of letters that redrives have caused: of poison, which is rejected again.
    pub(super) fn redriven_letters(&self, letters: &[Record]) -> Vec<bytes::Bytes> {
        let mut again = Vec::new();
        for audit in self.audits() {
            let is_redrive = audit.processor == DEAD_LETTER && audit.name == REDRIVE && audit.before != audit.after;
            let is_of = |letter: &&Record| Letter::key(letter).is_some_and(|key| key.text() == audit.key);
            if let Some(letter) = letters.iter().find(is_of).filter(|_| is_redrive) {
                again.push(letter.value.clone().unwrap_or_default());
            }
        }
        again
    }

    /// Each command was executed once for each time that it was sent; what the bundles became that commands have changed.
    pub(super) fn check_commands(&mut self, submissions: &[Record]) -> Vec<String> {
        let audits = self.audits();
        let mut violations = Vec::new();
        let mut found: BTreeMap<Uuid, usize> = BTreeMap::new();
        for audit in &audits {
            *found.entry(audit.id).or_default() += 1;
            let point = match (&audit.verdict, audit.name == REDRIVE) {
                (AuditVerdict::Accepted, true) => CoveragePoint::Redrive,
                (AuditVerdict::Accepted, false) => CoveragePoint::CommandAccepted,
                (AuditVerdict::Rejected { .. }, _) => CoveragePoint::CommandRejected,
            };
            self.coverage.count(point);
        }
        for (id, times) in &self.commands.sent {
            let audited = found.remove(id).unwrap_or_default();
            if audited != *times && !(self.may_duplicate() && audited > *times) {
                violations.push(format!("command {id} was sent {times} times and is audited {audited} times"));
            }
        }
        violations.extend(found.keys().map(|id| format!("command {id} is audited and was not sent")));
        for bundle in self.commanded() {
            let key = bundle.to_string();
            let of_bundle: Vec<&Audit> =
                audits.iter().filter(|audit| audit.key == key && audit.before != audit.after).collect();
            let is_forced = of_bundle.iter().any(|audit| audit.after == ["closed/forced"]);
            let is_cancelled = of_bundle.last().is_some_and(|audit| audit.after == ["cancelled"]);
            let of_key = |record: &&Record| record.key.as_deref() == Some(key.as_bytes());
            let submitted: Vec<&Record> = submissions.iter().filter(of_key).collect();
            let runs = self.executor.folders().get(&format!("folder-{key}")).copied().unwrap_or_default();
            let wanted = match (is_forced, is_cancelled) {
                (true, _) => 1..=1,
                (false, true) => 0..=0,
                (false, false) => 0..=1,
            };
            if !wanted.contains(&submitted.len()) {
                let number = submitted.len();
                violations.push(format!("bundle {key}: {number} submissions instead of {wanted:?}, by its commands"));
            }
            if runs != submitted.len() && !self.may_duplicate() {
                violations.push(format!("bundle {key}: {runs} runs of {} submissions", submitted.len()));
            }
            violations.extend(
                submitted
                    .into_iter()
                    .filter(|it| !self.is_of_events(bundle, it))
                    .map(|_| format!("bundle {key}: its submission has members that were not written")),
            );
        }
        violations
    }

    /// True if all members of a submission were written.
    fn is_of_events(&self, bundle: Uuid, submission: &Record) -> bool {
        let value: Value =
            submission.value.as_deref().and_then(|it| serde_json::from_slice(it).ok()).unwrap_or_default();
        let written: Vec<&Value> =
            self.sent.iter().filter(|sent| sent.event.bundle == bundle).map(|sent| &sent.event.value).collect();
        let children = value.get("children").and_then(Value::as_array).cloned().unwrap_or_default();
        let parent = value.get("parent").filter(|parent| !parent.is_null());
        children.iter().chain(parent).all(|member| written.contains(&member))
    }

    /// Writes a record by a producer of its own; false if it could not be written.
    pub(super) fn write_record(&mut self, record: OutRecord) -> bool {
        let written = self.world.broker().process("operator").producer(&ProducerSpec::default());
        let written = written.and_then(|mut producer| {
            producer.init(TIMEOUT)?;
            producer.transact(&[record], TIMEOUT)
        });
        match written {
            Ok(_) => true,
            Err(error) => {
                self.violations.push(format!("the simulation could not write a command: {error}"));
                false
            }
        }
    }
}

/// The submissions of bundles that commands have not changed.
pub(super) fn of_others(records: Vec<Record>, commanded: &BTreeSet<Uuid>) -> Vec<Record> {
    let keys: BTreeSet<String> = commanded.iter().map(Uuid::to_string).collect();
    let is_other = |record: &Record| {
        let key = record.key.as_deref().map(String::from_utf8_lossy);
        key.is_none_or(|key| !keys.contains(&*key))
    };
    records.into_iter().filter(is_other).collect()
}
