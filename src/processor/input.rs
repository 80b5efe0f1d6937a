//! The inputs of a step.

use std::any::Any;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::model::{Key, Outcome, Record, Reject, RejectReason, Replay, Timer, Timestamp};

/// An input of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// A record of the inbox.
    Record(Event),
    /// A fired timer, which is no longer scheduled.
    Timer(Timer),
    /// An operator's command.
    Command(Command),
    /// The outcome of an act of this entry; the act stays pending until a step settles it
    /// ([`Effect::Settle`](super::Effect::Settle)).
    Outcome(Outcome),
}

/// A record of the inbox with the results of the keying step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The role of the record's source in the topology (`parent`, `child`).
    pub role: Cow<'static, str>,
    /// The event time: the timestamp of the source record, or the field that the topology names.
    pub at: Timestamp,
    /// The source record with its original coordinates, key, value and headers.
    pub record: Record,
    /// The values parsed by the keying step, if available.
    pub parsed: Parsed,
    /// The replay, if the record is processed again.
    pub replay: Option<Arc<Replay>>,
}

impl Event {
    /// An event without parsed values.
    pub fn new(role: impl Into<Cow<'static, str>>, at: Timestamp, record: Record) -> Self {
        Self { role: role.into(), at, record, parsed: Parsed::default(), replay: None }
    }
}

/// An operator's command for one entry, as stored in the inbox. Commands are idempotent: they set a state (`extend until`) and
/// do not change it relatively (`extend by`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Command {
    /// The id, equal for each repetition.
    pub id: Uuid,
    /// The name, one that the processor knows.
    pub name: String,
    /// The arguments, by name.
    #[serde(default)]
    pub arguments: BTreeMap<String, String>,
    /// The operator.
    pub by: String,
    /// The reason given by the operator.
    #[serde(default)]
    pub why: String,
    /// The time of the command, in milliseconds since the epoch.
    pub at: Timestamp,
    /// The trace that an entry without one joins by it, as the header of this name has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<String>,
}

impl Command {
    /// The rejection of this command for an entry: `kind` is what the entry is, as in `bundle`.
    pub(super) fn refusal(&self, (kind, key): (&str, &Key), why: &str) -> Reject {
        let Self { name, by, .. } = self;
        Reject::new(RejectReason::BadCommand, format!("command {name} of {by} for {kind} {key}: {why}"))
    }
}

/// The values that a keying step has parsed from a record, so that the processor need not parse it again. They are a cache: an
/// event that was read from the inbox has none.
#[derive(Clone, Default)]
pub struct Parsed(Option<Arc<dyn Any + Send + Sync>>);

impl Parsed {
    /// Parsed values of type `T`.
    pub fn new<T: Any + Send + Sync>(values: T) -> Self {
        Self(Some(Arc::new(values)))
    }

    /// The parsed values; `None` if there are none or they have another type.
    pub fn get<T: Any>(&self) -> Option<&T> {
        self.0.as_ref()?.downcast_ref()
    }
}

impl fmt::Debug for Parsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Parsed")
    }
}

impl PartialEq for Parsed {
    /// Always equal, because events are compared by their records.
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Parsed {}
