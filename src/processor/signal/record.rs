//! Decodes the records of signals: JSON `{"bundle_id", "event"}`, keyed by the name of the event.

use serde::Deserialize;

use crate::model::{Key, Record, Reject, RejectReason};
use crate::processor::bundle::submitting_application;
use crate::processor::{Keyed, Keying};

/// The role of the records.
const ROLE: &str = "signal";

/// The value of a record.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct SignalRecord {
    /// The bundle whose member has come.
    pub(super) bundle_id: String,
    /// The name of the event, which is also the key.
    event: String,
}

/// The keying step: the record's key, which is the name in its value.
#[derive(Clone, Debug)]
pub struct SignalKeying {
    application: String,
}

impl SignalKeying {
    /// The keying step of this application's signals.
    pub fn new(application: &str) -> Self {
        Self { application: application.to_owned() }
    }
}

impl Keying for SignalKeying {
    fn key(&self, record: &Record) -> Result<Keyed, Reject> {
        if let Some(other) = submitting_application(&record.headers).filter(|other| *other != self.application) {
            return Ok(Keyed::Foreign(other.to_owned()));
        }
        let Some(key) = record.key.as_deref().map(Key::from_slice) else {
            return Err(Reject::new(
                RejectReason::BadId,
                "the signal has no key: its key must be the name of its event",
            ));
        };
        read(&key, record.value.as_deref())?;
        Ok(Keyed::new(key, ROLE, record.timestamp))
    }
}

/// The value of a record with this key.
pub(super) fn read(key: &Key, value: Option<&[u8]>) -> Result<SignalRecord, Reject> {
    let Some(value) = value else { return Err(Reject::new(RejectReason::NoValue, "the signal has no value")) };
    let signal: SignalRecord = serde_json::from_slice(value)
        .map_err(|error| Reject::new(RejectReason::Unparsable, format!("this is no signal: {error}")))?;
    if signal.event.as_bytes() != key.as_bytes() {
        let detail = format!("the signal's key is `{key}`, but its event is `{}`", signal.event);
        return Err(Reject::new(RejectReason::BadId, detail));
    }
    Ok(signal)
}
