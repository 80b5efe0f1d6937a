//! The checkpoint of a store: the changelog that it belongs to, and its positions.

use uuid::Uuid;

use crate::model::Timestamp;
use crate::store::{Result, Store};

/// The changelog's genesis, as text.
const GENESIS: &str = "genesis";
/// The changelog offset up to which the store is complete, i64 LE.
const CHANGELOG: &str = "changelog";
/// An upper bound of the changelog offsets of the store's entries, i64 LE.
const NEWEST: &str = "newest";
/// The wall clock of the last applied batch, in milliseconds since the epoch, i64 LE.
const APPLIED_AT: &str = "applied_at";
/// The group's offset of the inbox that matches the store's state, i64 LE.
const INBOX: &str = "inbox";

/// The checkpoint of a store, stored as meta rows. `None`: the row is missing, or is not to be changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Checkpoint {
    /// The genesis of the changelog; `None` for a store without a commit.
    pub genesis: Option<Uuid>,
    /// The changelog offset up to which the store is complete.
    pub changelog: Option<i64>,
    /// An upper bound of the changelog offsets of the store's entries: a store is written entry by entry, so some are newer
    /// than [`changelog`](Self::changelog).
    pub newest: Option<i64>,
    /// The wall clock of the last applied batch.
    pub applied_at: Option<Timestamp>,
    /// The group's offset of the inbox that matches the state; `None`, written as [`UNKNOWN`](Self::UNKNOWN), for a store
    /// that changelog records were replayed into.
    pub inbox: Option<i64>,
}

/// Names and values of meta rows.
pub(super) type Rows = Vec<(String, Vec<u8>)>;

impl Checkpoint {
    /// Written as [`inbox`](Self::inbox) in place of an offset that no longer matches the state.
    pub(super) const UNKNOWN: i64 = -1;

    /// The checkpoint of a store.
    pub(super) fn of(store: &dyn Store) -> Result<Self> {
        let offset = |name| -> Result<Option<i64>> {
            Ok(store.meta(name)?.and_then(|bytes| Some(i64::from_le_bytes(bytes.try_into().ok()?))))
        };
        let genesis = store.meta(GENESIS)?.and_then(|bytes| Uuid::try_parse_ascii(&bytes).ok());
        Ok(Self {
            genesis,
            changelog: offset(CHANGELOG)?,
            newest: offset(NEWEST)?,
            applied_at: offset(APPLIED_AT)?.map(Timestamp::from_millis),
            inbox: offset(INBOX)?.filter(|offset| *offset != Self::UNKNOWN),
        })
    }

    /// Its rows, to be written with the changes that it covers.
    pub(super) fn rows(&self) -> Rows {
        let offset = |name: &str, value: Option<i64>| Some((name.to_owned(), value?.to_le_bytes().to_vec()));
        [
            offset(CHANGELOG, self.changelog),
            offset(NEWEST, self.newest),
            offset(INBOX, self.inbox),
            offset(APPLIED_AT, self.applied_at.map(Timestamp::as_millis)),
            self.genesis.map(|id| (GENESIS.to_owned(), id.to_string().into_bytes())),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::memory::MemoryStores;
    use crate::store::{Batch, Change, Stores as _};

    #[test]
    fn a_checkpoint_reads_back_and_what_it_leaves_out_stays() {
        let mut store = MemoryStores::new().open("bundle-0").unwrap();
        assert_eq!(Checkpoint::of(&*store).unwrap(), Checkpoint::default());
        let mut write = |checkpoint: Checkpoint| {
            let put = |(name, value)| Change::PutMeta(name, value);
            store.apply(&Batch { changes: checkpoint.rows().into_iter().map(put).collect(), is_bulk: false }).unwrap();
            Checkpoint::of(&*store).unwrap()
        };
        let first = Checkpoint {
            genesis: Some(Uuid::from_u128(7)),
            changelog: Some(5),
            newest: Some(9),
            applied_at: Some(Timestamp::from_millis(-1)),
            inbox: Some(3),
        };
        assert_eq!(write(first), first);
        assert_eq!(
            write(Checkpoint { changelog: Some(6), ..Checkpoint::default() }),
            Checkpoint { changelog: Some(6), ..first }
        );
        let replayed = Checkpoint { inbox: Some(Checkpoint::UNKNOWN), ..Checkpoint::default() };
        assert_eq!(write(replayed), Checkpoint { changelog: Some(6), inbox: None, ..first });
    }
}
