//! What must be true of a run, from what was written alone; every difference is a sentence.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use serde_json::Value;

use super::coverage::Trouble;
use super::run::Run;
use super::setup;
use crate::codec::{Head, entry, part};
use crate::metric::TaskState;
use crate::model::{Clock, Key, Record, Timestamp, Topic};
use crate::processor::{bundle, delivery};
use crate::runtime::{Guarantee, Status};
use crate::sim::oracle::{self, Outcome};
use crate::store::memory::MemoryStores;
use crate::store::{self, Stores, TimerClock};

impl Run {
    /// Judges everything.
    pub(super) fn judge(&mut self) {
        self.count_ways();
        let mut wrong = self.of_bundles();
        wrong.extend(self.of_dead_letters());
        wrong.extend(self.of_alerts());
        wrong.extend(self.of_stores());
        self.wrong.extend(wrong);
    }

    /// Which ways events have taken.
    fn count_ways(&mut self) {
        let inbox = self.world.plan().nodes.first().map(|node| node.inbox.clone());
        if inbox.is_some_and(|inbox| !self.world.broker().all_records(&inbox).is_empty()) {
            self.met.count(Trouble::Detour);
        }
        let changelogs = self.world.plan().nodes.iter().map(|node| node.changelog.clone()).collect::<Vec<_>>();
        let is_part = |record: &Record| record.key.as_ref().is_some_and(|key| part::of_key(key).is_some());
        if changelogs.iter().any(|topic| self.world.broker().all_records(topic).iter().any(is_part)) {
            self.met.count(Trouble::Parts);
        }
        let is_direct = |line: &str| line.starts_with("sheaf_processor_direct_records_total") && !line.ends_with(" 0");
        let texts = self.names().iter().filter_map(|name| self.world.metrics(name)?.encode().ok()).collect::<String>();
        if texts.lines().any(is_direct) {
            self.met.count(Trouble::Direct);
        }
    }

    fn may_double(&self) -> bool {
        self.plan.guarantee == Guarantee::AtLeastOnce
    }

    /// How many bundles are complete, by what was written.
    pub(super) fn complete(&self) -> usize {
        oracle::expected(&self.sent).values().filter(|bundle| bundle.completed.is_some()).count()
    }

    /// How many standbys do not have all yet.
    pub(super) fn catching_up(&self) -> u64 {
        let counts = self.names().iter().filter_map(|name| self.world.status(name)).map(Status::standby_tasks);
        counts.filter_map(|counts| counts.get(&TaskState::Restoring).copied()).sum()
    }

    /// Of how many bundles the delivery has ended; without transactions one may say so twice.
    pub(super) fn delivered(&self) -> usize {
        let plan = self.world.plan();
        let topic = plan.topology.nodes.iter().find_map(|node| node.output(delivery::OUTCOMES));
        let records = topic.map_or_else(Vec::new, |topic| self.world.broker().committed_records(topic));
        records.into_iter().map(|record| record.key).collect::<BTreeSet<_>>().len()
    }

    /// Each complete bundle submitted once, with what was written; run once; each breach told once.
    fn of_bundles(&self) -> Vec<String> {
        let plan = self.world.plan();
        let records = |topic: &Topic| self.world.broker().committed_records(topic);
        let submissions = plan.topology.nodes.iter().find_map(|node| node.output(bundle::SUBMISSIONS));
        let mut outcome = Outcome {
            submissions: submissions.map(records).unwrap_or_default(),
            alerts: records(&plan.alerts),
            dead_letters: Vec::new(),
            folders: self.executor.folders(),
            end: self.world.clock().now(),
        };
        if self.may_double() {
            once(&mut outcome.submissions, |record| record.key.clone());
            once(&mut outcome.alerts, |record| record.key.clone());
            outcome.folders.values_mut().for_each(|runs| *runs = (*runs).min(1));
        }
        let mut wrong = oracle::judge(&self.sent, &outcome, setup::sla());
        let (complete, delivered) = (self.complete(), self.delivered());
        if delivered < complete || (delivered > complete && !self.may_double()) {
            wrong.push(format!("{delivered} outcomes of {complete} deliveries"));
        }
        wrong
    }

    /// What was no event stands in the dead letters with its bytes, once, and nothing else does.
    fn of_dead_letters(&self) -> Vec<String> {
        let mut letters = self.world.broker().committed_records(&self.world.plan().dead_letters);
        if self.may_double() {
            once(&mut letters, |record| record.value.clone());
        }
        let mut found: Vec<Bytes> = letters.into_iter().map(|letter| letter.value.unwrap_or_default()).collect();
        let mut wanted = self.poison.clone();
        found.sort();
        wanted.sort();
        if found == wanted { Vec::new() } else { vec![format!("dead letters {found:?} instead of {wanted:?}")] }
    }

    /// No alert is told twice.
    fn of_alerts(&self) -> Vec<String> {
        let mut seen = BTreeSet::new();
        let mut wrong = Vec::new();
        for record in self.world.broker().committed_records(&self.world.plan().alerts) {
            let value: Value =
                record.value.as_deref().and_then(|it| serde_json::from_slice(it).ok()).unwrap_or_default();
            let part = |name: &str| value.get(name).map(Value::to_string).unwrap_or_default();
            if !seen.insert((part("key"), part("kind"), part("message"))) && !self.may_double() {
                wrong.push(format!("told twice: {value}"));
            }
        }
        wrong
    }

    /// Each task has one owner, and no more standbys than it should; every store of it is what its changelog says,
    /// timers included; no act is left.
    fn of_stores(&mut self) -> Vec<String> {
        let mut wrong = Vec::new();
        for task in setup::tasks(&self.plan) {
            let Some((node, partition)) = task.rsplit_once('-') else { continue };
            let changelog = Topic::new(&format!("sim-{node}-changelog"));
            let names = self.names();
            let held: Vec<&str> = names.iter().copied().filter(|name| self.holds(name, &task)).collect();
            let (owners, standbys): (Vec<&str>, Vec<&str>) = held.iter().partition(|name| self.owns(name, &task));
            if owners.len() != 1 || standbys.len() > self.plan.standbys {
                wrong.push(format!("{task} is owned by {owners:?} and followed by {standbys:?}"));
                continue;
            }
            let latest = self.latest(&changelog, partition.parse().unwrap_or(-1));
            for holder in held {
                match self.compare(holder, &task, &latest) {
                    Ok(differences) => wrong.extend(differences),
                    Err(error) => wrong.push(format!("{task} of {holder}: {error}")),
                }
            }
        }
        wrong
    }

    /// The changelog's last word on each key.
    fn latest(&self, changelog: &Topic, partition: i32) -> BTreeMap<Key, Bytes> {
        let mut latest = BTreeMap::new();
        let records = self.world.broker().committed_records(changelog);
        for record in records.into_iter().filter(|record| record.source.partition == partition) {
            let key = record.key.unwrap_or_default();
            match record.value {
                // The genesis is the only record of sheaf's own that is in no store.
                Some(_) if key.first() == Some(&0) && part::of_key(&key).is_none() => {}
                Some(value) => drop(latest.insert(Key::from_bytes(key), value)),
                None => drop(latest.remove(&Key::from_bytes(key))),
            }
        }
        latest
    }

    fn compare(&mut self, owner: &str, task: &str, latest: &BTreeMap<Key, Bytes>) -> store::Result<Vec<String>> {
        let copy = MemoryStores::new();
        self.world.disk(owner).copy(task, &copy);
        let store = copy.open(task)?;
        let rows = store.scan(None, usize::MAX)?;
        let mut found: BTreeMap<Key, Bytes> = rows.into_iter().map(|(key, value)| (key, value.into())).collect();
        let heads: Vec<(Key, Head)> = found
            .iter()
            .map(|(key, value)| (key.clone(), entry::decode(value).map(|entry| entry.head).unwrap_or_default()))
            .collect();
        let parts = store.scan_parts(None, usize::MAX)?;
        let counted: usize = heads.iter().map(|(_, head)| head.parts.len()).sum();
        let mut wrong = Vec::new();
        if parts.len() != counted && !(self.may_double() && parts.len() > counted) {
            wrong.push(format!("{task} of {owner}: {} parts instead of {counted}", parts.len()));
        }
        found.extend(parts.into_iter().map(|((key, number), value)| (part::key(&key, number), value)));
        let mut latest = latest.clone();
        if self.may_double() {
            // Parts that were written in vain are nobody's, wherever they are.
            let is_counted = |key: &Key| match part::of_key(key.as_bytes()) {
                Some((entry, number)) => heads.iter().any(|(key, head)| *key == entry && head.parts.contains(&number)),
                None => true,
            };
            found.retain(|key, _| is_counted(key));
            latest.retain(|key, _| is_counted(key));
        }
        if found != latest {
            wrong.push(format!("{task} of {owner}: its store is not what its changelog says"));
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
            wrong.push(format!("{task} of {owner}: its timers are not those of its entries"));
        }
        let acts = store.acts(None, usize::MAX)?;
        if !acts.is_empty() {
            wrong.push(format!("{task} of {owner}: acts that nobody answers: {acts:?}"));
        }
        Ok(wrong)
    }

    /// True when a stream thread of the instance has the task.
    fn owns(&self, name: &str, task: &str) -> bool {
        let owned = self.world.status(name).map(Status::owned).unwrap_or_default();
        owned.iter().any(|owned| owned.to_string() == task)
    }

    /// True when the instance has the store open.
    fn holds(&mut self, name: &str, task: &str) -> bool {
        let disk = self.world.disk(name);
        let exists = disk.existing().is_ok_and(|all| all.iter().any(|other| other == task));
        exists && matches!(disk.open(task), Err(store::Error::Locked { .. }))
    }
}

/// Leaves the first record of each kind.
fn once<K: Ord>(records: &mut Vec<Record>, kind: impl Fn(&Record) -> K) {
    let mut seen = BTreeSet::new();
    records.retain(|record| seen.insert(kind(record)));
}
