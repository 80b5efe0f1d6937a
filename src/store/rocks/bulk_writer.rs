//! Writes the rows of a large batch as table files, one for each family.

use std::fs;
use std::path::{Path, PathBuf};

use rocksdb::{Options, SstFileWriter};

use super::error;
use super::rows::{Row, Rows};
use super::tuning::{Family, Memory};
use crate::store::Result;

/// The least size in bytes of a batch that is written as files: a file costs some milliseconds.
const BYTES_MIN: usize = 256 << 10;
/// The families that are written as files.
pub(super) const FAMILIES: [Family; 4] = [Family::Entry, Family::Timer, Family::Act, Family::Part];

/// The options of the files of each family.
pub(super) struct BulkWriter([(Family, Options); FAMILIES.len()]);

impl BulkWriter {
    pub(super) fn new(memory: &Memory) -> Self {
        Self(FAMILIES.map(|family| (family, memory.file(family))))
    }

    /// Writes the rows of a batch as files in the store's directory; `None` if they are too few.
    pub(super) fn write(&self, directory: &Path, rows: &Rows<'_>) -> Result<Option<Vec<(Family, PathBuf)>>> {
        if rows.size(&FAMILIES) < BYTES_MIN {
            return Ok(None);
        }
        let mut files = Vec::new();
        for (family, options) in &self.0 {
            let rows = rows.of_family(*family);
            if !rows.is_empty() {
                let path = file(directory, *family);
                // An ingested file that still has this name must not be overwritten.
                remove(&path)?;
                write_file(options, &path, rows).map_err(|error| error::of_rocksdb(directory, error))?;
                files.push((*family, path));
            }
        }
        Ok(Some(files))
    }
}

/// The path of a family's file in a store's directory.
pub(super) fn file(directory: &Path, family: Family) -> PathBuf {
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

/// Removes a file if it exists.
pub(super) fn remove(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error::of_io(path, &error)),
        _ => Ok(()),
    }
}
