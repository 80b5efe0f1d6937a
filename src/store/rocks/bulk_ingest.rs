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

use std::fs;
use std::path::{Path, PathBuf};

use rocksdb::{IngestExternalFileOptions, Options, SstFileWriter, WriteBatch, WriteOptions};

use super::error;
use super::rows::{Row, Rows};
use super::store::RocksStore;
use super::tuning::{Family, Memory};
use crate::store::{Error, Result};

/// A batch with fewer bytes than this is written as any other: a file costs some milliseconds.
const BYTES_MIN: usize = 256 << 10;
/// The families whose rows come in files.
const FAMILIES: [Family; 4] = [Family::Entry, Family::Timer, Family::Act, Family::Part];
/// The name in the `meta` family that stands there while files are taken in.
const MARK: &str = "loading";

/// How the files of each family are written.
pub(super) struct BulkWriter([(Family, Options); FAMILIES.len()]);

impl BulkWriter {
    pub(super) fn new(memory: &Memory) -> Self {
        Self(FAMILIES.map(|family| (family, memory.file(family))))
    }

    /// Writes the rows of a batch as files beside the store's own; `None` when they are too few.
    pub(super) fn write(&self, directory: &Path, rows: &Rows<'_>) -> Result<Option<Vec<(Family, PathBuf)>>> {
        if rows.size(&FAMILIES) < BYTES_MIN {
            return Ok(None);
        }
        let mut files = Vec::new();
        for (family, options) in &self.0 {
            let rows = rows.of_family(*family);
            if !rows.is_empty() {
                let path = file(directory, *family);
                // One that was taken in and is still called so must not be written over.
                remove(&path)?;
                write_file(options, &path, rows).map_err(|error| error::of_rocksdb(directory, error))?;
                files.push((*family, path));
            }
        }
        Ok(Some(files))
    }
}

fn file(directory: &Path, family: Family) -> PathBuf {
    directory.join(format!("load-{}.sst", family.name()))
}

fn write_file(options: &Options, path: &Path, rows: &[Row<'_>]) -> std::result::Result<(), rocksdb::Error> {
    let mut writer = SstFileWriter::create(options);
    writer.open(path)?;
    for (index, row) in rows.iter().enumerate() {
        if rows.get(index + 1).is_some_and(|next| next.is_of(row)) {
            continue;
        }
        match row.value {
            Some(value) => writer.put(&row.key, value)?,
            None => writer.delete(&row.key)?,
        }
    }
    writer.finish()
}

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

/// Removes a file that may be there.
fn remove(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error::of_io(path, &error)),
        _ => Ok(()),
    }
}
