//! What must be true in the end.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use sheaf::codec::entry;
use sheaf::model::{Timestamp, Topic};
use sheaf::store::memory::MemoryStores;
use sheaf::store::{self, Stores, TimerClock};

use super::story::{PARTITIONS, Story};

impl Story {
    /// Every key's outputs are runs of 1, 2, 3 .. n, each but the last ended by its timer; together as many as were sent.
    pub(super) fn check_counts(&self, timers_over: bool) {
        let mut told: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for record in self.world.broker().committed_records(&Topic::new("counts")) {
            let text = |bytes: Option<Bytes>| String::from_utf8(bytes.unwrap_or_default().to_vec()).unwrap();
            told.entry(text(record.key)).or_default().push(text(record.value));
        }
        for (key, sent) in &self.sent {
            let values = told.remove(key).unwrap_or_default();
            let (mut count, mut total) = (0, 0);
            for value in &values {
                if *value == format!("done at {count}") && count > 0 {
                    count = 0;
                } else {
                    assert_eq!(*value, (count + 1).to_string(), "seed {}: {key}: {values:?}", self.seed);
                    count += 1;
                    total += 1;
                }
            }
            assert_eq!(total, *sent, "seed {}: {key}: {values:?}", self.seed);
            assert!(!timers_over || count == 0, "seed {}: the timer of {key} is lost: {values:?}", self.seed);
        }
        assert!(told.is_empty(), "seed {}: nobody has sent {told:?}", self.seed);
        let letters = self.world.broker().committed_records(&Topic::new("app-dead-letters"));
        assert!(letters.is_empty(), "seed {}: {letters:?}", self.seed);
    }

    /// Each task has one owner, and its store is what its changelog says, timers included.
    pub(super) fn check_stores(&mut self) {
        let changelog = self.world.broker().committed_records(&Topic::new("app-counter-changelog"));
        for partition in 0..PARTITIONS {
            let mut latest: BTreeMap<Bytes, Bytes> = BTreeMap::new();
            for record in changelog.iter().filter(|record| record.source.partition == partition) {
                let key = record.key.clone().unwrap();
                match &record.value {
                    Some(value) if key[0] != 0 => drop(latest.insert(key, value.clone())),
                    Some(_) => {}
                    None => drop(latest.remove(&key)),
                }
            }
            let task = format!("counter-{partition}");
            let held: Vec<&str> = self.names.iter().copied().filter(|name| self.holds(name, &task)).collect();
            assert_eq!(held.len(), 1, "seed {}: {task} is held by {held:?}", self.seed);
            let copy = MemoryStores::new();
            assert!(self.world.disk(held[0]).copy(&task, &copy));
            let store = copy.open(&task).unwrap();
            let rows = store.scan(None, usize::MAX).unwrap();
            let found: BTreeMap<Bytes, Bytes> =
                rows.into_iter().map(|(key, value)| (key.bytes(), value.into())).collect();
            assert_eq!(found, latest, "seed {}: {task} of {}", self.seed, held[0]);
            let due = store.due(TimerClock::Delay, Timestamp::from_millis(i64::MAX), usize::MAX).unwrap();
            let due: BTreeSet<_> = due.into_iter().map(|(key, timer)| (key.bytes(), timer.due)).collect();
            let heads = found.iter().map(|(key, value)| (key, entry::decode(value).unwrap().head));
            let scheduled = heads.flat_map(|(key, head)| head.timers.into_iter().map(|timer| (key.clone(), timer.due)));
            let acts = store.acts(None, usize::MAX).unwrap();
            assert!(acts.is_empty(), "seed {}: {task} of {}: nobody answers {acts:?}", self.seed, held[0]);
            assert_eq!(due, scheduled.collect(), "seed {}: {task} of {}", self.seed, held[0]);
        }
    }

    /// Each act was executed at most once, and only when it was committed: an act that was decided in a transaction that
    /// came to nothing would be decided, and executed, again.
    pub(super) fn check_acts(&self) {
        let mut executed = BTreeSet::new();
        for request in self.sink.requests() {
            let (key, count) = request.split_once(' ').unwrap();
            assert!(count.parse::<u64>().unwrap() <= self.sent[key], "seed {}: {request} of nothing", self.seed);
            assert!(executed.insert(request.clone()), "seed {}: {request} was executed twice", self.seed);
        }
        assert!(!executed.is_empty(), "seed {}: nothing was executed", self.seed);
    }

    fn holds(&mut self, name: &str, task: &str) -> bool {
        let disk = self.world.disk(name);
        let exists = disk.existing().unwrap().iter().any(|other| other == task);
        exists && matches!(disk.open(task), Err(store::Error::Locked { .. }))
    }
}
