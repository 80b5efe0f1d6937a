//! Reads a store from other threads, each call from one snapshot.
//!
//! The store is open while anybody holds its `DB`. So a reader holds it during a call only, and under a lock, for which the store
//! waits when it is closed.

use std::fmt;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use bytes::Bytes;
use rocksdb::{DB, Direction, IteratorMode, ReadOptions, Snapshot, properties};

use super::tuning::Family;
use super::{error, key};
use crate::codec::entry;
use crate::metric::StoreFigures;
use crate::model::{Key, Status, Timestamp};
use crate::store::counts::Counts;
use crate::store::{Error, Reader, Result, StatusRow, StoredEntry};

/// The reader of an open store, and its counts.
pub(super) struct RocksReader {
    path: PathBuf,
    /// `None` after the store was closed.
    db: RwLock<Option<Arc<DB>>>,
    counts: RwLock<Counts>,
}

impl fmt::Debug for RocksReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RocksReader").field("path", &self.path).finish_non_exhaustive()
    }
}

impl RocksReader {
    pub(super) fn new(path: &Path, db: &Arc<DB>) -> Self {
        Self { path: path.to_owned(), db: RwLock::new(Some(Arc::clone(db))), counts: RwLock::default() }
    }

    /// Waits for calls that are under way; later ones fail.
    pub(super) fn close(&self) {
        *self.db.write().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Adds changes of counts.
    pub(super) fn count(&self, changes: &Counts) {
        self.counts.write().unwrap_or_else(PoisonError::into_inner).merge(changes);
    }

    /// The counts.
    pub(super) fn all_counts(&self) -> RwLockReadGuard<'_, Counts> {
        self.counts.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads from a snapshot.
    fn read<R>(&self, read: impl FnOnce(&Page<'_>) -> Result<R>) -> Result<R> {
        let guard = self.db.read().unwrap_or_else(PoisonError::into_inner);
        let Some(db) = &*guard else { return Err(Error::Closed { path: self.path.clone() }) };
        read(&Page { path: &self.path, db, snapshot: db.snapshot() })
    }

    fn counted<R>(&self, read: impl FnOnce(&Counts) -> R) -> Result<R> {
        self.read(|_| Ok(read(&self.all_counts())))
    }
}

impl Reader for RocksReader {
    fn entry(&self, key: &Key) -> Result<Option<StoredEntry>> {
        self.read(|page| page.entry(key))
    }

    fn entries(&self, keys: &[&Key]) -> Result<Vec<Option<StoredEntry>>> {
        self.read(|page| keys.iter().map(|key| page.entry(key)).collect())
    }

    fn scan(&self, after: Option<&Key>, limit: usize) -> Result<Vec<(Key, Bytes)>> {
        let from = after.map_or_else(Vec::new, |key| key::after(key.as_bytes().to_vec()));
        self.read(|page| {
            page.rows(Family::Entry, (&from, None), limit, |key, value| {
                Some((Key::from_slice(key), Bytes::copy_from_slice(value)))
            })
        })
    }

    fn scan_status(&self, from: &StatusRow, until: Timestamp, limit: usize) -> Result<Vec<StatusRow>> {
        let (start, end) = (key::status(from), key::status_end(from.status, until));
        if start >= end {
            return Ok(Vec::new());
        }
        self.read(|page| page.rows(Family::Timer, (&start, Some(end)), limit, |key, _| key::status_of(key)))
    }

    fn counts(&self) -> Result<Counts> {
        self.counted(Counts::clone)
    }

    fn statuses(&self) -> Result<Vec<Status>> {
        self.counted(Counts::statuses)
    }

    fn first_minute(&self, status: Status, minutes: RangeInclusive<i64>) -> Result<Option<i64>> {
        self.counted(|counts| counts.first_minute(status, minutes))
    }

    fn figures(&self) -> Result<StoreFigures> {
        self.read(figures)
    }
}

/// A snapshot of a store.
struct Page<'a> {
    path: &'a Path,
    db: &'a DB,
    snapshot: Snapshot<'a>,
}

impl Page<'_> {
    fn entry(&self, key: &Key) -> Result<Option<StoredEntry>> {
        let family = self.family(Family::Entry)?;
        let found = self.snapshot.get_cf(family, key.as_bytes()).map_err(|error| self.error(error))?;
        let Some(bytes) = found.map(Bytes::from) else { return Ok(None) };
        let counted = entry::decode(&bytes).map_or(0..0, |entry| entry.head.parts);
        let part = |bytes: &[u8], value: &[u8]| {
            let (_, number) = key::part_of(bytes)?;
            Some((number, Bytes::copy_from_slice(value)))
        };
        let parts = if counted.is_empty() {
            Vec::new()
        } else {
            let (start, end) = (key::parts_start(key), key::parts_end(key));
            self.rows(Family::Part, (&start, Some(end)), usize::MAX, part)?
        };
        let parts = parts.into_iter().filter(|(number, _)| counted.contains(number)).map(|(_, part)| part);
        Ok(Some(StoredEntry { parts: parts.collect(), bytes }))
    }

    /// Up to `limit` rows of a family from a key, inclusive, to another, exclusive.
    fn rows<R>(
        &self,
        family: Family,
        (from, end): (&[u8], Option<Vec<u8>>),
        limit: usize,
        row: impl Fn(&[u8], &[u8]) -> Option<R>,
    ) -> Result<Vec<R>> {
        let mut options = ReadOptions::default();
        if let Some(end) = end {
            options.set_iterate_upper_bound(end);
        }
        let mode = IteratorMode::From(from, Direction::Forward);
        let rows = self.snapshot.iterator_cf_opt(self.family(family)?, options, mode);
        let mut found = Vec::new();
        for item in rows.take(limit) {
            let (key, value) = item.map_err(|error| self.error(error))?;
            found.push(row(&key, &value).ok_or_else(|| Error::Corrupt {
                path: self.path.to_owned(),
                detail: format!("{key:02x?} is not a key of the family {}", family.name()),
            })?);
        }
        Ok(found)
    }

    fn family(&self, family: Family) -> Result<&rocksdb::ColumnFamily> {
        self.db.cf_handle(family.name()).ok_or_else(|| Error::Corrupt {
            path: self.path.to_owned(),
            detail: format!("the column family {} is missing", family.name()),
        })
    }

    fn error(&self, error: rocksdb::Error) -> Error {
        error::of_rocksdb(self.path, error)
    }
}

/// What the store takes of disk and memory: properties that `RocksDB` keeps, so that reading them costs nothing.
fn figures(page: &Page<'_>) -> Result<StoreFigures> {
    let of_store = |name| page.db.property_int_value(name).map_err(|error| page.error(error));
    let mut figures = StoreFigures {
        running_compactions: of_store(properties::NUM_RUNNING_COMPACTIONS)?.unwrap_or_default(),
        is_write_stopped: of_store(properties::IS_WRITE_STOPPED)?.unwrap_or_default() > 0,
        delayed_write_rate: of_store(properties::ACTUAL_DELAYED_WRITE_RATE)?.unwrap_or_default(),
        background_errors: of_store(properties::BACKGROUND_ERRORS)?.unwrap_or_default(),
        ..StoreFigures::default()
    };
    for family in Family::ALL {
        let family = page.family(family)?;
        let of_family = |name| page.db.property_int_value_cf(family, name).map_err(|error| page.error(error));
        figures.size_bytes += of_family(properties::LIVE_SST_FILES_SIZE)?.unwrap_or_default();
        figures.memtable_bytes += of_family(properties::CUR_SIZE_ALL_MEM_TABLES)?.unwrap_or_default();
        figures.pending_compaction_bytes +=
            of_family(properties::ESTIMATE_PENDING_COMPACTION_BYTES)?.unwrap_or_default();
    }
    Ok(figures)
}
