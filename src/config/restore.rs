//! `restore`: how state is restored.

use super::field::{Default, Field, Kind};
use super::reader::Reader;

/// How state is restored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restore {
    /// How many records an instance replays per second at most; `None`: as many as it can.
    pub records_per_second_max: Option<u32>,
}

pub(super) const FIELDS: &[Field] = &[Field {
    path: "restore.records_per_second_max",
    kind: Kind::Integer(1, 1_000_000_000),
    default: Default::None("no limit"),
    doc: "How many records of changelogs this instance replays per second at most, over all tasks that it \
              restores: spares a disk that others share. What is restored takes longer then; its other tasks go on \
              meanwhile.",
}];

pub(super) fn read(from: &Reader<'_>) -> Restore {
    Restore { records_per_second_max: from.integer("restore.records_per_second_max") }
}
