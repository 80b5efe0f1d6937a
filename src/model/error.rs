//! Error classes, each with the reaction of the runtime, and rejections of inputs.

use std::fmt;

/// The class of an error, which decides the reaction; `runtime`, `sink` and `cli` branch on this and on nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ErrorClass {
    /// The input is invalid: write a dead letter and continue.
    Reject,
    /// Transient: back off and retry in place.
    Retry,
    /// Fenced by a newer owner: close the tasks and rejoin the group.
    Fenced,
    /// The local state is corrupt: rebuild the task from its changelog.
    Corrupt,
    /// Needs an operator: stop with an exit code.
    Fatal,
}

/// A rejected input: it becomes a dead letter, and the state is unchanged.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}: {detail}")]
pub struct Reject {
    /// The reason, one of a fixed set; also a metric's label and a header of the dead letter.
    pub reason: RejectReason,
    /// Details as text.
    pub detail: String,
}

impl Reject {
    /// A rejection from its reason and details.
    pub fn new(reason: RejectReason, detail: impl Into<String>) -> Self {
        Self { reason, detail: detail.into() }
    }
}

/// The reason of a rejection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RejectReason {
    /// The record has no value (a tombstone where an event is expected).
    NoValue,
    /// The value is not in its format (not JSON, not UTF-8).
    Unparsable,
    /// A field that the topology names is missing or null.
    MissingField,
    /// A field that the topology names, or the whole value, has the wrong type.
    WrongType,
    /// A number that the topology names is out of range.
    BadValue,
    /// An id does not have the form that the topology requires.
    BadId,
    /// The time field that the topology names cannot be parsed.
    BadTime,
    /// The input, or a record that results from it, exceeds the largest record size.
    TooLarge,
    /// The template could not be rendered to a job definition.
    Render,
    /// The state cannot be read by this version.
    Unreadable,
    /// The target refused the act permanently.
    Refused,
    /// The time in which the target could execute the act has run out.
    GaveUp,
    /// A command is about an entry that does not exist, or does not allow it.
    BadCommand,
    /// The inbox record is of a kind that this version does not know.
    Unsupported,
    /// Another event has the same id and another content.
    Conflict,
    /// The event has a schema version that its source does not take.
    IncompatibleVersion,
}

impl RejectReason {
    /// All reasons, so that each metric series can start at 0.
    pub const ALL: [Self; 16] = [
        Self::NoValue,
        Self::Unparsable,
        Self::MissingField,
        Self::WrongType,
        Self::BadValue,
        Self::BadId,
        Self::BadTime,
        Self::TooLarge,
        Self::Render,
        Self::Unreadable,
        Self::Refused,
        Self::GaveUp,
        Self::BadCommand,
        Self::Unsupported,
        Self::Conflict,
        Self::IncompatibleVersion,
    ];

    /// The stable name in headers and labels.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NoValue => "no_value",
            Self::Unparsable => "unparsable",
            Self::MissingField => "missing_field",
            Self::WrongType => "wrong_type",
            Self::BadValue => "bad_value",
            Self::BadId => "bad_id",
            Self::BadTime => "bad_time",
            Self::TooLarge => "too_large",
            Self::Render => "render",
            Self::Unreadable => "unreadable",
            Self::Refused => "refused",
            Self::GaveUp => "gave_up",
            Self::BadCommand => "bad_command",
            Self::Unsupported => "unsupported",
            Self::Conflict => "conflict",
            Self::IncompatibleVersion => "incompatible_version",
        }
    }

    /// What an operator can do, as a sentence without its end.
    pub const fn remedy(self) -> &'static str {
        match self {
            Self::NoValue => "pass tombstones over with `where` in the topology if they are meant",
            Self::Unparsable => "set the `format` of the source, or mend the producer",
            Self::MissingField | Self::WrongType | Self::BadValue | Self::BadId => {
                "correct the places of the source in the topology, pass over what is not meant with `where`, or mend the producer"
            }
            Self::BadTime => "set the `unit` of the source's time, or mend the producer",
            Self::TooLarge => "raise `max_record_bytes` and the topic's `max.message.bytes`, or write smaller events",
            Self::Render => "mend the template and check it with `sheaf validate`",
            Self::Unreadable => "run the version that has written the state, or a newer one",
            Self::Refused | Self::GaveUp => "mend the cause; a delivery is sent again with `sheaf deliveries retry`",
            Self::BadCommand => "look at the state of the delivery and repeat the command",
            Self::Unsupported => "run the same version on all instances",
            Self::Conflict => {
                "find out which of both events is right; `bundle.conflicts` in the topology says which one counts"
            }
            Self::IncompatibleVersion => {
                "accept the version in the source's `version` if the topology can read it, give it a source of its own, or mend the producer"
            }
        }
    }
}

impl fmt::Display for RejectReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
