//! The conditions of a source: which records of its topic are events of it.

use super::Place;
use super::place::{Field, Found, Places, outside};
use crate::codec::json::{Scalar, integer, not_an_object};
use crate::model::Record;

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
pub(super) struct Check {
    at: Field,
    is: Vec<Literal>,
}

impl Check {
    pub(super) fn new(condition: &Condition, places: &mut Places) -> Self {
        Self { at: places.add(&condition.at), is: condition.is.clone() }
    }

    /// False if headers and key alone rule the record out, so that its value need not be read.
    pub(super) fn may_hold(&self, record: &Record) -> bool {
        match &self.at.place {
            place @ (Place::Header(_) | Place::Key) => self.is_text(&outside(record, place)),
            Place::Value(_) | Place::KeyField(_) => true,
        }
    }

    /// True if the condition holds. The error says what a value is that is no object, so that nothing can be said of its fields;
    /// that is no reason to pass it over.
    pub(super) fn holds(&self, found: &Found<'_>) -> Result<bool, &'static str> {
        let scalar = found.scalar(&self.at);
        match (&self.at.place, found.payload) {
            (Place::Header(_) | Place::Key, _) => Ok(self.is_text(&scalar)),
            (Place::Value(_), Some(payload)) if scalar == Scalar::Absent => match not_an_object(payload) {
                None | Some("null") => Ok(false),
                Some(other) => Err(other),
            },
            (Place::Value(_) | Place::KeyField(_), _) => Ok(self.is.iter().any(|literal| is_equal(literal, &scalar))),
        }
    }

    /// Compares with a text without type: `1` and `true` are equal to the integer and the boolean.
    fn is_text(&self, scalar: &Scalar<'_>) -> bool {
        let Scalar::Text(text) = scalar else { return false };
        self.is.iter().any(|literal| match literal {
            Literal::Text(expected) => expected == text,
            Literal::Integer(expected) => integer(text).is_some_and(|digits| digits == expected.to_string()),
            Literal::Boolean(expected) => *text == if *expected { "true" } else { "false" },
        })
    }
}

fn is_equal(literal: &Literal, scalar: &Scalar<'_>) -> bool {
    match (literal, scalar) {
        (Literal::Text(expected), Scalar::Text(text)) => expected == text,
        (Literal::Integer(expected), Scalar::Number(number)) => {
            integer(number).is_some_and(|digits| digits == expected.to_string())
        }
        (Literal::Boolean(expected), Scalar::Boolean(value)) => expected == value,
        (Literal::Text(_) | Literal::Integer(_) | Literal::Boolean(_), _) => false,
    }
}
