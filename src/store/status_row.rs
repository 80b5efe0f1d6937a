//! A row of the status index, by which entries are listed.

use crate::codec::Head;
use crate::model::{Key, Status, Timestamp};

/// A row of the status index, ordered as it is stored: by status, then in the order of lists.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct StatusRow {
    /// A status of the entry.
    pub status: Status,
    /// The sort key of the entry ([`Head::at`]).
    pub at: Timestamp,
    /// The key of the entry.
    pub key: Key,
}

impl StatusRow {
    /// The smallest possible row of a status with this sort key, as the lower bound of a range.
    pub fn first(status: Status, at: Timestamp) -> Self {
        Self { status, at, key: Key::new("") }
    }

    /// The smallest possible row after (`at`, `key`) of a status, as the lower bound of a range.
    pub fn after(status: Status, (at, key): (Timestamp, &Key)) -> Self {
        let mut next = key.as_bytes().to_vec();
        next.push(0);
        Self { status, at, key: Key::from_slice(&next) }
    }

    /// The rows of an entry.
    pub fn of<'a>(key: &'a Key, head: &'a Head) -> impl Iterator<Item = Self> + 'a {
        head.statuses.as_slice().iter().map(|status| Self { status: *status, at: head.at, key: key.clone() })
    }
}
