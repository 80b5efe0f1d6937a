//! One task's `RocksDB`.
//!
//! A batch goes to the write-ahead log without an fsync: the log is in the page cache when `apply` returns, which a killed
//! process leaves behind whole; after a power cut the store is a few transactions older and the changelog repeats them.
//!
//! A volatile batch leaves the log out, so a log entry after it would be replayed onto a state that it was not made for.
//! Therefore the first batch with a log after volatile ones flushes their memtables before it is written: a crash before
//! the flush leaves an earlier prefix of the batches, one after it leaves all of them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rocksdb::{ColumnFamily, DB, Direction, FlushOptions, IteratorMode, ReadOptions, WriteBatch, WriteOptions};

use super::front::Fronts;
use super::tuning::{self, Family, Memory};
use super::{error, key};
use crate::model::{ActSlot, Key, Timer, Timestamp};
use crate::store::{Batch, Change, Error, Result, Store, TimerClock};

/// A key and its value, as `RocksDB` hands them out.
type Row = (Box<[u8]>, Box<[u8]>);

/// An open store.
pub(super) struct RocksStore {
    db: DB,
    path: PathBuf,
    fronts: Fronts,
    _share: Arc<()>,
    /// True while memtables hold batches that are in no write-ahead log.
    unlogged: bool,
}

impl RocksStore {
    /// Opens the store in this directory, which exists.
    pub(super) fn open(path: &Path, memory: &Memory) -> Result<Self> {
        let db = DB::open_cf_descriptors(&memory.database(), path, memory.families())
            .map_err(|error| error::of_rocksdb(path, error))?;
        Ok(Self { db, path: path.to_owned(), fronts: Fronts::new(), _share: memory.share(), unlogged: false })
    }

    fn family(&self, family: Family) -> Result<&ColumnFamily> {
        let name = family.name();
        self.db.cf_handle(name).ok_or_else(|| self.corrupt(format!("the column family {name} is missing")))
    }

    fn corrupt(&self, detail: String) -> Error {
        Error::Corrupt { path: self.path.clone(), detail }
    }

    fn error(&self, error: rocksdb::Error) -> Error {
        error::of_rocksdb(&self.path, error)
    }

    fn read(&self, family: Family, key: &[u8]) -> Result<Option<Vec<u8>>> {
        self.db.get_cf(self.family(family)?, key).map_err(|error| self.error(error))
    }

    /// The rows of a family from one key on, up to and without another.
    fn rows(&self, family: Family, from: &[u8], end: Option<&[u8]>) -> Result<impl Iterator<Item = Result<Row>>> {
        let mut options = ReadOptions::default();
        if let Some(end) = end {
            options.set_iterate_upper_bound(end.to_vec());
        }
        let mode = IteratorMode::From(from, Direction::Forward);
        let rows = self.db.iterator_cf_opt(self.family(family)?, options, mode);
        Ok(rows.map(|row| row.map_err(|error| self.error(error))))
    }

    /// The first rows of one clock's timers before `end`; remembers where they began.
    fn timers(&self, clock: TimerClock, end: &[u8], limit: usize) -> Result<Vec<(Key, Timer)>> {
        let mut timers = Vec::new();
        for row in self.rows(Family::Timer, &self.fronts.get(clock), Some(end))?.take(limit) {
            let (bytes, _) = row?;
            if timers.is_empty() {
                self.fronts.advance(clock, &bytes);
            }
            let timer = key::timer_of(&bytes);
            timers.push(timer.ok_or_else(|| self.corrupt(format!("{bytes:02x?} is no key of a timer")))?);
        }
        if timers.is_empty() && limit > 0 {
            self.fronts.advance(clock, end);
        }
        Ok(timers)
    }

    /// A batch in `RocksDB`'s words.
    fn writes(&self, batch: &Batch) -> Result<WriteBatch> {
        let (entry, meta) = (self.family(Family::Entry)?, self.family(Family::Meta)?);
        let (timers, acts) = (self.family(Family::Timer)?, self.family(Family::Act)?);
        let mut writes = WriteBatch::with_capacity_bytes(batch.changes.iter().map(size).sum());
        for change in &batch.changes {
            match change {
                Change::PutEntry(key, bytes) => writes.put_cf(entry, key.as_bytes(), bytes),
                Change::DeleteEntry(key) => writes.delete_cf(entry, key.as_bytes()),
                Change::PutTimer(key, timer) => {
                    let bytes = key::timer(key, *timer);
                    self.fronts.retreat(TimerClock::of(timer.kind), &bytes);
                    writes.put_cf(timers, bytes, []);
                }
                Change::DeleteTimer(key, timer) => writes.delete_cf(timers, key::timer(key, *timer)),
                Change::PutAct(key, slot) => writes.put_cf(acts, key::act(key, *slot), []),
                Change::DeleteAct(key, slot) => writes.delete_cf(acts, key::act(key, *slot)),
                Change::PutMeta(name, value) => writes.put_cf(meta, name, value),
            }
        }
        Ok(writes)
    }

    /// Sets what is different for a replay, in the two families that have many rows.
    fn tune(&self, bulk: bool) -> Result<()> {
        let options = tuning::flushed_max(bulk);
        let options = options.each_ref().map(|(name, value)| (*name, value.as_str()));
        for family in [Family::Entry, Family::Timer] {
            self.db.set_options_cf(self.family(family)?, &options).map_err(|error| self.error(error))?;
        }
        Ok(())
    }

    fn flush(&self) -> Result<()> {
        let families = Family::ALL.into_iter().map(|family| self.family(family)).collect::<Result<Vec<_>>>()?;
        self.db.flush_cfs_opt(&families, &FlushOptions::default()).map_err(|error| self.error(error))
    }
}

/// About how many bytes a change takes in a batch.
fn size(change: &Change) -> usize {
    const REST: usize = 24;
    REST + match change {
        Change::PutEntry(key, bytes) => key.as_bytes().len() + bytes.len(),
        Change::DeleteEntry(key)
        | Change::PutTimer(key, _)
        | Change::DeleteTimer(key, _)
        | Change::PutAct(key, _)
        | Change::DeleteAct(key, _) => key.as_bytes().len(),
        Change::PutMeta(name, value) => name.len() + value.len(),
    }
}

impl Store for RocksStore {
    fn get(&self, key: &Key) -> Result<Option<Vec<u8>>> {
        self.read(Family::Entry, key.as_bytes())
    }

    fn apply(&mut self, batch: &Batch) -> Result<()> {
        let writes = self.writes(batch)?;
        let mut options = WriteOptions::default();
        options.disable_wal(batch.volatile);
        if batch.volatile && !self.unlogged {
            self.tune(true)?;
            self.unlogged = true;
        } else if self.unlogged && !batch.volatile {
            self.flush()?;
            self.tune(false)?;
            self.unlogged = false;
        }
        self.db.write_opt(writes, &options).map_err(|error| self.error(error))
    }

    fn due(&self, clock: TimerClock, now: Timestamp, limit: usize) -> Result<Vec<(Key, Timer)>> {
        self.timers(clock, &key::due_end(clock, now), limit)
    }

    fn next_due(&self, clock: TimerClock) -> Result<Option<Timestamp>> {
        let first = self.timers(clock, &key::clock_end(clock), 1)?;
        Ok(first.first().map(|(_, timer)| timer.due))
    }

    fn acts(&self, after: Option<&(Key, ActSlot)>, limit: usize) -> Result<Vec<(Key, ActSlot)>> {
        let from = after.map_or_else(Vec::new, |(key, slot)| key::after(key::act(key, *slot)));
        let rows = self.rows(Family::Act, &from, None)?.take(limit);
        let act = |row: Result<Row>| {
            let (bytes, _) = row?;
            key::act_of(&bytes).ok_or_else(|| self.corrupt(format!("{bytes:02x?} is no key of an act")))
        };
        rows.map(act).collect()
    }

    fn meta(&self, name: &str) -> Result<Option<Vec<u8>>> {
        self.read(Family::Meta, name.as_bytes())
    }

    fn scan(&self, after: Option<&Key>, limit: usize) -> Result<Vec<(Key, Vec<u8>)>> {
        let from = after.map_or_else(Vec::new, |key| key::after(key.as_bytes().to_vec()));
        let rows = self.rows(Family::Entry, &from, None)?.take(limit);
        rows.map(|row| row.map(|(key, bytes)| (Key::from_bytes(key.into_vec().into()), bytes.into_vec()))).collect()
    }

    fn len_estimate(&self) -> u64 {
        let family = self.db.cf_handle(Family::Entry.name());
        let estimate = family.map(|family| self.db.property_int_value_cf(family, "rocksdb.estimate-num-keys"));
        estimate.and_then(|value| value.ok().flatten()).unwrap_or(0)
    }
}
