//! The conditions of a source: which records of its topic are events of it.

use super::cloud_event;
use super::invalid::wrong_type;
use super::places::{Field, Found, Place, Places, outside};
use crate::codec::json::{Scalar, integer, not_an_object};
use crate::model::{Record, Reject};

/// A condition of a source: the value at a place is one of some.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// The place.
    pub at: Place,
    /// The values, at least one.
    pub is: Vec<Literal>,
}

/// A value that a topology file names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Literal {
    /// A string.
    Text(String),
    /// An integer, equal to any spelling of it (`1`, `1.0`).
    Integer(i64),
    /// `true` or `false`.
    Boolean(bool),
}

/// A condition that is ready to be checked.
#[derive(Clone, Debug)]
pub(in crate::processor) struct Check {
    at: Field,
    is: Vec<Expected>,
}

/// A value that is ready to be compared.
#[derive(Clone, Debug)]
struct Expected {
    kind: Kind,
    /// The text, the digits of the integer, `true` or `false`.
    text: String,
}

/// The type of an expected value.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Text,
    Integer,
    Boolean,
}

impl Check {
    pub(in crate::processor) fn new(condition: &Condition, places: &mut Places) -> Self {
        Self { at: places.add(&condition.at), is: condition.is.iter().map(Expected::new).collect() }
    }

    /// False if headers and key alone rule the record out, so that its value need not be read.
    pub(in crate::processor) fn may_hold(&self, record: &Record) -> bool {
        match &self.at.place {
            place @ (Place::Header(_) | Place::Key) => self.is_text(&outside(record, place)),
            // In the binary mode an attribute is a header.
            Place::Attribute(name) => {
                cloud_event::in_headers(record, name).is_none_or(|text| self.is_text(&Scalar::Text(text.into())))
            }
            Place::Value(_) | Place::KeyField(_) => true,
        }
    }

    /// True if the condition holds. An error tells why it cannot be judged, which is no reason to pass the record over: a value
    /// that is no object, or a key that is not JSON.
    pub(in crate::processor) fn holds(&self, found: &Found<'_>) -> Result<bool, Reject> {
        let scalar = found.scalar(&self.at);
        match (&self.at.place, found.payload, found.unreadable_key()) {
            (Place::Header(_) | Place::Key, _, _) => Ok(self.is_text(&scalar)),
            // An extension is a text in the binary mode, whatever its type is.
            (Place::Attribute(_), _, _) => Ok(self.is_text(&scalar) || self.is_value(&scalar)),
            (Place::KeyField(_), _, Some(reject)) => Err(reject.clone()),
            (Place::Value(_), Some(payload), _) if scalar == Scalar::Absent => match not_an_object(payload) {
                None | Some("null") => Ok(false),
                Some(other) => Err(wrong_type(found.topic, other)),
            },
            (Place::Value(_) | Place::KeyField(_), _, _) => Ok(self.is_value(&scalar)),
        }
    }

    /// Compares with a value of a JSON text.
    fn is_value(&self, scalar: &Scalar<'_>) -> bool {
        self.is.iter().any(|expected| expected.is_equal(scalar))
    }

    /// Compares with a text without type: `1` and `true` are equal to the integer and the boolean.
    fn is_text(&self, scalar: &Scalar<'_>) -> bool {
        let Scalar::Text(text) = scalar else { return false };
        self.is.iter().any(|Expected { kind, text: expected }| match kind {
            Kind::Text | Kind::Boolean => expected == text,
            Kind::Integer => integer(text).is_some_and(|digits| digits == *expected),
        })
    }
}

impl Expected {
    fn new(literal: &Literal) -> Self {
        let (kind, text) = match literal {
            Literal::Text(text) => (Kind::Text, text.clone()),
            Literal::Integer(number) => (Kind::Integer, number.to_string()),
            Literal::Boolean(value) => (Kind::Boolean, value.to_string()),
        };
        Self { kind, text }
    }

    fn is_equal(&self, scalar: &Scalar<'_>) -> bool {
        match (self.kind, scalar) {
            (Kind::Text, Scalar::Text(text)) => *text == self.text,
            (Kind::Integer, Scalar::Number(number)) => integer(number).is_some_and(|digits| digits == self.text),
            (Kind::Boolean, Scalar::Boolean(value)) => self.text == if *value { "true" } else { "false" },
            (Kind::Text | Kind::Integer | Kind::Boolean, _) => false,
        }
    }
}
