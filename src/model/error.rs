//! What an error means for whoever has to go on.

use std::fmt;

/// What is to be done about an error; `runtime`, `sink` and `cli` branch on this and on nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ErrorClass {
    /// The input is at fault: dead letter, and go on.
    Reject,
    /// It may work later: back off in place.
    Retry,
    /// Somebody else owns the work now: give the tasks up and rejoin.
    Fenced,
    /// What is stored here cannot be trusted: rebuild that task from its changelog.
    Corrupt,
    /// It cannot work without a person: stop with a code.
    Fatal,
}

/// An input that was not accepted: it goes to the dead letters, and nothing has changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}: {detail}")]
pub struct Reject {
    /// The reason, of a small set; also a metric's label and a header of the dead letter.
    pub reason: RejectReason,
    /// What exactly, for a person.
    pub detail: String,
}

impl Reject {
    /// A rejection with its reason and what exactly was wrong.
    pub fn new(reason: RejectReason, detail: impl Into<String>) -> Self {
        Self { reason, detail: detail.into() }
    }
}

/// Why an input was not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RejectReason {
    /// The record has no value (a tombstone where an event is expected).
    NoValue,
    /// The value is not what its format says (not JSON, not UTF-8).
    Unparsable,
    /// A field that the topology names is missing or has the wrong type.
    MissingField,
    /// An id is not of the form that the topology asks for.
    BadId,
    /// The time that the topology names cannot be read.
    BadTime,
    /// It, or what it would make grow, is larger than a record may be.
    TooLarge,
    /// The template could not be rendered to a job definition.
    Render,
    /// The state could not be read by this version.
    Unreadable,
    /// The other side refused the act for good.
    Refused,
    /// A kind of inbox record that this version does not know.
    Unsupported,
}

impl RejectReason {
    /// Every reason, so that each metric series can start at 0.
    pub const ALL: [Self; 10] = [
        Self::NoValue,
        Self::Unparsable,
        Self::MissingField,
        Self::BadId,
        Self::BadTime,
        Self::TooLarge,
        Self::Render,
        Self::Unreadable,
        Self::Refused,
        Self::Unsupported,
    ];

    /// The stable word in headers and labels.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NoValue => "no_value",
            Self::Unparsable => "unparsable",
            Self::MissingField => "missing_field",
            Self::BadId => "bad_id",
            Self::BadTime => "bad_time",
            Self::TooLarge => "too_large",
            Self::Render => "render",
            Self::Unreadable => "unreadable",
            Self::Refused => "refused",
            Self::Unsupported => "unsupported",
        }
    }
}

impl fmt::Display for RejectReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
