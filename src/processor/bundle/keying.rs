//! The keying step of member events: finds the bundle's id and validates the event.

use std::borrow::Cow;

use super::source::MemberFields;
use super::time::TimeReader;
use super::topic::TopicReader;
use super::{Rules, SourceRules, TimeRule, plausible};
use crate::model::{Key, Record, Reject};
use crate::processor::{Keyed, Keying, Parsed};

/// Keys the records of one topic. All fields of the bundle are validated here, so that a poison record is rejected with its
/// original coordinates and is not written to the inbox.
#[derive(Clone, Debug)]
pub struct MemberKeying {
    reader: TopicReader,
    /// How the times of each source are read, in their order.
    times: Vec<TimeReader>,
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
    /// The keying step of the topic of the source with this index in the rules, for all sources of that topic. Looks the time
    /// zones up once, in the time zone database.
    pub fn new(rules: &Rules, source: usize) -> Result<Self, KeyingError> {
        let count = rules.sources.len();
        let topic = &rules.sources.get(source).ok_or(KeyingError::NoSource { index: source, count })?.topic;
        let of_topic = rules.sources.iter().filter(|source| source.topic == *topic);
        let times = of_topic.map(time_reader).collect::<Result<_, _>>()?;
        Ok(Self { reader: TopicReader::new(rules, topic), times })
    }
}

fn time_reader(source: &SourceRules) -> Result<TimeReader, KeyingError> {
    let reader = |rule: &TimeRule| {
        TimeReader::new(rule).map_err(|error| KeyingError::UnknownZone {
            zone: rule.zone.clone().unwrap_or_default(),
            topic: source.topic.clone(),
            reason: error.to_string(),
        })
    };
    source.deadline.as_ref().map(reader).transpose()?;
    Ok(source.time.as_ref().map(reader).transpose()?.unwrap_or_default())
}

impl Keying for MemberKeying {
    fn key(&self, record: &Record) -> Result<Keyed, Reject> {
        if self.reader.is_plain() {
            return self.keyed(record, record);
        }
        self.reader.open(record, None)?.map_or(Ok(Keyed::Pass), |opened| self.keyed(&opened, record))
    }
}

/// The id of the member that [`MemberKeying`] has parsed; `None` for values of another keying step.
pub fn member_id(parsed: &Parsed) -> Option<&str> {
    parsed.get::<MemberFields>().map(|fields| fields.id.as_str())
}

impl MemberKeying {
    /// Keys a record that is opened.
    fn keyed(&self, opened: &Record, record: &Record) -> Result<Keyed, Reject> {
        let Some(fields) = self.reader.read(opened, None)? else { return Ok(Keyed::Pass) };
        let key = Key::new(&fields.bundle()?);
        let member = fields.member_fields(record)?;
        let at = match (fields.time()?, self.times.get(fields.index)) {
            (Some(field), Some(time)) => time.read(&field).map_err(|what| fields.bad_time(&what))?,
            (None, _) | (Some(_), None) => record.timestamp,
        };
        // Times ahead are judged by the step, which knows the time.
        plausible::refuse_past(fields.reader, at)?;
        let role = match &fields.reader.name {
            Some(name) => Cow::Owned((**name).to_owned()),
            None => Cow::Borrowed(fields.reader.member.as_str()),
        };
        Ok(Keyed::new(key, role, at).with_parsed(member))
    }
}
