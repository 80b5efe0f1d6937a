//! Threads of a script instead of bundles: what is written to them, and what has to come of it.
//!
//! | file | content |
//! |---|---|
//! | `rounds.ts` | the script |
//! | `oracle` | what a thread writes, by its events: written by hand, not by the script |

mod oracle;

use std::collections::{BTreeMap, VecDeque};

use super::run::Run;
use crate::broker::Broker;
use crate::model::{Key, OutRecord, Topic};

/// The topic of events.
pub(super) const EVENTS: &str = "script-events";
/// The script.
pub(super) const SCRIPT: &str = include_str!("rounds.ts");
/// The topics that are looked at.
const TOPICS: [&str; 3] = [oracle::ASKS, oracle::RESULTS, oracle::ERRORS];
/// The names that threads ask for.
const NAMES: [&str; 4] = ["a", "b", "c", "d"];
/// The longest time between two steps, in milliseconds.
const STEP_MS_MAX: u64 = 600;

/// The events of a run, by the number of their thread.
pub(super) struct Threads {
    rng: fastrand::Rng,
    /// Those that are still to be written, in the order of each thread.
    pending: BTreeMap<usize, VecDeque<String>>,
    /// Those that were written.
    written: BTreeMap<usize, Vec<String>>,
    /// The number of partitions that the topic had at first: a key stays in its partition when there are more.
    partitions: Option<i32>,
}

impl Threads {
    pub(super) fn new(seed: u64) -> Self {
        let rng = fastrand::Rng::with_seed(seed ^ 0x5C41);
        Self { rng, pending: BTreeMap::new(), written: BTreeMap::new(), partitions: None }
    }

    /// The number of threads.
    pub(super) fn count(&self) -> usize {
        self.written.len() + self.pending.len()
    }

    /// Plans some more threads, and some more events of those that there are.
    fn begin_more(&mut self, count: u32) {
        let first = self.written.len();
        for number in (first..).take(usize::try_from(count).unwrap_or_default()) {
            let events = self.thread();
            self.pending.entry(number).or_default().extend(events);
        }
        for number in self.written.keys().copied().collect::<Vec<_>>() {
            let event = self.event();
            self.pending.entry(number).or_default().push_back(event);
        }
    }

    /// The events of a thread: more or fewer than it needs, some of them twice, too early, too late, or for nothing.
    fn thread(&mut self) -> Vec<String> {
        let mut events = vec![self.begin()];
        for _ in 0..self.rng.usize(2..24) {
            let event = if self.rng.u8(0..100) < 4 { self.begin() } else { self.event() };
            events.push(event.clone());
            if self.rng.u8(0..100) < 15 {
                events.push(event);
            }
        }
        events
    }

    fn begin(&mut self) -> String {
        let names = NAMES.get(..self.rng.usize(1..=NAMES.len())).unwrap_or_default();
        format!("new:{}", serde_json::json!({ "names": names, "rounds": self.rng.u8(1..6) }))
    }

    fn event(&mut self) -> String {
        let name = self.rng.choice(NAMES).unwrap_or("a");
        let event = match self.rng.u8(0..100) {
            0..4 => serde_json::json!({ "ref": name, "error": format!("no {name}") }),
            4..8 => serde_json::json!({ "ref": "nobody", "value": 1 }),
            8..10 => serde_json::json!({ "value": name }),
            _ => serde_json::json!({ "ref": name, "value": self.rng.u16(..).to_string() }),
        };
        event.to_string()
    }

    /// The next event of some thread.
    fn next(&mut self) -> Option<(usize, String)> {
        let numbers: Vec<usize> = self.pending.keys().copied().collect();
        let number = *self.rng.choice(&numbers)?;
        let events = self.pending.get_mut(&number)?;
        let event = events.pop_front();
        if events.is_empty() {
            self.pending.remove(&number);
        }
        let event = event?;
        self.written.entry(number).or_default().push(event.clone());
        Some((number, event))
    }
}

fn key(number: usize) -> String {
    format!("s-{number}")
}

impl Run {
    /// Plans some more threads; nothing in a run of something else.
    pub(super) fn begin_threads(&mut self) {
        let count = self.plan.bundles;
        if let Some(threads) = &mut self.threads {
            threads.begin_more(count);
        }
    }

    /// The number of threads.
    pub(super) fn count_threads(&self) -> usize {
        self.threads.as_ref().map_or(0, Threads::count)
    }

    /// True if events of threads are still to be written.
    pub(super) fn has_thread_events(&self) -> bool {
        self.threads.as_ref().is_some_and(|threads| !threads.pending.is_empty())
    }

    /// Writes some events of threads. False in a run of something else.
    pub(super) fn step_threads(&mut self) -> bool {
        let Some(mut threads) = self.threads.take() else { return false };
        if threads.partitions.is_none() {
            threads.partitions = self.partitions_of(EVENTS);
        }
        if let Some(partitions) = threads.partitions {
            for _ in 0..threads.rng.usize(1..6) {
                let Some((number, event)) = threads.next() else { break };
                self.log(&format!("written: {} {event}", key(number)));
                let number_of_partition = i32::try_from(number).unwrap_or_default() % partitions.max(1);
                let record = OutRecord::keyed(&Topic::new(EVENTS), &Key::new(&key(number)), event.into());
                self.write_record(OutRecord { partition: Some(number_of_partition), ..record });
            }
        }
        let millis = threads.rng.u64(0..STEP_MS_MAX);
        self.advance(millis);
        self.threads = Some(threads);
        true
    }

    /// Checks threads; `None` for a run of something else. Each has written what it has to, in this order, and nothing else.
    pub(super) fn check_threads(&self) -> Option<Vec<String>> {
        let threads = self.threads.as_ref()?;
        let mut found: BTreeMap<(String, &str), Vec<String>> = BTreeMap::new();
        for topic in TOPICS {
            for record in self.world.broker().committed_records(&Topic::new(topic)) {
                let text =
                    |bytes: Option<bytes::Bytes>| String::from_utf8_lossy(&bytes.unwrap_or_default()).into_owned();
                found.entry((text(record.key), topic)).or_default().push(text(record.value));
            }
        }
        let mut violations = Vec::new();
        for (number, events) in &threads.written {
            let key = key(*number);
            for (topic, expected) in oracle::expected(&key, events) {
                let written = found.remove(&(key.clone(), topic)).unwrap_or_default();
                if written != expected {
                    violations.push(format!("thread {key} has written {written:?} to {topic}, and not {expected:?}"));
                }
            }
        }
        violations.extend(
            found.into_keys().map(|(key, topic)| format!("{topic} has records of {key}, which was not written")),
        );
        let letters = self.world.broker().committed_records(&self.world.plan().dead_letters);
        violations.extend(letters.iter().map(|letter| format!("a dead letter: {letter:?}")));
        Some(violations)
    }

    /// The number of partitions of a topic; `None` as long as it is not there.
    pub(super) fn partitions_of(&self, topic: &str) -> Option<i32> {
        let mut admin = self.world.broker().process("outside").admin().ok()?;
        let found = admin.describe(&[Topic::new(topic)], super::run::TIMEOUT).ok()?;
        found.into_iter().next().flatten().map(|topic| topic.partitions)
    }
}
