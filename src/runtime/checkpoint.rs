//! What a store says about itself: whose changelog it has, and up to where.

use uuid::Uuid;

use crate::model::Timestamp;
use crate::store::{Result, Store};

/// The changelog's genesis, as text.
const GENESIS: &str = "genesis";
/// The offset of the changelog up to which the store has it, i64 LE.
const CHANGELOG: &str = "changelog";
/// The offset of the changelog behind every entry that the store may have, i64 LE.
const NEWEST: &str = "newest";
/// When the store was last applied to, in milliseconds since the epoch, i64 LE.
const APPLIED_AT: &str = "applied_at";
/// The group's offset of the inbox that belongs to the store's state, i64 LE.
const INBOX: &str = "inbox";

/// The checkpoint of a store, as its meta rows hold it. `None` is a row that is not there, or to be left as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Checkpoint {
    /// The genesis of the changelog; `None` for a store that was never committed to.
    pub genesis: Option<Uuid>,
    /// The offset of the changelog up to which the store has all of it.
    pub changelog: Option<i64>,
    /// The offset of the changelog behind which no entry of the store is: a store is written entry by entry, and some are
    /// newer than [`changelog`](Self::changelog) says.
    pub newest: Option<i64>,
    /// The wall clock when something was last applied.
    pub applied_at: Option<Timestamp>,
    /// The group's offset of the inbox that belongs to the state; `None` for a store that was made from its changelog.
    pub inbox: Option<i64>,
}

/// Names and values of meta rows.
pub(super) type Rows = Vec<(String, Vec<u8>)>;

impl Checkpoint {
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
            inbox: offset(INBOX)?,
        })
    }

    /// Its rows, to be written with the changes that it is about.
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
    }
}
