//! One task's tables in memory.

use std::ops::Bound;
use std::sync::{Arc, Mutex};

use bytes::Bytes;

use super::super::counts::Counts;
use super::super::index::TimerRow;
use super::super::{Batch, Reader, Result, Store, TimerClock, View};
use super::disk::{Disk, lock};
use super::reader::MemoryReader;
use crate::model::{ActSlot, Key, Timer, Timestamp};

/// An open store.
pub(super) struct MemoryStore {
    disk: Arc<Mutex<Disk>>,
    reader: Arc<MemoryReader>,
}

impl MemoryStore {
    pub(super) fn new(disk: Arc<Mutex<Disk>>) -> Self {
        Self { reader: Arc::new(MemoryReader::new(&disk)), disk }
    }
}

impl View for MemoryStore {
    fn get(&self, key: &Key) -> Result<Option<Bytes>> {
        Ok(lock(&self.disk).entries.get(key).cloned())
    }

    fn parts(&self, key: &Key) -> Result<Vec<(u32, Bytes)>> {
        let disk = lock(&self.disk);
        let parts = disk.parts.range((key.clone(), 0)..=(key.clone(), u32::MAX));
        Ok(parts.map(|((_, number), bytes)| (*number, bytes.clone())).collect())
    }

    fn due(&self, clock: TimerClock, now: Timestamp, limit: usize) -> Result<Vec<(Key, Timer)>> {
        let disk = lock(&self.disk);
        let rows = disk.timers.range(TimerRow::first(clock)..).take_while(|row| row.is_due(clock, now));
        Ok(rows.take(limit).map(|row| (row.key.clone(), row.timer())).collect())
    }

    fn next_due(&self, clock: TimerClock) -> Result<Option<Timestamp>> {
        let disk = lock(&self.disk);
        let first = disk.timers.range(TimerRow::first(clock)..).next();
        Ok(first.filter(|row| row.clock == clock).map(|row| row.due))
    }
}

impl Store for MemoryStore {
    fn apply(&mut self, batch: &Batch) -> Result<()> {
        let mut disk = lock(&self.disk);
        batch.changes.iter().for_each(|change| disk.apply(change));
        drop(disk);
        Ok(())
    }

    fn acts(&self, after: Option<&(Key, ActSlot)>, limit: usize) -> Result<Vec<(Key, ActSlot)>> {
        let range = (after.map_or(Bound::Unbounded, Bound::Excluded), Bound::Unbounded);
        Ok(lock(&self.disk).acts.range::<(Key, ActSlot), _>(range).take(limit).cloned().collect())
    }

    fn scan_parts(&self, after: Option<&(Key, u32)>, limit: usize) -> Result<Vec<((Key, u32), Bytes)>> {
        let range = (after.map_or(Bound::Unbounded, Bound::Excluded), Bound::Unbounded);
        let disk = lock(&self.disk);
        let parts = disk.parts.range::<(Key, u32), _>(range).take(limit);
        Ok(parts.map(|(part, bytes)| (part.clone(), bytes.clone())).collect())
    }

    fn meta(&self, name: &str) -> Result<Option<Vec<u8>>> {
        Ok(lock(&self.disk).meta.get(name).cloned())
    }

    fn scan(&self, after: Option<&Key>, limit: usize) -> Result<Vec<(Key, Vec<u8>)>> {
        let range = (after.map_or(Bound::Unbounded, Bound::Excluded), Bound::Unbounded);
        let disk = lock(&self.disk);
        let rows = disk.entries.range::<Key, _>(range).take(limit);
        Ok(rows.map(|(key, bytes)| (key.clone(), bytes.to_vec())).collect())
    }

    fn len_estimate(&self) -> u64 {
        u64::try_from(lock(&self.disk).entries.len()).unwrap_or(u64::MAX)
    }

    fn counts(&self) -> Counts {
        lock(&self.disk).counts.clone()
    }

    fn reader(&self) -> Arc<dyn Reader> {
        self.reader.clone()
    }
}

impl Drop for MemoryStore {
    fn drop(&mut self) {
        self.reader.close();
    }
}
