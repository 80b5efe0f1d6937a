//! One alert as it is told: the record of the alerts topic, with texts of limited length.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::super::{Event, Keyed, Keying};
use super::text::one_line;
use crate::model::{Alert, Key, Record, Reject, RejectReason, Severity, Timestamp};

/// The one entry of the processor.
pub const ENTRY: &str = "notifications";
/// The role of the records.
const ROLE: &str = "alert";

/// The longest key, name or kind that is told, in bytes.
const NAME_BYTES_MAX: usize = 100;
/// The longest message that is told, in bytes.
const MESSAGE_BYTES_MAX: usize = 400;
/// The longest remedy that is told, in bytes.
const REMEDY_BYTES_MAX: usize = 300;

/// One alert as it is told. All texts are on one line.
///
/// This type is part of the stored state; see [`Notifications`](super::Notifications).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// The kind.
    pub kind: String,
    /// The severity.
    pub severity: Severity,
    /// The key, such as a bundle's id.
    pub key: String,
    /// The topology.
    pub topology: String,
    /// The processor.
    pub processor: String,
    /// The time of the deviation.
    pub occurred_at: Timestamp,
    /// The sentence.
    pub message: String,
    /// What to do.
    pub remedy: Option<String>,
}

/// The value of a record of the alerts topic; other fields are ignored, so that it can grow.
#[derive(Deserialize)]
struct Wire {
    kind: String,
    severity: Severity,
    key: String,
    #[serde(default)]
    topology: String,
    #[serde(default)]
    processor: String,
    occurred_at: String,
    message: String,
    #[serde(default)]
    details: BTreeMap<String, Value>,
}

impl Told {
    /// The alert of a record's value.
    pub(super) fn parse(value: Option<&[u8]>) -> Result<Self, Reject> {
        let Some(value) = value else { return Err(Reject::new(RejectReason::NoValue, "the alert has no value")) };
        let wire: Wire = serde_json::from_slice(value)
            .map_err(|error| Reject::new(RejectReason::Unparsable, format!("this is no alert: {error}")))?;
        let occurred_at: jiff::Timestamp = wire.occurred_at.parse().map_err(|error: jiff::Error| {
            Reject::new(RejectReason::BadTime, format!("occurred_at of the alert: {error}"))
        })?;
        let name = |text: &str| one_line(text, NAME_BYTES_MAX);
        Ok(Self {
            kind: name(&wire.kind),
            severity: wire.severity,
            key: name(&wire.key),
            topology: name(&wire.topology),
            processor: name(&wire.processor),
            occurred_at: Timestamp::from_millis(occurred_at.as_millisecond()),
            message: one_line(&wire.message, MESSAGE_BYTES_MAX),
            remedy: wire.details.get(Alert::REMEDY).and_then(Value::as_str).map(|it| one_line(it, REMEDY_BYTES_MAX)),
        })
    }

    /// The size of its texts, in bytes.
    pub(super) fn size(&self) -> usize {
        let Self { kind, key, topology, processor, message, remedy, .. } = self;
        [kind, key, topology, processor, message].into_iter().chain(remedy).map(String::len).sum()
    }

    /// The alert of an event of the inbox.
    pub(super) fn of(event: &Event) -> Result<Self, Reject> {
        match event.parsed.get::<Self>() {
            Some(told) => Ok(told.clone()),
            None => Self::parse(event.record.value.as_deref()),
        }
    }
}

/// The keying step of alerts: all of them belong to one entry.
#[derive(Clone, Copy, Debug)]
pub struct AlertKeying;

impl Keying for AlertKeying {
    fn key(&self, record: &Record) -> Result<Keyed, Reject> {
        // It was told of when its records were processed for the first time.
        if record.headers.replay().is_some() {
            return Ok(Keyed::Pass);
        }
        let told = Told::parse(record.value.as_deref())?;
        Ok(Keyed::new(Key::new(ENTRY), ROLE, record.timestamp).with_parsed(told))
    }
}
