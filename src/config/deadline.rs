//! The section `deadline`: when deadlines fire.

use std::time::Duration;

use super::field::{Default, Field, Kind};
use super::reader::Reader;

/// When deadlines fire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadline {
    /// The time after its time in which a record may be written and still counts as in time for a deadline.
    pub grace: Duration,
    /// The longest time without progress for which deadlines wait for records that are not processed.
    pub max_hold: Duration,
}

impl std::default::Default for Deadline {
    /// The defaults of the section.
    fn default() -> Self {
        Self { grace: Duration::from_secs(2), max_hold: Duration::from_mins(15) }
    }
}

pub(super) const FIELDS: &[Field] = &[
    Field {
        path: "deadline.grace",
        kind: Kind::Duration,
        default: Default::Value("2s"),
        doc: "How long after its event time a record may be written to its source; a deadline fires so much later.",
    },
    Field {
        path: "deadline.max_hold",
        kind: Kind::Duration,
        default: Default::Value("15m"),
        doc: "Deadlines wait until everything that was written before them is processed, by all instances, so that an outage \
              raises no false alarm. After this time without progress, because a partition stands still or nobody reads it, \
              they fire by the wall clock.",
    },
];

pub(super) fn read(from: &Reader<'_>) -> Option<Deadline> {
    let (grace, max_hold) = (from.duration("deadline.grace"), from.duration("deadline.max_hold"));
    Some(Deadline { grace: grace?, max_hold: max_hold? })
}
