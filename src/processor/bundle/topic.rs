//! Reads the records of one topic, for all sources that it feeds.

use std::borrow::Cow;
use std::sync::Arc;

use super::id::IdRules;
use super::source::{Fields, Reader};
use super::{Rules, SourceRules};
use crate::model::{Record, Reject, RejectReason};
use crate::processor::place::{PlaceReader, Places};

/// Reads the records of one topic.
#[derive(Clone, Debug)]
pub(super) struct TopicReader {
    pub(super) topic: Arc<str>,
    places: PlaceReader,
    /// The sources of the topic, in the order of the rules; a record is an event of the first one whose conditions hold.
    pub(super) sources: Vec<Reader>,
}

impl TopicReader {
    /// The reader of a topic.
    pub(super) fn new(rules: &Rules, topic: &str) -> Self {
        let (ids, mut places) = (Arc::new(IdRules::new(rules.key, &rules.no_ids)), Places::of(rules.format(topic)));
        let of_topic: Vec<&SourceRules> = rules.sources.iter().filter(|source| source.topic == topic).collect();
        let mut sources: Vec<Reader> = of_topic.iter().map(|source| Reader::new(source, &ids, &mut places)).collect();
        Reader::share_digesters(&of_topic, &mut sources);
        Self { topic: Arc::from(topic), places: places.reader(topic), sources }
    }

    /// True if [`read`](Self::read) takes a record as it is.
    pub(super) const fn is_plain(&self) -> bool {
        self.places.is_plain()
    }

    /// Opens a record, as [`read`](Self::read) takes it; `None` if headers and key rule it out.
    pub(super) fn open<'a>(&self, record: &'a Record, role: Option<&str>) -> Result<Option<Cow<'a, Record>>, Reject> {
        let may_be = |source: &&Reader| role.is_none_or(|role| role == source.role()) && source.may_be(record);
        let Some(first) = self.sources.iter().find(may_be) else { return Ok(None) };
        self.places.open(record).map(Some).map_err(|reject| first.or_version(record, reject))
    }

    /// Reads a record that is opened; `None` if the conditions of none hold. With a role, only sources of that role
    /// are asked.
    pub(super) fn read<'a>(&'a self, record: &'a Record, role: Option<&str>) -> Result<Option<Fields<'a>>, Reject> {
        let may_be =
            |(_, source): &(usize, &Reader)| role.is_none_or(|role| role == source.role()) && source.may_be(record);
        // What headers rule out is passed over without being parsed: it may be in any format.
        let mut candidates = self.sources.iter().enumerate().filter(may_be).peekable();
        let Some((_, first)) = candidates.peek() else { return Ok(None) };
        let payload = self.places.payload(record).filter(|payload| !payload.is_empty());
        if payload.is_none() && !first.has_conditions() {
            return Err(self.no_value(record));
        }
        let found = match self.places.read(record, payload) {
            Ok(found) => found,
            Err(reject) => return Err(first.or_version(record, reject)),
        };
        for (index, source) in candidates {
            if source.is_event(&found)? {
                if found.payload.is_none() {
                    return Err(self.no_value(record));
                }
                source.check_version(&found)?;
                return Ok(Some(Fields::new(record, (index, source), found)));
            }
        }
        Ok(None)
    }

    fn no_value(&self, record: &Record) -> Reject {
        let (reason, what) = match &record.value {
            None => (RejectReason::NoValue, "has no value"),
            Some(_) => (RejectReason::Unparsable, "has an empty value"),
        };
        let remedy = "an event is a JSON object; to pass others over, give the source a `where`";
        Reject::new(reason, format!("a record of {} {what}; {remedy}", self.topic))
    }
}
