//! The stateless step in front of an inbox: finds a record's key, its role and its time.

use std::any::Any;
use std::borrow::Cow;

use super::input::{Event, Parsed};
use crate::model::{Key, Record, Reject, RejectReason, Timestamp};

/// The stateless step in front of an inbox.
pub trait Keying: Send + Sync {
    /// Finds the entry that a record is for, or that it is for none, or says why that cannot be told.
    fn key(&self, record: &Record) -> Result<Keyed, Reject>;
}

/// A function that finds a record's key is a keying step.
impl<F: Fn(&Record) -> Result<Keyed, Reject> + Send + Sync> Keying for F {
    fn key(&self, record: &Record) -> Result<Keyed, Reject> {
        self(record)
    }
}

/// The keying step of sources whose records carry their key already: the record's key, its Kafka timestamp, and the role
/// `event`. A record without a key is rejected.
pub fn by_key(record: &Record) -> Result<Keyed, Reject> {
    let key = record.key.as_deref().ok_or_else(|| Reject::new(RejectReason::BadId, "the record has no key"))?;
    Ok(Keyed::new(Key::from_slice(key), "event", record.timestamp))
}

/// What a keying step found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Keyed {
    /// The record is for this entry.
    To(Addressed),
    /// The record is for nobody here: it is counted and passed over.
    Pass,
}

impl Keyed {
    /// A record for the entry of this key.
    pub fn new(key: Key, role: impl Into<Cow<'static, str>>, at: Timestamp) -> Self {
        Self::To(Addressed { key, role: role.into(), at, parsed: Parsed::default() })
    }

    /// Hands on what was read of the record.
    #[must_use]
    pub fn with_parsed<T: Any + Send + Sync>(self, what: T) -> Self {
        match self {
            Self::To(addressed) => Self::To(Addressed { parsed: Parsed::new(what), ..addressed }),
            Self::Pass => Self::Pass,
        }
    }
}

/// The entry that a record is for, and what the keying step found out about the record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Addressed {
    /// The key of the entry.
    pub key: Key,
    /// The role of the record's source (`parent`, `child`).
    pub role: Cow<'static, str>,
    /// When the event happened.
    pub at: Timestamp,
    /// What it has read, for a step on the same record.
    pub parsed: Parsed,
}

impl Addressed {
    /// The event that the record is, for the entry of this key.
    pub fn into_event(self, record: Record) -> (Key, Event) {
        let Self { key, role, at, parsed } = self;
        (key, Event { role, at, record, parsed })
    }
}
