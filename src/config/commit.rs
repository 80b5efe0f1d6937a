//! `commit`: when a transaction is committed, and when the stores are written.

use std::time::Duration;

use super::field::{Default, Field, Kind};
use super::reader::Reader;

/// When a transaction is committed, if the input does not become idle before, and when the stores have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    /// After this time.
    pub interval: Duration,
    /// After this many records.
    pub records_max: usize,
    /// How long what is committed may be in memory and in the changelog alone.
    pub write_behind: Duration,
}

/// What `commit.write_behind` may be at most.
const WRITE_BEHIND_MAX: Duration = Duration::from_mins(1);

pub(super) const FIELDS: &[Field] = &[
    Field {
        path: "commit.interval",
        kind: Kind::Duration,
        default: Default::Value("200ms"),
        doc: "The longest that a transaction stays open. It is committed earlier when the input is idle.",
    },
    Field {
        path: "commit.records_max",
        kind: Kind::Integer(1, 1_000_000),
        default: Default::Value("10000"),
        doc: "The most records that are processed in one transaction.",
    },
    Field {
        path: "commit.write_behind",
        kind: Kind::Duration,
        default: Default::Value("5s"),
        doc: "How long what is committed may be in memory and in the changelog alone before the stores on disk have \
              it. An entry that changes several times within that is written once. So much is read from the \
              changelog after a crash; an orderly stop writes everything. At most `1m`; `1ms`: the stores are \
              written with each transaction.",
    },
];

pub(super) fn read(from: &Reader<'_>) -> Option<Commit> {
    let interval = from.duration("commit.interval");
    let records_max = from.integer("commit.records_max");
    let write_behind = from.duration("commit.write_behind");
    if write_behind.is_some_and(|time| time > WRITE_BEHIND_MAX) {
        let message = "this must not be longer than 1m: all of it is read again after a crash";
        from.item("commit.write_behind")?.problem(message, None);
    }
    Some(Commit { interval: interval?, records_max: records_max?, write_behind: write_behind? })
}
