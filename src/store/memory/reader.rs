//! Reads a store in memory from other threads.

use std::ops::{Bound, RangeInclusive};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use bytes::Bytes;

use super::super::counts::Counts;
use super::super::{Error, Reader, Result, StatusRow, StoredEntry};
use super::disk::{Disk, lock};
use crate::codec::entry;
use crate::model::{Key, Status, Timestamp};

/// The reader of a store; without a disk after the store was closed.
#[derive(Debug)]
pub(super) struct MemoryReader(Mutex<Option<Arc<Mutex<Disk>>>>);

impl MemoryReader {
    pub(super) fn new(disk: &Arc<Mutex<Disk>>) -> Self {
        Self(Mutex::new(Some(Arc::clone(disk))))
    }

    pub(super) fn close(&self) {
        *lock(&self.0) = None;
    }

    fn read<R>(&self, read: impl FnOnce(&Disk) -> R) -> Result<R> {
        match &*lock(&self.0) {
            Some(disk) => Ok(read(&lock(disk))),
            None => Err(Error::Closed { path: PathBuf::from("memory") }),
        }
    }
}

impl Reader for MemoryReader {
    fn entry(&self, key: &Key) -> Result<Option<StoredEntry>> {
        self.read(|disk| entry_of(disk, key))
    }

    fn entries(&self, keys: &[&Key]) -> Result<Vec<Option<StoredEntry>>> {
        self.read(|disk| keys.iter().map(|key| entry_of(disk, key)).collect())
    }

    fn scan(&self, after: Option<&Key>, limit: usize) -> Result<Vec<(Key, Bytes)>> {
        let range = (after.map_or(Bound::Unbounded, Bound::Excluded), Bound::Unbounded);
        self.read(|disk| {
            let rows = disk.entries.range::<Key, _>(range).take(limit);
            rows.map(|(key, bytes)| (key.clone(), bytes.clone())).collect()
        })
    }

    fn scan_status(&self, from: &StatusRow, until: Timestamp, limit: usize) -> Result<Vec<StatusRow>> {
        self.read(|disk| {
            let rows = disk.statuses.range(from..).take_while(|row| row.status == from.status && row.at <= until);
            rows.take(limit).cloned().collect()
        })
    }

    fn counts(&self) -> Result<Counts> {
        self.read(|disk| disk.counts.clone())
    }

    fn statuses(&self) -> Result<Vec<Status>> {
        self.read(|disk| disk.counts.statuses())
    }

    fn first_minute(&self, status: Status, minutes: RangeInclusive<i64>) -> Result<Option<i64>> {
        self.read(|disk| disk.counts.first_minute(status, minutes))
    }
}

fn entry_of(disk: &Disk, key: &Key) -> Option<StoredEntry> {
    let bytes = disk.entries.get(key)?.clone();
    let counted = entry::decode(&bytes).map_or(0..0, |entry| entry.head.parts);
    let parts = counted.filter_map(|number| disk.parts.get(&(key.clone(), number)).cloned());
    Some(StoredEntry { parts: parts.collect(), bytes })
}
