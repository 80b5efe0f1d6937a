//! Reads and validates the fields of a member event, for the keying step, which rejects poison records, and for the bundle.

use std::borrow::Cow;
use std::sync::Arc;

use bytes::Bytes;

use super::{CHILDREN_MAX, Implausible, KeyFormat, Role, SourceRules};
use crate::codec::json::{Digester, Extracted, Extractor, Pointer, Scalar};
use crate::model::{Record, Reject, RejectReason};

/// The longest id in bytes; an id is a Kafka key, a store key and part of messages.
pub const ID_LEN_MAX: usize = 256;

/// Reads the records of one source.
#[derive(Clone, Debug)]
pub(super) struct Reader {
    pub(super) topic: Arc<str>,
    pub(super) member: Role,
    /// The name of its children.
    pub(super) name: Option<Arc<str>>,
    key: KeyFormat,
    extractor: Extractor,
    bundle: Field,
    id: Field,
    expects: Option<Field>,
    position: Option<Field>,
    time: Option<Field>,
    pub(super) implausible: Implausible,
    /// Hashes the contents of its members, without the fields that do not count.
    pub(super) digester: Digester,
}

/// A pointer with its index in the extractor.
#[derive(Clone, Debug)]
struct Field {
    index: usize,
    pointer: Pointer,
}

/// The fields of a member event except bundle id and time.
#[derive(Clone, Debug)]
pub(super) struct MemberFields {
    /// The record value that they were read from.
    value: Bytes,
    pub(super) id: String,
    pub(super) expects: Option<u32>,
    pub(super) position: Option<i64>,
}

impl MemberFields {
    /// True if they were read from this very value, and not from a copy.
    pub(super) fn are_from(&self, value: Option<&Bytes>) -> bool {
        value.is_some_and(|value| (value.as_ptr(), value.len()) == (self.value.as_ptr(), self.value.len()))
    }
}

/// The value of the time field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum TimeField<'a> {
    /// A string.
    Text(Cow<'a, str>),
    /// A number, as it is spelled.
    Number(&'a str),
}

/// The fields of one record, validated on access.
#[derive(Debug)]
pub(super) struct Fields<'a> {
    reader: &'a Reader,
    value: &'a Bytes,
    found: Extracted<'a>,
}

impl Reader {
    pub(super) fn new(rules: &SourceRules, key: KeyFormat) -> Self {
        let mut pointers = Vec::new();
        let mut field = |pointer: &Pointer| {
            pointers.push(pointer.clone());
            Field { index: pointers.len() - 1, pointer: pointer.clone() }
        };
        let (bundle, id) = (field(&rules.bundle), field(&rules.id));
        let (expects, position) = match rules.member {
            Role::Parent => (rules.expects.as_ref().map(&mut field), None),
            Role::Child => (None, rules.position.as_ref().map(&mut field)),
        };
        let time = rules.time.as_ref().map(|rule| field(&rule.pointer));
        let extractor = Extractor::new(&pointers);
        // The ids of two events are equal when these are compared, however they are spelled.
        let digester = Digester::without([&rules.bundle, &rules.id].into_iter().chain(&rules.ignore));
        Self {
            topic: Arc::from(rules.topic.as_str()),
            member: rules.member,
            name: rules.name.clone(),
            key,
            extractor,
            bundle,
            id,
            expects,
            position,
            time,
            implausible: rules.implausible,
            digester,
        }
    }

    /// The role of its records, which the inbox has: the children's name, or the role of members.
    pub(super) fn role(&self) -> &str {
        self.name.as_deref().unwrap_or(self.member.as_str())
    }

    /// True if the parents of this source state the number of children.
    pub(super) const fn has_expects(&self) -> bool {
        self.expects.is_some()
    }

    pub(super) fn read<'a>(&'a self, record: &'a Record) -> Result<Fields<'a>, Reject> {
        let Some(value) = &record.value else {
            let detail = format!("a record of {} has no value; an event is a JSON object", self.topic);
            return Err(Reject::new(RejectReason::NoValue, detail));
        };
        let found = self.extractor.extract(value).map_err(|error| {
            Reject::new(RejectReason::Unparsable, format!("the value of a record of {}: {error}", self.topic))
        })?;
        Ok(Fields { reader: self, value, found })
    }

    /// The rejection of an invalid time; `what` completes the sentence "the time is ...".
    pub(super) fn bad_time(&self, what: &str) -> Reject {
        if let Some(field) = &self.time {
            return self.wrong(RejectReason::BadTime, field, what);
        }
        let (member, topic) = (self.role(), &self.topic);
        Reject::new(RejectReason::BadTime, format!("the timestamp of a {member} in {topic} is {what}"))
    }

    fn wrong(&self, reason: RejectReason, field: &Field, what: &str) -> Reject {
        let member = self.role();
        Reject::new(reason, format!("`{}` of a {member} in {} is {what}", field.pointer, self.topic))
    }
}

impl Fields<'_> {
    /// The bundle's id, normalized.
    pub(super) fn bundle(&self) -> Result<Cow<'_, str>, Reject> {
        self.identifier(&self.reader.bundle, "the bundle's id")
    }

    /// The fields for the bundle.
    pub(super) fn member_fields(&self) -> Result<MemberFields, Reject> {
        let (id, expects, position) = (self.id()?.into_owned(), self.expects()?, self.position()?);
        Ok(MemberFields { value: self.value.clone(), id, expects, position })
    }

    /// The member's id, normalized.
    fn id(&self) -> Result<Cow<'_, str>, Reject> {
        self.identifier(&self.reader.id, "the member's id")
    }

    /// A parent's number of children.
    fn expects(&self) -> Result<Option<u32>, Reject> {
        let Some((field, number)) = self.number(self.reader.expects.as_ref())? else { return Ok(None) };
        match u32::try_from(number) {
            Ok(children) if children <= CHILDREN_MAX => Ok(Some(children)),
            Ok(_) | Err(_) => {
                let what = format!("{number}; a number of children is from 0 to {CHILDREN_MAX}");
                Err(self.wrong(RejectReason::MissingField, field, &what))
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
        match self.found.scalar(field.index) {
            Scalar::Text(text) => Ok(Some(TimeField::Text(text))),
            Scalar::Absent => {
                Err(self.wrong(RejectReason::MissingField, field, "missing; the event's time stands there"))
            }
            other @ (Scalar::Null | Scalar::Integer(_) | Scalar::Other(_)) => {
                let raw = self.found.raw(field.index).unwrap_or_default();
                if raw.starts_with(|first: char| first == '-' || first.is_ascii_digit()) {
                    return Ok(Some(TimeField::Number(raw)));
                }
                let what = format!("{}; a time is an ISO 8601 text, or a number with a `unit`", other.kind());
                Err(self.wrong(RejectReason::BadTime, field, &what))
            }
        }
    }

    /// The rejection of an invalid time.
    pub(super) fn bad_time(&self, what: &str) -> Reject {
        self.reader.bad_time(what)
    }

    fn number<'f>(&self, field: Option<&'f Field>) -> Result<Option<(&'f Field, i64)>, Reject> {
        let Some(field) = field else { return Ok(None) };
        match self.found.scalar(field.index) {
            Scalar::Absent | Scalar::Null => Ok(None),
            Scalar::Integer(number) => Ok(Some((field, number))),
            other @ (Scalar::Text(_) | Scalar::Other(_)) => {
                let what = format!("{}; an integer is expected there", other.kind());
                Err(self.wrong(RejectReason::MissingField, field, &what))
            }
        }
    }

    fn identifier(&self, field: &Field, what: &str) -> Result<Cow<'_, str>, Reject> {
        let text = match self.found.scalar(field.index) {
            Scalar::Text(text) => text,
            Scalar::Integer(number) => Cow::Owned(number.to_string()),
            Scalar::Absent => {
                return Err(self.wrong(RejectReason::MissingField, field, &format!("missing; {what} stands there")));
            }
            other @ (Scalar::Null | Scalar::Other(_)) => {
                let what = format!("{}; {what} is a string or an integer", other.kind());
                return Err(self.wrong(RejectReason::MissingField, field, &what));
            }
        };
        let bad = |why: String| self.wrong(RejectReason::BadId, field, &why);
        if text.is_empty() || text.len() > ID_LEN_MAX {
            return Err(bad(format!("{} bytes long; an id has 1 to {ID_LEN_MAX}", text.len())));
        }
        match self.reader.key {
            KeyFormat::Text => Ok(text),
            KeyFormat::Uuid if is_canonical(&text) => Ok(text),
            KeyFormat::Uuid => match uuid::Uuid::try_parse(&text) {
                Ok(id) => Ok(Cow::Owned(id.hyphenated().to_string())),
                Err(error) => {
                    Err(bad(format!("`{text}`, which is no uuid ({error}); a topology may choose `text` keys")))
                }
            },
        }
    }

    fn wrong(&self, reason: RejectReason, field: &Field, what: &str) -> Reject {
        self.reader.wrong(reason, field, what)
    }
}

/// True for a uuid in normal form: hyphenated, in lower case. Most are, and need not be parsed.
fn is_canonical(text: &str) -> bool {
    const LENGTH: usize = 36;
    const HYPHENS: [usize; 4] = [8, 13, 18, 23];
    let fits = |(at, byte): (usize, u8)| match byte {
        b'-' => HYPHENS.contains(&at),
        b'0'..=b'9' | b'a'..=b'f' => !HYPHENS.contains(&at),
        _ => false,
    };
    text.len() == LENGTH && text.bytes().enumerate().all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_canonical_uuid_is_equal_to_its_parsed_and_written_form() {
        let id = "0d3c5b0e-57c4-5f0b-9a54-2c9f1d6e8b37";
        assert!(is_canonical(id));
        assert_eq!(uuid::Uuid::try_parse(id).unwrap().hyphenated().to_string(), id);
        let braced = format!("{{{id}}}");
        for other in
            [&id.to_uppercase(), &id.replace('-', "0"), &id.replace("0d", "0-"), &id.replace("0d", ""), &braced]
        {
            assert!(!is_canonical(other), "{other}");
        }
    }
}
