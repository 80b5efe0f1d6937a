//! The keying step of member events: finds the bundle's id and validates the event.

use std::borrow::Cow;

use jiff::tz::TimeZone;

use super::source::Reader;
use super::time::TimeReader;
use super::{Rules, plausible};
use crate::model::{Key, Record, Reject};
use crate::processor::{Keyed, Keying};

/// Keys the records of one source. All fields of the bundle are validated here, so that a poison record is rejected with its
/// original coordinates and is not written to the inbox.
#[derive(Clone, Debug)]
pub struct MemberKeying {
    reader: Reader,
    time: TimeReader,
}

/// Errors of a source in the topology.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyingError {
    /// The rules have no source with this index.
    #[error("source {index} does not exist; the bundle has {count} sources")]
    NoSource {
        /// The index, from 0.
        index: usize,
        /// The number of sources.
        count: usize,
    },
    /// The time zone is not in the time zone database.
    #[error("unknown time zone `{zone}` of topic {topic}: {reason}; use an IANA name such as `Europe/Berlin`")]
    UnknownZone {
        /// The zone.
        zone: String,
        /// The source's topic.
        topic: String,
        /// The message of the time zone database.
        reason: String,
    },
}

impl MemberKeying {
    /// The keying step of the source with this index in the rules. Looks the time zone up once, in the time zone database.
    pub fn new(rules: &Rules, source: usize) -> Result<Self, KeyingError> {
        let count = rules.sources.len();
        let source = rules.sources.get(source).ok_or(KeyingError::NoSource { index: source, count })?;
        let zone = source.time.as_ref().and_then(|time| time.zone.as_deref());
        let zone = zone.map(TimeZone::get).transpose().map_err(|error| KeyingError::UnknownZone {
            zone: zone.unwrap_or_default().to_owned(),
            topic: source.topic.clone(),
            reason: error.to_string(),
        })?;
        let unit = source.time.as_ref().and_then(|time| time.unit);
        Ok(Self { reader: Reader::new(source, rules.key), time: TimeReader { zone, unit } })
    }
}

impl Keying for MemberKeying {
    fn key(&self, record: &Record) -> Result<Keyed, Reject> {
        let fields = self.reader.read(record)?;
        let key = Key::new(&fields.bundle()?);
        let member = fields.member_fields()?;
        let at = match fields.time()? {
            Some(field) => self.time.read(&field).map_err(|what| fields.bad_time(&what))?,
            None => record.timestamp,
        };
        // Times ahead are judged by the step, which knows the time.
        plausible::refuse_past(&self.reader, at)?;
        let role = match &self.reader.name {
            Some(name) => Cow::Owned((**name).to_owned()),
            None => Cow::Borrowed(self.reader.member.as_str()),
        };
        Ok(Keyed::new(key, role, at).with_parsed(member))
    }
}
