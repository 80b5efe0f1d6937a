//! The effects of a step.

use std::sync::Arc;

use bytes::Bytes;

use super::{Count, Observation};
use crate::model::{Act, ActSlot, Alert, Headers, Key, Reject, Timer, TimerKind, Timestamp};

/// An effect of a step, executed by the runtime.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Produce a record to one of the processor's outputs.
    Forward(Forward),
    /// Schedule this timer; replaces a timer of the same kind.
    Schedule(Timer),
    /// Cancel the timer of this kind, if there is one.
    Unschedule(TimerKind),
    /// Call an outside system after the commit; the act is pending until it is settled.
    Act(Act),
    /// Remove the pending act of this slot, whose outcome has been processed.
    Settle(ActSlot),
    /// Publish an alert. Its kind is one of [`Processor::alerts`](super::Processor::alerts).
    Alert(Alert),
    /// Increment a counter of [`Processor::metrics`](super::Processor::metrics).
    Count(Count),
    /// Increment it by a number.
    CountMany(Count, u64),
    /// Count a duration in a histogram of [`Processor::histograms`](super::Processor::histograms).
    Observe(Observation),
    /// Append a part to the entry. A part is written once, while the entry is rewritten with every step, so the growing content
    /// of a large state belongs into parts. [`Versioned::with_parts`](crate::codec::Versioned::with_parts) gets them in order.
    AddPart(Bytes),
    /// Delete all earlier parts of the entry. The parts of a deleted entry are deleted with it.
    DropParts,
    /// Send the record of this input to the dead letters although the step succeeded (an act that was refused permanently).
    DeadLetter(Reject),
}

/// A record for one of a processor's outputs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forward {
    /// The output's name, which the topology maps to a topic.
    pub output: Arc<str>,
    /// The record's key; `None`: the entry's.
    pub key: Option<Key>,
    /// The value; `None` is a tombstone.
    pub value: Option<Bytes>,
    /// The headers.
    pub headers: Headers,
    /// The create time; `None`: the producer's clock.
    pub timestamp: Option<Timestamp>,
}

impl Forward {
    /// A record with the entry's key and without headers.
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
    /// Forwards a record with the entry's key and without headers.
    pub fn forward(output: impl Into<Arc<str>>, value: impl Into<Bytes>) -> Self {
        Self::Forward(Forward::new(output, value))
    }
}
