//! The verifier: checks a run by reading topics only.
//!
//! It shares no code with the runtime: it reads with its own client, `read_committed`, parses the events itself, and computes the
//! complete bundles and their submissions from the input topics alone.
//!
//! ```text
//!  sources ──▶ expected outputs ──┐
//!  submissions, outcomes,         ├──▶ audit: lost, doubled, wrong, early, open
//!  dead letters, alerts, folders ─┘
//! ```
//!
//! | file | what |
//! |---|---|
//! | `reader` | committed records of one topic, and its end |
//! | `ledger` | one account for each bundle, closed when it is correct |
//! | `audit` | the result of an audit |
//! | `tests` | each kind of fault is found |

mod audit;
mod ledger;
mod reader;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::time::Duration;

pub(crate) use audit::Audit;
use ledger::Ledger;
pub(crate) use reader::now_ms;
use reader::{Found, Reader};

/// The pause of [`Verifier::poll`] without records.
const PAUSE: Duration = Duration::from_millis(5);

/// The topics that are verified.
#[derive(Clone, Debug)]
pub(crate) struct Scope {
    pub(crate) bootstrap_servers: String,
    pub(crate) parents: String,
    pub(crate) children: String,
    pub(crate) submissions: String,
    /// The prefix of the application's own topics.
    pub(crate) application: String,
}

/// The start of reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum From {
    /// The beginning of each partition.
    Beginning,
    /// The end of each partition; earlier records were verified before.
    End,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Parent,
    Child,
    Submission,
    Outcome,
    Alert,
    DeadLetter,
}

/// Reads and verifies.
pub(crate) struct Verifier {
    readers: Vec<(Kind, Reader)>,
    ledger: Ledger,
    /// Bundles whose last member was written after this time, in ms, are fresh.
    fresh_from_ms: i64,
    /// The time of the first fresh submission of each partition.
    fresh: BTreeMap<i32, i64>,
}

impl Verifier {
    /// Opens all topics of the scope, which have to exist.
    pub(crate) fn open(scope: &Scope, from: From) -> Self {
        let own = |what: &str| format!("{}-{what}", scope.application);
        let topics = [
            (Kind::Parent, scope.parents.clone()),
            (Kind::Child, scope.children.clone()),
            (Kind::Submission, scope.submissions.clone()),
            (Kind::Outcome, own("outcomes")),
            (Kind::Alert, own("alerts")),
            (Kind::DeadLetter, own("dead-letters")),
        ];
        let reader = |topic: &str| Reader::open(&scope.bootstrap_servers, topic, from);
        let readers = topics.iter().map(|(kind, topic)| (*kind, reader(topic))).collect();
        Self { readers, ledger: Ledger::default(), fresh_from_ms: i64::MAX, fresh: BTreeMap::new() }
    }

    /// Reads the available records; pauses briefly if there are none.
    pub(crate) fn poll(&mut self) {
        let mut found = Vec::new();
        for (kind, reader) in &mut self.readers {
            while let Some(record) = reader.next(Duration::ZERO) {
                found.push((*kind, record));
            }
        }
        if found.is_empty() {
            std::thread::sleep(PAUSE);
        }
        for (kind, record) in found {
            self.enter(kind, &record);
        }
    }

    /// Reads every topic up to its current last stable offset.
    pub(crate) fn catch_up(&mut self) {
        let mut found = Vec::new();
        for (kind, reader) in &mut self.readers {
            found.extend(reader.up_to_the_end().into_iter().map(|record| (*kind, record)));
        }
        for (kind, record) in found {
            self.enter(kind, &record);
        }
    }

    /// The number of complete bundles without their submission or its outcome.
    pub(crate) fn pending(&self) -> usize {
        self.ledger.pending()
    }

    /// The number of alerts.
    pub(crate) fn alerts(&self) -> usize {
        self.ledger.alerts()
    }

    /// Sets the time after which the last member of a fresh bundle is written.
    pub(crate) fn fresh_from(&mut self, at_ms: i64) {
        self.fresh_from_ms = at_ms;
        self.fresh.clear();
    }

    /// The time of the first fresh submission of each partition.
    pub(crate) fn fresh(&self) -> &BTreeMap<i32, i64> {
        &self.fresh
    }

    /// Audits all records so far; `folders` are those at Control-M since the last audit, with the number of submits of each.
    pub(crate) fn audit(&mut self, folders: &BTreeMap<String, u64>) -> Audit {
        self.ledger.audit(folders)
    }

    fn enter(&mut self, kind: Kind, found: &Found) {
        let (key, value) = (found.key.as_deref(), found.value.as_slice());
        match kind {
            Kind::Parent => self.ledger.parent(value, found.at_ms),
            Kind::Child => self.ledger.child(value, found.at_ms),
            Kind::Submission => self.ledger.submission(key, value, (found.partition, found.seen_ms)),
            Kind::Outcome => self.ledger.outcome(key, value),
            Kind::Alert => self.ledger.alert(key, value),
            Kind::DeadLetter => self.ledger.dead_letter(key, value),
        }
        for seen in self.ledger.take_checked() {
            if seen.complete_at_ms > self.fresh_from_ms {
                let first = self.fresh.entry(seen.partition).or_insert(seen.seen_ms);
                *first = seen.seen_ms.min(*first);
            }
        }
    }
}
