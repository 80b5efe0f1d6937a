//! The section `commit`: the limits of a transaction, and of the time until the stores are written.

use std::time::Duration;

use super::field::{Default, Field, Kind};
use super::reader::Reader;

/// The limits of a transaction, which ends earlier when the input is idle, and of the time until the stores are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Commit {
    /// The longest time that a transaction stays open.
    pub interval: Duration,
    /// The most records of one transaction.
    pub records_max: usize,
    /// The longest gap between two transactions while the input is idle.
    pub gap_max: Duration,
    /// The longest time that a committed entry stays dirty, in memory and in the changelog only.
    pub write_behind: Duration,
}

impl std::default::Default for Commit {
    /// The defaults of the section.
    fn default() -> Self {
        Self {
            interval: Duration::from_millis(200),
            records_max: 10_000,
            gap_max: Duration::from_millis(40),
            write_behind: Duration::from_secs(5),
        }
    }
}

/// The longest `commit.write_behind`.
const WRITE_BEHIND_MAX: Duration = Duration::from_mins(1);

pub(super) const FIELDS: &[Field] = &[
    Field {
        path: "commit.interval",
        kind: Kind::Duration,
        default: Default::Value("200ms"),
        doc: "The longest time that a transaction stays open. It is committed earlier when the input is idle.",
    },
    Field {
        path: "commit.records_max",
        kind: Kind::Integer(1, 1_000_000),
        default: Default::Value("10000"),
        doc: "The most records that are processed in one transaction.",
    },
    Field {
        path: "commit.gap_max",
        kind: Kind::Duration,
        default: Default::Value("40ms"),
        doc: "The longest gap between two transactions of a thread at a low rate. The gap is six times as long as a               transaction takes, so that fast brokers give a short one; a larger value saves the brokers work and adds as               much to the latency.",
    },
    Field {
        path: "commit.write_behind",
        kind: Kind::Duration,
        default: Default::Value("5s"),
        doc: "The longest time that a committed entry stays dirty, in memory and in the changelog only, before it is \
              written to the store on disk. An entry that changes several times within that time is written once. \
              After a crash that much is restored from the changelog; an orderly stop writes everything. At most \
              `1m`; with `1ms` the stores are written with each transaction.",
    },
];

pub(super) fn read(from: &Reader<'_>) -> Option<Commit> {
    let interval = from.duration("commit.interval");
    let records_max = from.integer("commit.records_max");
    let gap_max = from.duration("commit.gap_max");
    let write_behind = from.duration("commit.write_behind");
    if write_behind.is_some_and(|time| time > WRITE_BEHIND_MAX) {
        let message = "this must be at most 1m: after a crash that much is restored from the changelog";
        from.item("commit.write_behind")?.problem(message, None);
    }
    Some(Commit { interval: interval?, records_max: records_max?, gap_max: gap_max?, write_behind: write_behind? })
}
