//! The transaction coordinator: producers by transactional id, and the states of their transactions.
//!
//! ```text
//!            add               end                    markers
//!  Empty ──────────▶ Open ───────────▶ (Prepared) ──────────────▶ Empty
//!                     │ time-out: abort, epoch + 1 ──────────────▶ Empty
//! ```
//!
//! As in Kafka, a transaction begins here with its first partition or offset, not with the client's `begin`. It is
//! *prepared* only if a fault delays the markers ([`Markers`]): then its records are invisible and its offsets unstable
//! until the markers are written.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::log::{ProducerId, Verdict};
use crate::broker::{Error, FencedBy, Result};
use crate::model::TopicPartition;

/// The identity of a producer: its id and its epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Identity {
    pub(super) producer: ProducerId,
    pub(super) epoch: u32,
}

/// The transactions of a cluster.
#[derive(Debug, Default)]
pub(super) struct Transactions {
    /// By transactional id.
    ids: BTreeMap<String, ProducerId>,
    producers: BTreeMap<ProducerId, Producer>,
}

#[derive(Debug)]
struct Producer {
    id: String,
    epoch: u32,
    state: State,
}

#[derive(Debug)]
enum State {
    Empty,
    Open { since: Duration, scope: Scope },
    Prepared { since: Duration, scope: Scope, verdict: Verdict },
}

/// The time at which the markers of a decided transaction are written. Kafka responds when the decision is logged, and
/// each partition gets its marker later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Markers {
    Now,
    Later,
    /// The offsets' at once, and those of the partitions later.
    OffsetsFirst,
}

/// The partitions and groups of a transaction.
#[derive(Debug, Default)]
pub(super) struct Scope {
    pub(super) partitions: BTreeSet<TopicPartition>,
    pub(super) groups: BTreeSet<String>,
}

/// A transaction whose markers are due.
#[derive(Debug)]
pub(super) struct Ending {
    pub(super) producer: ProducerId,
    pub(super) verdict: Verdict,
    pub(super) scope: Scope,
}

impl Transactions {
    /// Initializes a producer: fences earlier ones of the transactional id, and ends their transaction (an open one is
    /// aborted, a prepared one ends as decided).
    pub(super) fn init(&mut self, id: &str) -> (Identity, Option<Ending>) {
        let next = u64::try_from(self.ids.len()).unwrap_or(u64::MAX);
        let producer = *self.ids.entry(id.to_owned()).or_insert(next);
        let earlier = self.producers.entry(producer).or_insert_with(|| Producer {
            id: id.to_owned(),
            epoch: 0,
            state: State::Empty,
        });
        let ending = earlier.finish(producer, Verdict::Abort);
        earlier.epoch += 1;
        (Identity { producer, epoch: earlier.epoch }, ending)
    }

    /// Adds a partition to the producer's transaction, and opens one if necessary. A transaction that waits for its
    /// markers gets them first.
    pub(super) fn add_partition(
        &mut self,
        who: Identity,
        partition: &TopicPartition,
        now: Duration,
    ) -> Result<Option<Ending>> {
        let (ending, scope) = self.open(who, now)?;
        if !scope.partitions.contains(partition) {
            scope.partitions.insert(partition.clone());
        }
        Ok(ending)
    }

    /// Adds a group's offsets to the producer's transaction; see [`Self::add_partition`].
    pub(super) fn add_group(&mut self, who: Identity, group: &str, now: Duration) -> Result<Option<Ending>> {
        let (ending, scope) = self.open(who, now)?;
        scope.groups.insert(group.to_owned());
        Ok(ending)
    }

    /// Decides the producer's transaction; returns the part that ends now.
    pub(super) fn end(
        &mut self,
        who: Identity,
        verdict: Verdict,
        markers: Markers,
        now: Duration,
    ) -> Result<Option<Ending>> {
        let known = self.producer(who)?;
        if markers == Markers::Now {
            return Ok(known.finish(who.producer, verdict));
        }
        let mut first = None;
        known.state = match std::mem::replace(&mut known.state, State::Empty) {
            State::Open { mut scope, .. } => {
                if markers == Markers::OffsetsFirst {
                    let scope = Scope { groups: std::mem::take(&mut scope.groups), ..Scope::default() };
                    first = Some(Ending { producer: who.producer, verdict, scope });
                }
                State::Prepared { since: now, scope, verdict }
            }
            other @ (State::Empty | State::Prepared { .. }) => other,
        };
        Ok(first)
    }

    /// Aborts transactions that are open for longer than `timeout` (and fences their producers), and ends prepared ones
    /// after `marker_delay`.
    pub(super) fn expire(&mut self, now: Duration, timeout: Duration, marker_delay: Duration) -> Vec<Ending> {
        let mut endings = Vec::new();
        for (producer, known) in &mut self.producers {
            let due = match &known.state {
                State::Empty => false,
                State::Open { since, .. } => now.saturating_sub(*since) >= timeout,
                State::Prepared { since, .. } => now.saturating_sub(*since) >= marker_delay,
            };
            if !due {
                continue;
            }
            if matches!(known.state, State::Open { .. }) {
                known.epoch += 1;
            }
            endings.extend(known.finish(*producer, Verdict::Abort));
        }
        endings
    }

    /// The number of transactions without markers.
    pub(super) fn open_count(&self) -> usize {
        self.producers.values().filter(|known| !matches!(known.state, State::Empty)).count()
    }

    fn open(&mut self, who: Identity, now: Duration) -> Result<(Option<Ending>, &mut Scope)> {
        let known = self.producer(who)?;
        let ending = match &known.state {
            State::Prepared { .. } => known.finish(who.producer, Verdict::Abort),
            State::Empty | State::Open { .. } => None,
        };
        if matches!(known.state, State::Empty) {
            known.state = State::Open { since: now, scope: Scope::default() };
        }
        match &mut known.state {
            State::Open { scope, .. } | State::Prepared { scope, .. } => Ok((ending, scope)),
            State::Empty => Err(unknown()),
        }
    }

    fn producer(&mut self, who: Identity) -> Result<&mut Producer> {
        let known = self.producers.get_mut(&who.producer).ok_or_else(unknown)?;
        if known.epoch != who.epoch {
            let detail =
                format!("transactional id {} is at epoch {}, this producer at {}", known.id, known.epoch, who.epoch);
            return Err(Error::Fenced { by: FencedBy::Producer, detail });
        }
        Ok(known)
    }
}

impl Producer {
    /// Removes the transaction; its end is the decided one, or else `verdict`.
    fn finish(&mut self, producer: ProducerId, verdict: Verdict) -> Option<Ending> {
        match std::mem::replace(&mut self.state, State::Empty) {
            State::Empty => None,
            State::Open { scope, .. } => Some(Ending { producer, verdict, scope }),
            State::Prepared { scope, verdict, .. } => Some(Ending { producer, verdict, scope }),
        }
    }
}

fn unknown() -> Error {
    Error::Fatal {
        operation: "transaction",
        detail: "the coordinator does not know this producer: call init first".into(),
    }
}
