//! Statuses: where an entry stands, in a form that lists and counts go by without knowing its processor.

use std::fmt;

use super::Timestamp;

/// Where an entry stands, as a number of its processor's own: `Processor::status_name` says it in words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Status(pub u64);

/// The statuses of one entry: none, or up to [`Statuses::MAX`].
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Statuses {
    count: u8,
    statuses: [Status; Self::MAX],
}

impl Statuses {
    /// How many statuses an entry has at most.
    pub const MAX: usize = 2;

    /// No status: the entry stands in no list.
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

    /// The statuses, in their order.
    pub fn as_slice(&self) -> &[Status] {
        self.statuses.get(..usize::from(self.count)).unwrap_or_default()
    }
}

/// Where an entry stands in lists.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    /// Its statuses.
    pub statuses: Statuses,
    /// The time by which the entries of one status are ordered, the earliest first; `None`: when its first timer is due.
    pub at: Option<Timestamp>,
}

impl Listing {
    /// An entry of one status, ordered by this time.
    pub const fn of(status: Status, at: Option<Timestamp>) -> Self {
        Self { statuses: Statuses::one(status), at }
    }
}

impl fmt::Debug for Statuses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.as_slice()).finish()
    }
}
