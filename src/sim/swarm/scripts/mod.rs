//! Threads of a script instead of bundles: what is written to them, and what has to come of it.
//!
//! | file | content |
//! |---|---|
//! | `rounds.ts` | the script |
//! | `oracle` | what a thread writes, by its events: written by hand, not by the script |

mod oracle;

pub(super) use oracle::expected;

use std::collections::{BTreeMap, VecDeque};

/// The topic of events.
pub(super) const EVENTS: &str = "script-events";
/// The topics that are looked at.
pub(super) const TOPICS: [&str; 3] = [oracle::ASKS, oracle::RESULTS, oracle::ERRORS];
/// The names that threads ask for.
const NAMES: [&str; 4] = ["a", "b", "c", "d"];
/// The longest time between two steps, in milliseconds.
pub(super) const STEP_MS_MAX: u64 = 600;

/// The events of a run, by the number of their thread.
pub(super) struct Threads {
    pub(super) rng: fastrand::Rng,
    /// Those that are still to be written, in the order of each thread.
    pending: BTreeMap<usize, VecDeque<String>>,
    /// Those that were written.
    pub(super) written: BTreeMap<usize, Vec<String>>,
    /// The number of partitions that the topic had at first: a key stays in its partition when there are more.
    pub(super) partitions: Option<i32>,
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

    /// True if nothing is left to be written.
    pub(super) fn is_done(&self) -> bool {
        self.pending.is_empty()
    }

    /// Plans some more threads, and some more events of those that there are.
    pub(super) fn begin_more(&mut self, count: u32) {
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
    pub(super) fn next(&mut self) -> Option<(usize, String)> {
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

/// The key of a thread.
pub(super) fn key(number: usize) -> String {
    format!("s-{number}")
}
