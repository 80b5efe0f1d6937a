//! Judges a run by reading topics, and by nothing else.
//!
//! It shares no code with the runtime: it reads with a client of its own, `read_committed`, parses the events itself and
//! computes from the input topics alone which bundles are complete and what each submission has to hold.
//!
//! ```text
//!  sources ──▶ what has to come ──┐
//!  submissions, outcomes,         ├──▶ audit: lost, doubled, wrong, early, open
//!  dead letters, alerts, folders ─┘
//! ```
//!
//! | file | what |
//! |---|---|
//! | `reader` | committed records of one topic, and its end |
//! | `ledger` | one account for each bundle, closed when everything about it is right |
//! | `audit` | what is to be said about a ledger |
//! | `tests` | that each kind of fault is found |

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

/// How long a look sleeps when there was nothing.
const PAUSE: Duration = Duration::from_millis(5);

/// The topics that are judged.
#[derive(Clone, Debug)]
pub(crate) struct Scope {
    pub(crate) bootstrap_servers: String,
    pub(crate) parents: String,
    pub(crate) children: String,
    pub(crate) submissions: String,
    /// The prefix of the application's own topics.
    pub(crate) application: String,
}

/// Where reading begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum From {
    /// With the first record that is there.
    Beginning,
    /// Behind the last one, because all before it has been judged.
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

/// Reads and judges.
pub(crate) struct Verifier {
    readers: Vec<(Kind, Reader)>,
    ledger: Ledger,
    /// Bundles whose last member was written after this moment are fresh.
    fresh_from_ms: i64,
    /// When the first fresh submission of each partition was seen.
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

    /// Takes what there is, and sleeps a moment when there is nothing.
    pub(crate) fn look(&mut self) {
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

    /// Reads every topic up to where it ends now, as far as transactions have ended.
    pub(crate) fn catch_up(&mut self) {
        let mut found = Vec::new();
        for (kind, reader) in &mut self.readers {
            found.extend(reader.up_to_the_end().into_iter().map(|record| (*kind, record)));
        }
        for (kind, record) in found {
            self.enter(kind, &record);
        }
    }

    /// How many complete bundles still lack their submission or its outcome.
    pub(crate) fn pending(&self) -> usize {
        self.ledger.pending()
    }

    /// How many alerts there are.
    pub(crate) fn alerts(&self) -> usize {
        self.ledger.alerts()
    }

    /// From now on, bundles whose last member was written after this moment are fresh.
    pub(crate) fn fresh_from(&mut self, at_ms: i64) {
        self.fresh_from_ms = at_ms;
        self.fresh.clear();
    }

    /// When the first fresh submission of each partition was seen.
    pub(crate) fn fresh(&self) -> &BTreeMap<i32, i64> {
        &self.fresh
    }

    /// What there is to say, with what Control-M has had since the last audit: folders by name, and how often each
    /// was submitted.
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
