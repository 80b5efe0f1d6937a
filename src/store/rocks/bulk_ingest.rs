//! Ingestion of many rows as table files, which bypasses the log and the memtable.
//! (<https://github.com/facebook/rocksdb/wiki/Creating-and-Ingesting-SST-files>.)
//!
//! ```text
//!   files written ─▶ mark set ─▶ entries ingested ─▶ timers ingested ─▶ ... ─▶ positions written, mark deleted
//! ```
//!
//! Each file is ingested atomically, one family after the other. If the mark is there when a store is opened, the
//! process was killed between two of them; the store then matches no position of its changelog and is refused as
//! [`Error::Unfinished`]. Without the mark the store has exactly the contents up to its positions.

use std::path::PathBuf;

use rocksdb::{IngestExternalFileOptions, WriteBatch, WriteOptions};

use super::bulk_writer::{FAMILIES, file, remove};
use super::rows::Rows;
use super::store::RocksStore;
use super::tuning::Family;
use crate::store::{Error, Result};

/// The name of the mark in the `meta` family while files are ingested.
const MARK: &str = "loading";

impl RocksStore {
    /// Ingests a batch as files. False if it is too small for that and nothing was done.
    pub(super) fn bulk_ingest(&mut self, rows: &Rows<'_>) -> Result<bool> {
        let Some(files) = self.bulk_writer.write(&self.path, rows)? else { return Ok(false) };
        self.ingest(files, rows)?;
        Ok(true)
    }

    /// Ingests the files one after the other, then writes their positions.
    pub(super) fn ingest(&mut self, files: Vec<(Family, PathBuf)>, rows: &Rows<'_>) -> Result<()> {
        self.mark()?;
        for (family, file) in files {
            let mut options = IngestExternalFileOptions::default();
            options.set_move_files(true);
            let taken = self.db.ingest_external_file_cf_opts(self.family(family)?, &options, vec![file]);
            taken.map_err(|error| self.error(error))?;
        }
        let (meta, mut writes) = (self.family(Family::Meta)?, WriteBatch::default());
        for row in rows.of_family(Family::Meta) {
            match row.value {
                Some(value) => writes.put_cf(meta, &row.key, value),
                None => writes.delete_cf(meta, &row.key),
            }
        }
        writes.delete_cf(meta, MARK);
        self.db.write_opt(writes, &synced()).map_err(|error| self.error(error))
    }

    /// Marks the store as unfinished.
    fn mark(&self) -> Result<()> {
        self.db.put_cf_opt(self.family(Family::Meta)?, MARK, [], &synced()).map_err(|error| self.error(error))
    }

    /// Refuses a store whose last ingestion was interrupted, and removes leftover files.
    pub(super) fn check_ingested(&self) -> Result<()> {
        if self.read(Family::Meta, MARK.as_bytes())?.is_some() {
            return Err(Error::Unfinished { path: self.path.clone() });
        }
        FAMILIES.into_iter().try_for_each(|family| remove(&file(&self.path, family)))
    }
}

/// Write options with fsync: ingested files survive a power cut, so the mark and the earlier writes in the log must,
/// too.
fn synced() -> WriteOptions {
    let mut options = WriteOptions::default();
    options.set_sync(true);
    options
}
