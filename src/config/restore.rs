//! The section `restore`: the limits of a restore.

use super::field::{Default, Field, Kind};
use super::reader::Reader;

/// The limits of a restore.
#[derive(Clone, Copy, Debug, std::default::Default, PartialEq, Eq)]
pub struct Restore {
    /// The most changelog records that an instance restores per second; `None`: no limit.
    pub records_per_second_max: Option<u32>,
}

pub(super) const FIELDS: &[Field] = &[Field {
    path: "restore.records_per_second_max",
    kind: Kind::Integer(1, 1_000_000_000),
    default: Default::None("no limit"),
    doc: "The most changelog records that this instance restores per second, over all tasks that it restores: limits \
          the load on a shared disk. A restore takes longer then; running tasks go on meanwhile.",
}];

pub(super) fn read(from: &Reader<'_>) -> Restore {
    Restore { records_per_second_max: from.integer("restore.records_per_second_max") }
}
