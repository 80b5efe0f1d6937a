//! Reads and validates the fields of a member event, for the keying step, which rejects poison records, and for the bundle.

use std::borrow::Cow;
use std::sync::Arc;

use bytes::Bytes;

use super::id::{Candidate, IdRules};
use super::time::{TimeField, TimeReader};
use super::version::VersionCheck;
use super::{CHILDREN_MAX, Implausible, PLAUSIBLE_FROM, Role, SourceRules};
use crate::codec::json::{Digester, Scalar, integer, not_an_object};
use crate::model::{Record, Reject, RejectReason, Timestamp};
use crate::processor::place::invalid::wrong_type;
use crate::processor::place::{Check, Field, Found, Place, Places};

/// Reads the events of one source.
#[derive(Clone, Debug)]
pub(super) struct Reader {
    topic: Arc<str>,
    pub(super) member: Role,
    /// The name of its children.
    pub(super) name: Option<Arc<str>>,
    ids: Arc<IdRules>,
    conditions: Vec<Check>,
    version: Option<VersionCheck>,
    bundle: Field,
    id: Field,
    expects: Option<Field>,
    position: Option<Field>,
    time: Option<Field>,
    /// The field with the deadline, and how it is read.
    deadline: Option<(Field, TimeReader)>,
    pub(super) implausible: Implausible,
    /// Hashes the contents of its members, without the fields that do not count.
    pub(super) digester: Arc<Digester>,
}

/// The fields of a member event except bundle id and time.
#[derive(Clone, Debug)]
pub(super) struct MemberFields {
    /// The index of the source in those of its topic.
    pub(super) source: usize,
    /// The record value that they were read from.
    value: Bytes,
    /// The JSON text in it.
    pub(super) content: Bytes,
    pub(super) id: String,
    pub(super) expects: Option<u32>,
    pub(super) position: Option<i64>,
    pub(super) deadline: Option<Timestamp>,
}

impl MemberFields {
    /// True if they were read from this very value, and not from a copy.
    pub(super) fn are_from(&self, value: Option<&Bytes>) -> bool {
        value.is_some_and(|value| (value.as_ptr(), value.len()) == (self.value.as_ptr(), self.value.len()))
    }
}

/// The fields of one record, validated on access.
#[derive(Debug)]
pub(super) struct Fields<'a> {
    /// The index of the source in those of its topic.
    pub(super) index: usize,
    pub(super) reader: &'a Reader,
    record: &'a Record,
    found: Found<'a>,
}

impl Reader {
    /// The reader of a source, whose places are added to those of its topic.
    pub(super) fn new(rules: &SourceRules, ids: &Arc<IdRules>, places: &mut Places) -> Self {
        let conditions = rules.conditions.iter().map(|condition| Check::new(condition, places)).collect();
        let version = rules.version.as_ref().map(|rule| VersionCheck::new(rule, places));
        let mut field = |place: &Place| places.add(place);
        let (bundle, id) = (field(&rules.bundle), field(&rules.id));
        let expects = rules.expects.as_ref().map(&mut field);
        let position = match rules.member {
            Role::Parent => None,
            Role::Child => rules.position.as_ref().map(&mut field),
        };
        let time = rules.time.as_ref().map(|rule| field(&rule.place));
        // The keying step has refused an unknown zone.
        let deadline =
            rules.deadline.as_ref().map(|rule| (field(&rule.place), TimeReader::new(rule).unwrap_or_default()));
        Self {
            topic: Arc::from(rules.topic.as_str()),
            member: rules.member,
            name: rules.name.clone(),
            ids: Arc::clone(ids),
            conditions,
            version,
            bundle,
            id,
            expects,
            position,
            time,
            deadline,
            implausible: rules.implausible,
            digester: Arc::default(),
        }
    }

    /// Gives the sources of one topic with one role and name the same hash, because a stored member does not say which of them it
    /// is from.
    pub(super) fn share_digesters(rules: &[&SourceRules], readers: &mut [Self]) {
        for first in rules {
            let is_alike = |member: Role, name: &Option<Arc<str>>| member == first.member && *name == first.name;
            let of_role = rules.iter().filter(|source| is_alike(source.member, &source.name));
            // The ids of two events are equal when these are compared, however they are spelled.
            let ignored = of_role.flat_map(|source| {
                let places = [&source.bundle, &source.id].into_iter().chain(&source.ignore);
                places.filter_map(|place| source.format.pointer(place))
            });
            let digester = Arc::new(Digester::without(&ignored.collect::<Vec<_>>()));
            for reader in readers.iter_mut().filter(|reader| is_alike(reader.member, &reader.name)) {
                reader.digester = Arc::clone(&digester);
            }
        }
    }

    /// The role of its records, which the inbox has: the children's name, or the role of members.
    pub(super) fn role(&self) -> &str {
        self.name.as_deref().unwrap_or(self.member.as_str())
    }

    /// True if only some records of the topic are events of this source.
    pub(super) const fn has_conditions(&self) -> bool {
        !self.conditions.is_empty()
    }

    /// False if headers and key alone rule the record out.
    pub(super) fn may_be(&self, record: &Record) -> bool {
        self.conditions.iter().all(|condition| condition.may_hold(record))
    }

    /// True if all conditions hold. An error tells why that cannot be judged: no condition does not hold, and one cannot be
    /// judged; or they hold, and the ids or other fields are in a key that is not JSON.
    pub(super) fn is_event(&self, found: &Found<'_>) -> Result<bool, Reject> {
        let mut unknown = None;
        for condition in &self.conditions {
            match condition.holds(found) {
                Ok(true) => {}
                Ok(false) => return Ok(false),
                Err(reject) => unknown = unknown.or(Some(reject)),
            }
        }
        match (unknown, found.unreadable_key()) {
            (Some(reject), _) => Err(reject),
            (None, Some(reject)) if self.reads_key() => Err(reject.clone()),
            (None, Some(_) | None) => Ok(true),
        }
    }

    /// Checks the schema version of an event of this source.
    pub(super) fn check_version(&self, found: &Found<'_>) -> Result<(), Reject> {
        match &self.version {
            Some(version) => version.check(found, &|| self.event()),
            None => Ok(()),
        }
    }

    /// The rejection of a record that cannot be read: its version, if headers or key tell that it is another one.
    pub(super) fn or_version(&self, record: &Record, reject: Reject) -> Reject {
        let checked = self.version.as_ref().map(|version| version.check_outside(record, &|| self.event()));
        checked.and_then(Result::err).unwrap_or(reject)
    }

    /// What its events are in messages.
    fn event(&self) -> String {
        format!("a {} in {}", self.role(), self.topic)
    }

    /// True if a field is in the key, which is JSON then.
    fn reads_key(&self) -> bool {
        let fields = [&self.bundle, &self.id].into_iter().chain(&self.expects).chain(&self.position).chain(&self.time);
        let fields = fields.chain(self.deadline.as_ref().map(|(field, _)| field));
        let fields = fields.chain(self.version.as_ref().map(VersionCheck::at));
        fields.into_iter().any(|field| matches!(field.place, Place::KeyField(_)))
    }

    /// The rejection of an invalid time; `what` completes the sentence "the time is ...".
    pub(super) fn bad_time(&self, what: &str) -> Reject {
        if let Some(field) = &self.time {
            return self.wrong(RejectReason::BadTime, field, what);
        }
        Reject::new(RejectReason::BadTime, format!("the timestamp of {} is {what}", self.event()))
    }

    fn wrong(&self, reason: RejectReason, field: &Field, what: &str) -> Reject {
        Reject::new(reason, format!("`{}` of {} is {what}", field.place, self.event()))
    }
}

impl<'a> Fields<'a> {
    pub(super) const fn new(record: &'a Record, (index, reader): (usize, &'a Reader), found: Found<'a>) -> Self {
        Self { index, reader, record, found }
    }

    /// The bundle's id, normalized.
    pub(super) fn bundle(&self) -> Result<Cow<'_, str>, Reject> {
        self.identifier(&self.reader.bundle, true)
    }

    /// The fields for the bundle.
    ///
    /// `original` is the record before it was opened.
    pub(super) fn member_fields(&self, original: &Record) -> Result<MemberFields, Reject> {
        let id = self.identifier(&self.reader.id, false)?.into_owned();
        let (expects, position, deadline) = (self.expects()?, self.position()?, self.deadline()?);
        let value = original.value.clone().unwrap_or_default();
        let content = match (&self.record.value, self.found.payload) {
            (Some(value), Some(payload)) => value.slice_ref(payload),
            (_, None) | (None, _) => Bytes::new(),
        };
        Ok(MemberFields { source: self.index, value, content, id, expects, position, deadline })
    }

    /// The number of children.
    fn expects(&self) -> Result<Option<u32>, Reject> {
        let Some((field, number)) = self.number(self.reader.expects.as_ref())? else { return Ok(None) };
        match u32::try_from(number) {
            Ok(children) if children <= CHILDREN_MAX => Ok(Some(children)),
            Ok(_) | Err(_) => {
                let what = format!("{number}; a number of children is from 0 to {CHILDREN_MAX}");
                Err(self.reader.wrong(RejectReason::BadValue, field, &what))
            }
        }
    }

    /// A child's position; any integer, because an invalid one is a deviation and not poison.
    fn position(&self) -> Result<Option<i64>, Reject> {
        Ok(self.number(self.reader.position.as_ref())?.map(|(_, number)| number))
    }

    /// The value of the time field, if the topology names one.
    pub(super) fn time(&self) -> Result<Option<TimeField<'_>>, Reject> {
        let Some(field) = &self.reader.time else { return Ok(None) };
        match self.found.scalar(field) {
            Scalar::Text(text) => Ok(Some(TimeField::Text(text))),
            Scalar::Number(number) => Ok(Some(TimeField::Number(number))),
            Scalar::Absent => Err(self.absent(field, "the event's time")),
            other @ (Scalar::Null | Scalar::Boolean(_) | Scalar::Other(_)) => {
                let what = format!("{}; a time is an ISO 8601 text, or a number with a `unit`", other.kind());
                Err(self.reader.wrong(RejectReason::BadTime, field, &what))
            }
        }
    }

    /// The bundle's deadline, if the event states one.
    fn deadline(&self) -> Result<Option<Timestamp>, Reject> {
        let Some((field, reader)) = &self.reader.deadline else { return Ok(None) };
        let wrong = |what: &str| self.reader.wrong(RejectReason::BadTime, field, what);
        let read = match self.found.scalar(field) {
            Scalar::Absent | Scalar::Null => return Ok(None),
            Scalar::Text(text) => reader.read(&TimeField::Text(text)),
            Scalar::Number(number) => reader.read(&TimeField::Number(number)),
            other @ (Scalar::Boolean(_) | Scalar::Other(_)) => Err(other.kind().to_owned()),
        };
        match read {
            Ok(deadline) if deadline >= PLAUSIBLE_FROM => Ok(Some(deadline)),
            Ok(deadline) => {
                Err(wrong(&format!("{deadline}, which cannot be a deadline: it is before {PLAUSIBLE_FROM}")))
            }
            Err(what) => Err(wrong(&what)),
        }
    }

    /// The rejection of an invalid time.
    pub(super) fn bad_time(&self, what: &str) -> Reject {
        self.reader.bad_time(what)
    }

    /// An integer in any spelling, a string with digits among them.
    fn number<'f>(&self, field: Option<&'f Field>) -> Result<Option<(&'f Field, i64)>, Reject> {
        let Some(field) = field else { return Ok(None) };
        let scalar = self.found.scalar(field);
        let digits = match &scalar {
            Scalar::Absent | Scalar::Null => return Ok(None),
            Scalar::Number(number) => integer(number),
            Scalar::Text(text) => integer(text),
            Scalar::Boolean(_) | Scalar::Other(_) => None,
        };
        match digits.map(|digits| digits.parse::<i64>()) {
            Some(Ok(number)) => Ok(Some((field, number))),
            Some(Err(_range)) => {
                let what = format!("{}, which is beyond 64 bits", shown(&scalar));
                Err(self.reader.wrong(RejectReason::BadValue, field, &what))
            }
            None => {
                let what = format!("{}; an integer is expected there", shown(&scalar));
                Err(self.reader.wrong(RejectReason::WrongType, field, &what))
            }
        }
    }

    fn identifier(&self, field: &Field, is_bundle: bool) -> Result<Cow<'_, str>, Reject> {
        let what = if is_bundle { "the bundle's id" } else { "the member's id" };
        let wrong_type = |found: &str| {
            Err(self.reader.wrong(
                RejectReason::WrongType,
                field,
                &format!("{found}; {what} is a string or an integer"),
            ))
        };
        let (text, is_number) = match self.found.scalar(field) {
            Scalar::Text(text) => (text, false),
            Scalar::Number(number) => match integer(number) {
                Some(digits) => (digits, true),
                None => return wrong_type(&format!("the number {}", shortened(number))),
            },
            Scalar::Absent => return Err(self.absent(field, what)),
            Scalar::Null => {
                let what = format!("null; {what} is a string or an integer");
                return Err(self.reader.wrong(RejectReason::MissingField, field, &what));
            }
            other @ (Scalar::Boolean(_) | Scalar::Other(_)) => return wrong_type(other.kind()),
        };
        let id = self.reader.ids.normalize(Candidate { text, is_number, is_bundle });
        id.map_err(|why| self.reader.wrong(RejectReason::BadId, field, &why))
    }

    /// The rejection of a missing field; of a value that is no object it says so.
    fn absent(&self, field: &Field, what: &str) -> Reject {
        if let (Place::Value(_), Some(other)) = (&field.place, self.found.payload.and_then(not_an_object)) {
            return wrong_type(&self.reader.topic, other);
        }
        self.reader.wrong(RejectReason::MissingField, field, &format!("missing; {what} stands there"))
    }
}

/// A value with its type, for messages.
fn shown(scalar: &Scalar<'_>) -> String {
    match scalar {
        Scalar::Number(number) => format!("the number {}", shortened(number)),
        Scalar::Text(text) => format!("the string `{}`", shortened(text)),
        other @ (Scalar::Absent | Scalar::Null | Scalar::Boolean(_) | Scalar::Other(_)) => other.kind().to_owned(),
    }
}

/// The first characters of a text, for messages.
fn shortened(text: &str) -> Cow<'_, str> {
    const CHARS_MAX: usize = 40;
    match text.char_indices().nth(CHARS_MAX) {
        Some((end, _)) => Cow::Owned([text.get(..end).unwrap_or_default(), ".."].concat()),
        None => Cow::Borrowed(text),
    }
}
