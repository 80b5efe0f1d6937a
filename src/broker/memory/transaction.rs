//! The transaction coordinator: who writes under which transactional id, and what became of its transaction.
//!
//! ```text
//!            add               end                    markers
//!  Empty ──────────▶ Open ───────────▶ (Prepared) ──────────────▶ Empty
//!                     │ time-out: abort, epoch + 1 ──────────────▶ Empty
//! ```
//!
//! A transaction begins here with its first partition or offset, as in Kafka, not with the client's `begin`. It is
//! *prepared* only when a fault holds markers back ([`Markers`]): then its records stay hidden and its offsets unstable
//! until the markers follow.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::log::{ProducerId, Verdict};
use crate::broker::{Error, FencedBy, Result};
use crate::model::TopicPartition;

/// A producer as the coordinator knows it: its place, and how often the place was taken before.
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

/// When the markers of a decided transaction are written. Kafka answers once the decision is written, and each partition
/// gets its marker in its own time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Markers {
    Now,
    Later,
    /// The offsets' at once, and those of the partitions later.
    OffsetsFirst,
}

/// What a transaction has touched.
#[derive(Debug, Default)]
pub(super) struct Scope {
    pub(super) partitions: BTreeSet<TopicPartition>,
    pub(super) groups: BTreeSet<String>,
}

/// A transaction whose markers are to be written now.
#[derive(Debug)]
pub(super) struct Ending {
    pub(super) producer: ProducerId,
    pub(super) verdict: Verdict,
    pub(super) scope: Scope,
}

impl Transactions {
    /// Takes the place of a transactional id: fences whoever had it, and ends its transaction (an open one aborts, a
    /// prepared one ends as it was decided).
    pub(super) fn init(&mut self, id: &str) -> (Identity, Option<Ending>) {
        let next = u64::try_from(self.ids.len()).unwrap_or(u64::MAX);
        let producer = *self.ids.entry(id.to_owned()).or_insert(next);
        let place = self.producers.entry(producer).or_insert_with(|| Producer {
            id: id.to_owned(),
            epoch: 0,
            state: State::Empty,
        });
        let ending = place.finish(producer, Verdict::Abort);
        place.epoch += 1;
        (Identity { producer, epoch: place.epoch }, ending)
    }

    /// Adds a partition to the producer's transaction, which it opens when there is none. A transaction that still waits
    /// for its markers gets them first.
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

    /// Decides the producer's transaction; returns the part of it that ends now.
    pub(super) fn end(
        &mut self,
        who: Identity,
        verdict: Verdict,
        markers: Markers,
        now: Duration,
    ) -> Result<Option<Ending>> {
        let place = self.place(who)?;
        if markers == Markers::Now {
            return Ok(place.finish(who.producer, verdict));
        }
        let mut first = None;
        place.state = match std::mem::replace(&mut place.state, State::Empty) {
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

    /// Ends what has been open for `timeout` (and fences its producer) or prepared for `marker_delay`.
    pub(super) fn expire(&mut self, now: Duration, timeout: Duration, marker_delay: Duration) -> Vec<Ending> {
        let mut endings = Vec::new();
        for (producer, place) in &mut self.producers {
            let due = match &place.state {
                State::Empty => false,
                State::Open { since, .. } => now.saturating_sub(*since) >= timeout,
                State::Prepared { since, .. } => now.saturating_sub(*since) >= marker_delay,
            };
            if !due {
                continue;
            }
            if matches!(place.state, State::Open { .. }) {
                place.epoch += 1;
            }
            endings.extend(place.finish(*producer, Verdict::Abort));
        }
        endings
    }

    /// How many transactions have no markers yet.
    pub(super) fn open_count(&self) -> usize {
        self.producers.values().filter(|place| !matches!(place.state, State::Empty)).count()
    }

    fn open(&mut self, who: Identity, now: Duration) -> Result<(Option<Ending>, &mut Scope)> {
        let place = self.place(who)?;
        let ending = match &place.state {
            State::Prepared { .. } => place.finish(who.producer, Verdict::Abort),
            State::Empty | State::Open { .. } => None,
        };
        if matches!(place.state, State::Empty) {
            place.state = State::Open { since: now, scope: Scope::default() };
        }
        match &mut place.state {
            State::Open { scope, .. } | State::Prepared { scope, .. } => Ok((ending, scope)),
            State::Empty => Err(unknown()),
        }
    }

    fn place(&mut self, who: Identity) -> Result<&mut Producer> {
        let place = self.producers.get_mut(&who.producer).ok_or_else(unknown)?;
        if place.epoch != who.epoch {
            let detail =
                format!("transactional id {} is at epoch {}, this producer at {}", place.id, place.epoch, who.epoch);
            return Err(Error::Fenced { by: FencedBy::Producer, detail });
        }
        Ok(place)
    }
}

impl Producer {
    /// Takes the transaction out, to be ended as it was decided, or else by `verdict`.
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
        detail: "the coordinator does not know this producer: init comes first".into(),
    }
}
