//! What a step asks for.

use std::sync::Arc;

use bytes::Bytes;

use super::Count;
use crate::model::{Act, ActSlot, Alert, Headers, Key, Reject, Timer, TimerKind, Timestamp};

/// What a step asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Write a record to one of the processor's outputs.
    Forward(Forward),
    /// Set this timer, in place of one of the same kind.
    Schedule(Timer),
    /// Take back the timer of this kind, if there is one.
    Unschedule(TimerKind),
    /// Call the outside after the commit; the act is pending until it is settled.
    Act(Act),
    /// Forget the pending act of this slot: its outcome has been understood.
    Settle(ActSlot),
    /// Tell people. Its kind is one of [`Processor::alerts`](super::Processor::alerts).
    Alert(Alert),
    /// Count something in one of [`Processor::metrics`](super::Processor::metrics).
    Count(Count),
    /// Keep these bytes as one more part of the entry, behind those that it has. A part is written once, while the entry is
    /// written with every step: what an entry grows by, once it is large, belongs into parts. They are handed back, in
    /// their order, with [`Versioned::with_parts`](crate::codec::Versioned::with_parts).
    AddPart(Bytes),
    /// Forget all parts of the entry that were added before. Those of a deleted entry are forgotten by themselves.
    DropParts,
    /// Send this input's record to the dead letters although the step succeeded (an act that was refused for good).
    DeadLetter(Reject),
}

/// A record for one of a processor's outputs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forward {
    /// The output's name; the topology says which topic that is.
    pub output: Arc<str>,
    /// The record's key; `None`: the entry's.
    pub key: Option<Key>,
    /// The value; `None` is Kafka's null, a tombstone.
    pub value: Option<Bytes>,
    /// The headers.
    pub headers: Headers,
    /// The create time; `None`: the producer's clock.
    pub timestamp: Option<Timestamp>,
}

impl Forward {
    /// A record for an output with the entry's key, without headers.
    pub fn new(output: impl Into<Arc<str>>, value: impl Into<Bytes>) -> Self {
        Self { output: output.into(), key: None, value: Some(value.into()), headers: Headers::new(), timestamp: None }
    }

    /// The same record with these headers.
    #[must_use]
    pub fn with_headers(self, headers: Headers) -> Self {
        Self { headers, ..self }
    }
}

impl Effect {
    /// A record for an output with the entry's key, without headers.
    pub fn forward(output: impl Into<Arc<str>>, value: impl Into<Bytes>) -> Self {
        Self::Forward(Forward::new(output, value))
    }
}
