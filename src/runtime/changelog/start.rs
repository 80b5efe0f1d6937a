//! Where a replay begins, from what a store and the ends of its changelog say together.

use uuid::Uuid;

use crate::model::Timestamp;
use crate::runtime::checkpoint::Checkpoint;
use crate::runtime::topics;
use crate::store::{self, Store};

/// What a restore is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Waiting for the changelog's first record; then the replay goes on at the store's position, or, when tombstones
    /// that the store has not seen may have been compacted away, from the beginning into a new store.
    Verify { position: i64, outdated: bool },
    /// Applying.
    Replay,
}

/// Where a replay begins and ends.
#[derive(Debug)]
pub(super) struct ReplayStart {
    pub(super) phase: Phase,
    /// The genesis of the store; `None` for a store that was never committed to.
    pub(super) genesis: Option<Uuid>,
    /// The offset that is read first.
    pub(super) next: i64,
    /// The changelog's high watermark.
    pub(super) end: i64,
}

/// What a store and the ends of its changelog say together.
pub(super) enum Found {
    ReplayStart(ReplayStart),
    /// The changelog cannot be this store's.
    Foreign(String),
}

impl ReplayStart {
    /// `closed_until`: now, when the store has been closed for some time.
    pub(super) fn of(store: &dyn Store, low: i64, high: i64, closed_until: Option<Timestamp>) -> store::Result<Found> {
        let Checkpoint { genesis, changelog, newest, applied_at, .. } = Checkpoint::of(store)?;
        let Some(genesis) = genesis else {
            return Ok(Found::ReplayStart(Self { phase: Phase::Replay, genesis: None, next: low, end: high }));
        };
        let position = changelog.unwrap_or(low);
        if high == low {
            return Ok(Found::Foreign(format!(
                "the changelog is empty, the store had read it up to offset {position}"
            )));
        }
        let newest = newest.map_or(position, |newest| newest.max(position));
        if newest > high {
            let detail = format!("the changelog ends at offset {high}, the store had read it up to {newest}");
            return Ok(Found::Foreign(detail));
        }
        let applied_at = applied_at.unwrap_or(Timestamp::MIN);
        let is_old = closed_until.is_some_and(|now| now.since(applied_at) > topics::DELETE_RETENTION / 2);
        // What lies between was deleted, tombstones among it: a person has done that, because nothing else deletes there.
        let is_cut_off = position < low;
        let phase = Phase::Verify { position, outdated: is_cut_off || (is_old && position < high) };
        Ok(Found::ReplayStart(Self { phase, genesis: Some(genesis), next: low, end: high }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::memory::MemoryStores;
    use crate::store::{Batch, Change, Stores as _};

    #[test]
    fn a_changelog_that_ends_before_the_newest_entry_is_not_the_stores() {
        let mut store = MemoryStores::new().open("bundle-0").unwrap();
        let genesis = Some(Uuid::nil());
        let checkpoint = Checkpoint { genesis, changelog: Some(5), newest: Some(20), ..Checkpoint::default() };
        let changes = checkpoint.rows().into_iter().map(|(name, value)| Change::PutMeta(name, value)).collect();
        store.apply(&Batch { changes, is_bulk: false }).unwrap();
        let found = |high| ReplayStart::of(&*store, 0, high, None).unwrap();
        assert!(matches!(found(20), Found::ReplayStart(_)));
        assert!(matches!(found(19), Found::Foreign(detail) if detail.contains("up to 20")));
    }
}
