//! Statuses of an entry as numbers, so that lists and counts need no knowledge of the processor.

use std::fmt;

use super::Timestamp;

/// A status of an entry, as a number of its processor; `Processor::status_name` gives the name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Status(pub u64);

impl Status {
    /// The bit of further statuses: those of an entry that has another one too, and is counted by that one in totals.
    pub const FURTHER: u64 = 1 << 63;

    /// True for a further status.
    pub const fn is_further(self) -> bool {
        self.0 & Self::FURTHER != 0
    }
}

/// True if the status of this name is `wanted`, or begins or ends with it: `open` is every `open/..`, `waiting-parent` is every
/// `../waiting-parent`.
pub fn is_status(name: &str, wanted: &str) -> bool {
    let begins = name.strip_prefix(wanted).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    begins || name.strip_suffix(wanted).is_some_and(|rest| rest.ends_with('/'))
}

/// The statuses of one entry: none, or up to [`Statuses::MAX`].
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Statuses {
    count: u8,
    statuses: [Status; Self::MAX],
}

impl Statuses {
    /// The most statuses of one entry.
    pub const MAX: usize = 2;

    /// No status: the entry is in no list.
    pub const fn none() -> Self {
        Self { count: 0, statuses: [Status(0); Self::MAX] }
    }

    /// One status.
    pub const fn one(status: Status) -> Self {
        Self { count: 1, statuses: [status, Status(0)] }
    }

    /// Two statuses.
    pub const fn two(first: Status, second: Status) -> Self {
        Self { count: 2, statuses: [first, second] }
    }

    /// The first status.
    pub const fn first(&self) -> Option<Status> {
        let [first, _] = self.statuses;
        if self.count == 0 { None } else { Some(first) }
    }

    /// The statuses, in their order.
    pub fn as_slice(&self) -> &[Status] {
        self.statuses.get(..usize::from(self.count)).unwrap_or_default()
    }
}

/// The position of an entry in lists: its statuses and the time by which it is sorted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    /// The statuses.
    pub statuses: Statuses,
    /// The sort key within a status, ascending; `None`: the due time of the first timer.
    pub at: Option<Timestamp>,
}

impl Listing {
    /// An entry with one status, sorted by this time.
    pub const fn of(status: Status, at: Option<Timestamp>) -> Self {
        Self { statuses: Statuses::one(status), at }
    }
}

impl fmt::Debug for Statuses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.as_slice()).finish()
    }
}
