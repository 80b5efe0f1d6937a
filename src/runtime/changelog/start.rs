//! The start offset of a replay, from the store's checkpoint and the range of its changelog.

use uuid::Uuid;

use crate::model::Timestamp;
use crate::runtime::checkpoint::Checkpoint;
use crate::runtime::topic_kind;
use crate::store::{self, Store};

/// The phase of a replay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Waiting for the changelog's first record; then the replay continues at the store's position or, if the store may
    /// miss compacted tombstones, from the beginning into a new store.
    Verify { position: i64, outdated: bool },
    /// Applying records.
    Replay,
}

/// Start and end of a replay.
#[derive(Debug)]
pub(super) struct ReplayStart {
    pub(super) phase: Phase,
    /// The genesis of the store; `None` for an empty store.
    pub(super) genesis: Option<Uuid>,
    /// The first offset to read.
    pub(super) next: i64,
    /// The changelog's high watermark.
    pub(super) end: i64,
}

/// The result of comparing a store with its changelog.
pub(super) enum StartResult {
    ReplayStart(ReplayStart),
    /// The changelog does not belong to the store; the reason.
    Foreign(String),
}

impl ReplayStart {
    /// `closed_until`: now, if the store was closed before.
    pub(super) fn of(
        store: &dyn Store,
        low: i64,
        high: i64,
        closed_until: Option<Timestamp>,
    ) -> store::Result<StartResult> {
        let Checkpoint { genesis, changelog, newest, applied_at, .. } = Checkpoint::of(store)?;
        let Some(genesis) = genesis else {
            return Ok(StartResult::ReplayStart(Self { phase: Phase::Replay, genesis: None, next: low, end: high }));
        };
        let position = changelog.unwrap_or(low);
        if high == low {
            return Ok(StartResult::Foreign(format!(
                "the changelog is empty, the store's position is offset {position}"
            )));
        }
        let newest = newest.map_or(position, |newest| newest.max(position));
        if newest > high {
            let detail = format!("the changelog ends at offset {high}, the store has entries up to {newest}");
            return Ok(StartResult::Foreign(detail));
        }
        let applied_at = applied_at.unwrap_or(Timestamp::MIN);
        let is_old = closed_until.is_some_and(|now| now.since(applied_at) > topic_kind::DELETE_RETENTION / 2);
        // Records after the store's position were deleted, perhaps tombstones: somebody has done that, because sheaf
        // does not.
        let is_cut_off = position < low;
        // The last offset is the marker of the transaction that the store ends with, or a record that compaction keeps, because
        // it is in the active segment. So nothing can be missing before it.
        let may_lack_tombstones = position.saturating_add(1) < high;
        let phase = Phase::Verify { position, outdated: is_cut_off || (is_old && may_lack_tombstones) };
        Ok(StartResult::ReplayStart(Self { phase, genesis: Some(genesis), next: low, end: high }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::memory::MemoryStores;
    use crate::store::{Batch, Change, Stores as _};

    #[test]
    fn a_store_that_lacks_only_the_last_marker_is_not_outdated_however_old_it_is() {
        let mut store = MemoryStores::new().open("bundle-0").unwrap();
        let checkpoint = Checkpoint {
            genesis: Some(Uuid::nil()),
            changelog: Some(5),
            applied_at: Some(Timestamp::from_millis(0)),
            ..Checkpoint::default()
        };
        let changes = checkpoint.rows().into_iter().map(|(name, value)| Change::PutMeta(name, value)).collect();
        store.apply(&Batch { changes, is_bulk: false }).unwrap();
        let is_outdated = |high, hours: i64| {
            let now = Timestamp::from_millis(hours * 3_600_000);
            let StartResult::ReplayStart(start) = ReplayStart::of(&*store, 0, high, Some(now)).unwrap() else {
                panic!("the changelog is the store's")
            };
            matches!(start.phase, Phase::Verify { outdated: true, .. })
        };
        assert_eq!([5, 6, 7].map(|high| is_outdated(high, 13)), [false, false, true]);
        assert!(!is_outdated(7, 11));
    }

    #[test]
    fn a_changelog_that_ends_before_the_newest_entry_is_not_the_stores() {
        let mut store = MemoryStores::new().open("bundle-0").unwrap();
        let genesis = Some(Uuid::nil());
        let checkpoint = Checkpoint { genesis, changelog: Some(5), newest: Some(20), ..Checkpoint::default() };
        let changes = checkpoint.rows().into_iter().map(|(name, value)| Change::PutMeta(name, value)).collect();
        store.apply(&Batch { changes, is_bulk: false }).unwrap();
        let found = |high| ReplayStart::of(&*store, 0, high, None).unwrap();
        assert!(matches!(found(20), StartResult::ReplayStart(_)));
        assert!(matches!(found(19), StartResult::Foreign(detail) if detail.contains("up to 20")));
    }
}
