//! What a store says about itself: whose changelog it has, and up to where.

use std::fmt;

use uuid::Uuid;

use crate::store::{self, Store};

/// Whether the changelog says whose it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::runtime) enum Genesis {
    /// It does.
    Written,
    /// The changelog is empty; the task's first transaction begins it with this id.
    Due(Uuid),
}

/// A store at its changelog's end.
pub(in crate::runtime) struct Done {
    pub store: Box<dyn Store>,
    /// The offset of the changelog up to which the store has it.
    pub changelog_next: i64,
    /// Whether the changelog says whose it is.
    pub genesis: Genesis,
}

impl fmt::Debug for Done {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Done").field("changelog_next", &self.changelog_next).finish_non_exhaustive()
    }
}

/// The group's offset of the inbox that belongs to a store's state; `None` for a store that was made from its changelog.
pub(in crate::runtime) fn inbox(store: &dyn Store) -> store::Result<Option<i64>> {
    let bytes = store.meta(meta::INBOX)?;
    Ok(bytes.and_then(|bytes| bytes.try_into().ok()).map(i64::from_le_bytes))
}

/// The names of a store's positions.
pub(crate) mod meta {
    /// The changelog's genesis, as text.
    pub(crate) const GENESIS: &str = "genesis";
    /// The offset of the changelog up to which the store has it, i64 LE.
    pub(crate) const CHANGELOG: &str = "changelog";
    /// The offset of the changelog that no entry of the store is from, nor one behind it, i64 LE: stores are written
    /// entry by entry, and some are newer than the position.
    pub(crate) const NEWEST: &str = "newest";
    /// When the store was last applied to, milliseconds, i64 LE.
    pub(crate) const APPLIED_AT: &str = "applied_at";
    /// The group's offset of the inbox that belongs to the store's state, i64 LE.
    pub(crate) const INBOX: &str = "inbox";
}
