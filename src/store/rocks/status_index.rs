//! Builds the status index of a store that was written before there was one.

use rocksdb::WriteBatch;

use super::key;
use super::store::RocksStore;
use super::tuning::Family;
use crate::codec::entry;
use crate::model::Key;
use crate::store::{Result, StatusRow, Store as _};

/// The name of the mark in the `meta` family of a store with a status index.
const MARK: &str = "listed";
/// The entries of a batch.
const BATCH: u64 = 10_000;
/// The entries between two log lines: some seconds.
const LOG_ENTRIES: u64 = 500_000;

impl RocksStore {
    /// Builds the status index, once. If it is interrupted the next opening begins anew.
    pub(super) fn index_statuses(&self) -> Result<()> {
        if self.read(Family::Meta, MARK.as_bytes())?.is_some() {
            return Ok(());
        }
        let to = self.family(Family::Timer)?;
        let [from, end] = key::STATUS_ROWS;
        let (mut entries, mut writes) = (0_u64, WriteBatch::default());
        for row in self.rows(Family::Timer, from, Some(end))? {
            writes.delete_cf(to, row?.0);
        }
        for row in self.rows(Family::Entry, &[], None)? {
            let (key, bytes) = row?;
            // An entry that cannot be read is found when it is needed.
            if let Ok(entry) = entry::decode(&bytes) {
                for row in StatusRow::of(&Key::from_slice(&key), &entry.head) {
                    writes.put_cf(to, key::status(&row), []);
                }
            }
            entries += 1;
            if entries.is_multiple_of(BATCH) {
                self.db.write(std::mem::take(&mut writes)).map_err(|error| self.error(error))?;
            }
            if entries.is_multiple_of(LOG_ENTRIES) {
                let (store, of_about) = (self.path.display(), self.len_estimate());
                tracing::info!(%store, entries, of_about, "indexing the entries of the store by status, once");
            }
        }
        writes.put_cf(self.family(Family::Meta)?, MARK, []);
        self.db.write(writes).map_err(|error| self.error(error))?;
        if entries > 0 {
            tracing::info!(store = %self.path.display(), entries, "indexed the entries of the store by status");
        }
        Ok(())
    }
}
