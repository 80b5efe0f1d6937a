//! The keying step before an inbox: finds the key, role and event time of a record.

use std::any::Any;
use std::borrow::Cow;

use super::input::{Event, Parsed};
use crate::model::{Key, Record, Reject, RejectReason, Timestamp};

/// The stateless keying step before an inbox.
pub trait Keying: Send + Sync {
    /// Finds the entry of a record, or passes the record over. An `Err` makes it a dead letter.
    fn key(&self, record: &Record) -> Result<Keyed, Reject>;

    /// The record of another source that a record stands for, with its own coordinates; by default it stands for itself.
    fn original(&self, _: &Record) -> Option<Record> {
        None
    }
}

/// A function from a record to its key is a keying step.
impl<F: Fn(&Record) -> Result<Keyed, Reject> + Send + Sync> Keying for F {
    fn key(&self, record: &Record) -> Result<Keyed, Reject> {
        self(record)
    }
}

/// The keying step for sources with keyed records: the record's key and timestamp, and the role `event`. A record without a key
/// is rejected.
pub fn by_key(record: &Record) -> Result<Keyed, Reject> {
    let key = record.key.as_deref().ok_or_else(|| Reject::new(RejectReason::BadId, "the record has no key"))?;
    Ok(Keyed::new(Key::from_slice(key), "event", record.timestamp))
}

/// The result of a keying step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Keyed {
    /// The entry of the record.
    To(Addressed),
    /// The record belongs to no entry of this application: it is counted and skipped.
    Pass,
    /// The record belongs to the application with this id: it is counted and skipped, and a warning names the owner.
    Foreign(String),
}

impl Keyed {
    /// A record for the entry of this key.
    pub fn new(key: Key, role: impl Into<Cow<'static, str>>, at: Timestamp) -> Self {
        Self::To(Addressed { key, role: role.into(), at, parsed: Parsed::default() })
    }

    /// The same result with parsed values for the step.
    #[must_use]
    pub fn with_parsed<T: Any + Send + Sync>(self, values: T) -> Self {
        match self {
            Self::To(addressed) => Self::To(Addressed { parsed: Parsed::new(values), ..addressed }),
            other @ (Self::Pass | Self::Foreign(_)) => other,
        }
    }
}

/// The key, role and event time of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Addressed {
    /// The key of the entry.
    pub key: Key,
    /// The role of the record's source (`parent`, `child`).
    pub role: Cow<'static, str>,
    /// The event time.
    pub at: Timestamp,
    /// The parsed values for the step.
    pub parsed: Parsed,
}

impl Addressed {
    /// The key of the entry, and the event for it.
    pub fn into_event(self, record: Record) -> (Key, Event) {
        let Self { key, role, at, parsed } = self;
        (key, Event { role, at, record, parsed, replay: None })
    }
}
