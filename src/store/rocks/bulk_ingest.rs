//! Many rows at once, as table files that `RocksDB` takes in as they are: without the log, and without sorting them in a
//! memtable row by row. (`RocksDB` calls it ingestion: <https://github.com/facebook/rocksdb/wiki/Creating-and-Ingesting-SST-files>.)
//!
//! ```text
//!   files written ─▶ mark ─▶ file of entries in ─▶ file of timers in ─▶ ... ─▶ positions, and the mark goes
//! ```
//!
//! Each file is taken in whole or not at all, and the families one after the other. A store that is opened with the mark
//! was killed between two of them; it fits no position of its changelog and is refused as [`Error::Unfinished`]. Without
//! the mark everything up to the positions is there, and nothing else.

use std::path::PathBuf;

use rocksdb::{IngestExternalFileOptions, WriteBatch, WriteOptions};

use super::bulk_writer::{FAMILIES, file, remove};
use super::rows::Rows;
use super::store::RocksStore;
use super::tuning::Family;
use crate::store::{Error, Result};

/// The name in the `meta` family that stands there while files are taken in.
const MARK: &str = "loading";

impl RocksStore {
    /// Takes in a batch as files. False when it is too small for that; then nothing has happened.
    pub(super) fn bulk_ingest(&mut self, rows: &Rows<'_>) -> Result<bool> {
        let Some(files) = self.bulk_writer.write(&self.path, rows)? else { return Ok(false) };
        self.ingest(files, rows)?;
        Ok(true)
    }

    /// Takes in files one after the other, and then the positions that belong to them.
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
            writes.put_cf(meta, &row.key, row.value.unwrap_or_default());
        }
        writes.delete_cf(meta, MARK);
        self.db.write_opt(writes, &synced()).map_err(|error| self.error(error))
    }

    /// From here on the store is unfinished.
    fn mark(&self) -> Result<()> {
        self.db.put_cf_opt(self.family(Family::Meta)?, MARK, [], &synced()).map_err(|error| self.error(error))
    }

    /// Refuses a store whose last load was cut off, and removes files that were not taken in.
    pub(super) fn check_ingested(&self) -> Result<()> {
        if self.read(Family::Meta, MARK.as_bytes())?.is_some() {
            return Err(Error::Unfinished { path: self.path.clone() });
        }
        FAMILIES.into_iter().try_for_each(|family| remove(&file(&self.path, family)))
    }
}

/// On the disk before it is answered: what is taken in is there after a power cut, so the mark has to be, too, and what was
/// written to the log before it.
fn synced() -> WriteOptions {
    let mut options = WriteOptions::default();
    options.set_sync(true);
    options
}
