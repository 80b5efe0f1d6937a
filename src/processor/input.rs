//! Everything that can happen to an entry.

use std::any::Any;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::model::{Outcome, Record, Timer, Timestamp};

/// Everything that can happen to an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// A record of the inbox.
    Record(Event),
    /// A timer of this entry has come due; it is no longer scheduled.
    Timer(Timer),
    /// An operator asks for something.
    Command(Command),
    /// What came of an act of this entry; the act stays pending until a step lets go of it
    /// ([`Effect::Settle`](super::Effect::Settle)).
    Outcome(Outcome),
}

/// A record of the inbox with what the keying step found out about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The role that the topology gave its source (`parent`, `child`).
    pub role: Cow<'static, str>,
    /// When it happened: Kafka's timestamp of the source record, or the field that the topology names.
    pub at: Timestamp,
    /// The source record: its coordinates there, its original key, value and headers.
    pub record: Record,
    /// What the keying step has read of it, if that is at hand.
    pub parsed: Parsed,
}

impl Event {
    /// An event of which nothing has been read yet.
    pub fn new(role: impl Into<Cow<'static, str>>, at: Timestamp, record: Record) -> Self {
        Self { role: role.into(), at, record, parsed: Parsed::default() }
    }
}

/// What an operator asks of one entry, as it stands in the inbox. A command that is repeated changes nothing: what it asks for
/// is a state (`extend until`), not a change (`extend by`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Command {
    /// Its id, the same for each repetition.
    pub id: Uuid,
    /// Its name, one that the processor knows.
    pub name: String,
    /// Its arguments, by name.
    #[serde(default)]
    pub arguments: BTreeMap<String, String>,
    /// Who asks.
    pub by: String,
    /// The reason that was given.
    #[serde(default)]
    pub why: String,
    /// When it was asked, in milliseconds since the epoch.
    pub at: Timestamp,
}

/// What a keying step has read of a record, so that the processor need not read it again. It says nothing that does not
/// stand in the record: an event that has gone through the inbox comes without it.
#[derive(Clone, Default)]
pub struct Parsed(Option<Arc<dyn Any + Send + Sync>>);

impl Parsed {
    /// What a keying step has read.
    pub fn new<T: Any + Send + Sync>(what: T) -> Self {
        Self(Some(Arc::new(what)))
    }

    /// What was read, when something of this type was.
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
    /// Always: whether two events are the same is seen by their records.
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Parsed {}
