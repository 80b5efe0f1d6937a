//! The stateless step in front of the inbox: whose bundle a record belongs to, and whether it is fit to join it.

use jiff::tz::TimeZone;

use super::source::Reader;
use super::{Rules, time};
use crate::model::{Key, Record, Reject};
use crate::processor::{Keyed, Keying};

/// Keys the records of one source. Everything that the bundle will read is checked here, so that poison is rejected with
/// its own coordinates and never reaches the inbox.
#[derive(Clone, Debug)]
pub struct MemberKeying {
    reader: Reader,
    zone: Option<TimeZone>,
}

/// Why a source cannot be keyed: a mistake in the topology.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyingError {
    /// The rules have no source of that number.
    #[error("there is no source {index} in the bundle's rules, which have {count}")]
    NoSource {
        /// The number that was asked for, from 0.
        index: usize,
        /// How many there are.
        count: usize,
    },
    /// The time's zone is not in the zone database.
    #[error("the zone `{zone}` of topic {topic} is not known: {reason}; name an IANA zone such as `Europe/Berlin`")]
    UnknownZone {
        /// The zone.
        zone: String,
        /// The source's topic.
        topic: String,
        /// What the zone database says.
        reason: String,
    },
}

impl MemberKeying {
    /// The keying of the source of that number in the rules. The zone is looked up here, once, in the zone database.
    pub fn new(rules: &Rules, source: usize) -> Result<Self, KeyingError> {
        let count = rules.sources.len();
        let source = rules.sources.get(source).ok_or(KeyingError::NoSource { index: source, count })?;
        let zone = source.time.as_ref().and_then(|time| time.zone.as_deref());
        let zone = zone.map(TimeZone::get).transpose().map_err(|error| KeyingError::UnknownZone {
            zone: zone.unwrap_or_default().to_owned(),
            topic: source.topic.clone(),
            reason: error.to_string(),
        })?;
        Ok(Self { reader: Reader::new(source, rules.key), zone })
    }
}

impl Keying for MemberKeying {
    fn key(&self, record: &Record) -> Result<Keyed, Reject> {
        let fields = self.reader.read(record)?;
        let key = Key::new(&fields.bundle()?);
        let facts = fields.facts()?;
        let at = match fields.time()? {
            Some(text) => time::parse(&text, self.zone.as_ref()).map_err(|what| fields.bad_time(&what))?,
            None => record.timestamp,
        };
        Ok(Keyed::new(key, self.reader.member.as_str(), at).with_parsed(facts))
    }
}
