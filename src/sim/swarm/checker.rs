//! The checks of a run: each violation is a sentence.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use serde_json::Value;
use uuid::Uuid;

use super::commands;
use super::coverage::CoveragePoint;
use super::run::Run;
use super::setup;
use crate::codec::{Head, entry, part};
use crate::config::ProcessingGuarantee;
use crate::metric::TaskState;
use crate::model::{Clock, Key, Record, TaskId, Timestamp, Topic};
use crate::processor::{bundle, delivery};
use crate::runtime::Status;
use crate::sim::Sent;
use crate::sim::oracle::{self, Expected, Outcome};
use crate::store::memory::MemoryStores;
use crate::store::{self, Stores, TimerClock};

impl Run {
    /// Runs all checks.
    pub(super) fn check(&mut self) {
        self.cover_paths();
        if let Some(found) = self.check_flows() {
            self.violations.extend(found);
            // Flows that wait for an answer are tried again and again, so their stores are behind.
            let found = if self.is_last_written { self.check_stores() } else { Vec::new() };
            return self.violations.extend(found);
        }
        if let Some(found) = self.check_threads() {
            self.violations.extend(found);
            let found = self.check_stores();
            return self.violations.extend(found);
        }
        let mut found = self.check_bundles();
        found.extend(self.check_dead_letters());
        found.extend(self.check_alerts());
        found.extend(self.check_history());
        found.extend(self.check_stores());
        self.violations.extend(found);
    }

    /// Counts the paths that events have taken: through an inbox, without one, in parts.
    fn cover_paths(&mut self) {
        let inbox = self.world.plan().nodes.first().map(|node| node.inbox.clone());
        if inbox.is_some_and(|inbox| !self.world.broker().all_records(&inbox).is_empty()) {
            self.coverage.count(CoveragePoint::Inbox);
        }
        let changelogs = self.world.plan().nodes.iter().map(|node| node.changelog.clone()).collect::<Vec<_>>();
        let is_part = |record: &Record| record.key.as_ref().is_some_and(|key| part::of_key(key).is_some());
        if changelogs.iter().any(|topic| self.world.broker().all_records(topic).iter().any(is_part)) {
            self.coverage.count(CoveragePoint::Parts);
        }
        let is_direct = |line: &str| line.starts_with("sheaf_processor_direct_records_total") && !line.ends_with(" 0");
        let texts = self.names().iter().filter_map(|name| self.world.metrics(name)?.encode().ok()).collect::<String>();
        if texts.lines().any(is_direct) {
            self.coverage.count(CoveragePoint::DirectHandover);
        }
    }

    /// True if outputs may be written twice: at least once.
    pub(super) fn may_duplicate(&self) -> bool {
        self.plan.guarantee == ProcessingGuarantee::AtLeastOnce
    }

    /// The number of bundles that are to be delivered: complete ones, by the written events; of those that commands have changed the
    /// submitted ones.
    pub(super) fn wanted_deliveries(&self) -> usize {
        let commanded = self.commanded();
        let expected = oracle::expected(&self.sent);
        let complete = |(id, bundle): &(&Uuid, &Expected)| bundle.completed.is_some() && !commanded.contains(id);
        let keys: BTreeSet<_> = self.submissions().into_iter().filter_map(|record| record.key).collect();
        let is_submitted = |id: &&Uuid| keys.contains(id.to_string().as_bytes());
        expected.iter().filter(complete).count() + commanded.iter().filter(is_submitted).count()
    }

    /// The committed records of the submissions topic.
    fn submissions(&self) -> Vec<Record> {
        let topic = self.world.plan().topology.nodes.iter().find_map(|node| node.output(bundle::SUBMISSIONS));
        topic.map_or_else(Vec::new, |topic| self.world.broker().committed_records(topic))
    }

    /// True if deadlines that are due wait for records that are not processed.
    pub(super) fn deadlines_wait(&self) -> bool {
        self.names().iter().filter_map(|name| self.world.status(name)).any(|status| !status.holds().is_empty())
    }

    /// The number of committed records of all changelogs.
    pub(super) fn changelog_records(&self) -> usize {
        let nodes = self.world.plan().nodes.iter();
        nodes.map(|node| self.world.broker().committed_records(&node.changelog).len()).sum()
    }

    /// The number of standby tasks that are still restoring.
    pub(super) fn restoring_standbys(&self) -> u64 {
        let counts = self.names().iter().filter_map(|name| self.world.status(name)).map(Status::standby_tasks);
        counts.filter_map(|counts| counts.get(&TaskState::Restoring).copied()).sum()
    }

    /// The number of bundles whose delivery has ended; without transactions one may have two outcomes.
    pub(super) fn ended_deliveries(&self) -> usize {
        let plan = self.world.plan();
        let topic = plan.topology.nodes.iter().find_map(|node| node.output(delivery::OUTCOMES));
        let records = topic.map_or_else(Vec::new, |topic| self.world.broker().committed_records(topic));
        records.into_iter().map(|record| record.key).collect::<BTreeSet<_>>().len()
    }

    /// Each complete bundle is submitted once with its written events and run once; each breach raises one alert.
    fn check_bundles(&mut self) -> Vec<String> {
        let commanded = self.commanded();
        let alerts = self.world.plan().alerts.clone();
        let of_others = |records: Vec<Record>| commands::of_others(records, &commanded);
        let mut folders = self.executor.folders();
        folders.retain(|folder, _| !commanded.iter().any(|id| *folder == format!("folder-{id}")));
        let mut outcome = Outcome {
            submissions: of_others(self.submissions()),
            alerts: of_others(self.world.broker().committed_records(&alerts)),
            dead_letters: Vec::new(),
            folders,
            end: self.world.clock().now(),
        };
        let mut submissions = self.submissions();
        if self.may_duplicate() {
            deduplicate(&mut outcome.submissions, |record| record.key.clone());
            deduplicate(&mut submissions, |record| record.key.clone());
            deduplicate(&mut outcome.alerts, |record| record.key.clone());
            outcome.folders.values_mut().for_each(|runs| *runs = (*runs).min(1));
        }
        let sent: Vec<Sent> =
            self.sent.iter().filter(|sent| !commanded.contains(&sent.event.bundle)).cloned().collect();
        let mut violations = oracle::check(&sent, &outcome, self.plan.sla);
        violations.extend(self.check_commands(&submissions));
        let (complete, delivered) = (self.wanted_deliveries(), self.ended_deliveries());
        if delivered < complete || (delivered > complete && !self.may_duplicate()) {
            violations.push(format!("{delivered} outcomes of {complete} deliveries"));
        }
        violations
    }

    /// The dead letters are the poison records, each once with its bytes.
    fn check_dead_letters(&self) -> Vec<String> {
        let mut letters = self.world.broker().committed_records(&self.world.plan().dead_letters);
        let again = if self.may_duplicate() { Vec::new() } else { self.redriven_letters(&letters) };
        if self.may_duplicate() {
            deduplicate(&mut letters, |record| record.value.clone());
        }
        let mut found: Vec<Bytes> = letters.into_iter().map(|letter| letter.value.unwrap_or_default()).collect();
        let mut wanted = [self.poison.clone(), again].concat();
        found.sort();
        wanted.sort();
        if found == wanted { Vec::new() } else { vec![format!("dead letters {found:?} instead of {wanted:?}")] }
    }

    /// No alert of a step is written twice.
    fn check_alerts(&self) -> Vec<String> {
        let mut seen = BTreeSet::new();
        let mut violations = Vec::new();
        for record in self.world.broker().committed_records(&self.world.plan().alerts) {
            let value: Value =
                record.value.as_deref().and_then(|it| serde_json::from_slice(it).ok()).unwrap_or_default();
            // Each start of an instance may tell that its deadlines wait.
            if value.get("kind") == Some(&Value::from("deadlines_held")) {
                continue;
            }
            let part = |name: &str| value.get(name).map(Value::to_string).unwrap_or_default();
            // A bundle that is extended may be late again.
            let due = value.pointer("/details/due").map(Value::to_string);
            if !seen.insert((part("key"), part("kind"), part("message"), due)) && !self.may_duplicate() {
                violations.push(format!("alert written twice: {value}"));
            }
        }
        violations
    }

    /// Each task has one owner and no more standbys than configured; each of its stores, timers included, equals its
    /// changelog; no act is pending.
    fn check_stores(&mut self) -> Vec<String> {
        let mut violations = Vec::new();
        for task in setup::tasks(&self.plan) {
            let Ok(TaskId { processor, partition }) = task.parse() else { continue };
            let changelog = Topic::new(&format!("sim-{processor}-changelog"));
            let names = self.names();
            let open: Vec<&str> = names.iter().copied().filter(|name| self.has_open(name, &task)).collect();
            let (owners, standbys): (Vec<&str>, Vec<&str>) = open.iter().partition(|name| self.owns(name, &task));
            if owners.len() != 1 || standbys.len() > self.plan.standbys {
                violations.push(format!("{task} is owned by {owners:?} and has the standbys {standbys:?}"));
                continue;
            }
            let latest = self.latest(&changelog, partition);
            for instance in open {
                match self.compare(instance, &task, &latest) {
                    Ok(differences) => violations.extend(differences),
                    Err(error) => violations.push(format!("{task} of {instance}: {error}")),
                }
            }
        }
        violations
    }

    /// The latest value of each key in a partition of a changelog.
    fn latest(&self, changelog: &Topic, partition: i32) -> BTreeMap<Key, Bytes> {
        let mut latest = BTreeMap::new();
        let records = self.world.broker().committed_records(changelog);
        for record in records.into_iter().filter(|record| record.source.partition == partition) {
            let key = record.key.unwrap_or_default();
            match record.value {
                // The genesis is the only internal record that is not in the store.
                Some(_) if key.first() == Some(&0) && part::of_key(&key).is_none() => {}
                Some(value) => drop(latest.insert(Key::from_bytes(key), value)),
                None => drop(latest.remove(&Key::from_bytes(key))),
            }
        }
        latest
    }

    /// Compares the store of an instance with the latest values of its changelog.
    fn compare(&mut self, instance: &str, task: &str, latest: &BTreeMap<Key, Bytes>) -> store::Result<Vec<String>> {
        let copy = MemoryStores::new();
        self.world.disk(instance).copy(task, &copy);
        let store = copy.open(task)?;
        let rows = store.scan(None, usize::MAX)?;
        let mut found: BTreeMap<Key, Bytes> = rows.into_iter().map(|(key, value)| (key, value.into())).collect();
        let heads: Vec<(Key, Head)> = found
            .iter()
            .map(|(key, value)| (key.clone(), entry::decode(value).map(|entry| entry.head).unwrap_or_default()))
            .collect();
        let parts = store.scan_parts(None, usize::MAX)?;
        let counted: usize = heads.iter().map(|(_, head)| head.parts.len()).sum();
        let mut violations = Vec::new();
        if parts.len() != counted && !(self.may_duplicate() && parts.len() > counted) {
            violations.push(format!("{task} of {instance}: {} parts instead of {counted}", parts.len()));
        }
        found.extend(parts.into_iter().map(|((key, number), value)| (part::key(&key, number), value)));
        let mut latest = latest.clone();
        if self.may_duplicate() {
            // Parts of batches that were not committed belong to no entry; they may be in the store or the changelog.
            let is_counted = |key: &Key| match part::of_key(key.as_bytes()) {
                Some((entry, number)) => heads.iter().any(|(key, head)| *key == entry && head.parts.contains(&number)),
                None => true,
            };
            found.retain(|key, _| is_counted(key));
            latest.retain(|key, _| is_counted(key));
        }
        if found != latest {
            violations.push(format!("{task} of {instance}: its store differs from its changelog"));
        }
        let mut due = BTreeSet::new();
        for clock in TimerClock::ALL {
            let ever = Timestamp::from_millis(i64::MAX);
            due.extend(store.due(clock, ever, usize::MAX)?.into_iter().map(|(key, timer)| (key, timer.due)));
        }
        let mut scheduled = BTreeSet::new();
        for (key, head) in &heads {
            scheduled.extend(head.timers.iter().map(|timer| (key.clone(), timer.due)));
        }
        if due != scheduled {
            violations.push(format!("{task} of {instance}: its timers differ from those of its entries"));
        }
        let acts = store.acts(None, usize::MAX)?;
        if !acts.is_empty() {
            violations.push(format!("{task} of {instance}: acts without an outcome: {acts:?}"));
        }
        Ok(violations)
    }

    /// True if a stream thread of the instance owns the task.
    fn owns(&self, name: &str, task: &str) -> bool {
        let owned = self.world.status(name).map(Status::owned).unwrap_or_default();
        owned.iter().any(|owned| owned.to_string() == task)
    }

    /// True if the instance has the store of the task open.
    fn has_open(&mut self, name: &str, task: &str) -> bool {
        let disk = self.world.disk(name);
        let exists = disk.existing().is_ok_and(|all| all.iter().any(|other| other == task));
        exists && matches!(disk.open(task), Err(store::Error::Locked { .. }))
    }
}

/// Keeps the first record of each identity.
fn deduplicate<K: Ord>(records: &mut Vec<Record>, identity: impl Fn(&Record) -> K) {
    let mut seen = BTreeSet::new();
    records.retain(|record| seen.insert(identity(record)));
}
