//! One task's `RocksDB`.
//!
//! A batch goes to the write-ahead log without an fsync: the log is in the page cache when `apply` returns, which
//! survives a kill of the process; after a power cut the store is a few transactions older and they are replayed from
//! the changelog. A large batch of a restore bypasses the log ([`bulk_ingest`](super::bulk_ingest)).

use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use rocksdb::{ColumnFamily, DB, Direction, IteratorMode, ReadOptions, WriteBatch};

use super::bulk_writer::BulkWriter;
use super::reader::RocksReader;
use super::rows::Rows;
use super::timer_seek::TimerStarts;
use super::tuning::{self, Family, Memory};
use super::{counts, error, key};
use crate::model::{ActSlot, Key, Timer, Timestamp};
use crate::store::counts::Counts;
use crate::store::{Batch, Error, Reader, Result, Store, TimerClock, View};

/// A key and its value.
type Row = (Box<[u8]>, Box<[u8]>);

/// An open store.
pub(super) struct RocksStore {
    pub(super) db: Arc<DB>,
    pub(super) path: PathBuf,
    pub(super) bulk_writer: BulkWriter,
    timer_starts: TimerStarts,
    /// The reader for other threads, with the counts.
    reader: Arc<RocksReader>,
    /// The options of point look-ups, allocated once.
    reads: ReadOptions,
    _open: Arc<()>,
    /// True if the options for a bulk restore are set.
    is_tuned_for_bulk: bool,
}

impl RocksStore {
    /// Opens the store in this existing directory. [`Error::Unfinished`]: its last ingestion was interrupted.
    pub(super) fn open(path: &Path, memory: &Memory) -> Result<Self> {
        let db = DB::open_cf_descriptors(&memory.database(), path, memory.families())
            .map_err(|error| error::of_rocksdb(path, error))?;
        let db = Arc::new(db);
        let reader = Arc::new(RocksReader::new(path, &db));
        let (path, bulk_writer) = (path.to_owned(), BulkWriter::new(memory));
        let (timer_starts, open) = (TimerStarts::new(), memory.add_store());
        let reads = ReadOptions::default();
        let is_tuned_for_bulk = false;
        let store = Self { db, path, bulk_writer, timer_starts, reader, reads, _open: open, is_tuned_for_bulk };
        store.check_ingested()?;
        store.reader.count(&store.read_counts()?);
        store.index_statuses()?;
        Ok(store)
    }

    pub(super) fn family(&self, family: Family) -> Result<&ColumnFamily> {
        let name = family.name();
        self.db.cf_handle(name).ok_or_else(|| self.corrupt(format!("the column family {name} is missing")))
    }

    pub(super) fn corrupt(&self, detail: String) -> Error {
        Error::Corrupt { path: self.path.clone(), detail }
    }

    pub(super) fn error(&self, error: rocksdb::Error) -> Error {
        error::of_rocksdb(&self.path, error)
    }

    pub(super) fn read(&self, family: Family, key: &[u8]) -> Result<Option<Vec<u8>>> {
        self.db.get_cf_opt(self.family(family)?, key, &self.reads).map_err(|error| self.error(error))
    }

    /// The rows of a family from `from`, inclusive, to `end`, exclusive.
    pub(super) fn rows(
        &self,
        family: Family,
        from: &[u8],
        end: Option<&[u8]>,
    ) -> Result<impl Iterator<Item = Result<Row>>> {
        let mut options = ReadOptions::default();
        if let Some(end) = end {
            options.set_iterate_upper_bound(end.to_vec());
        }
        let mode = IteratorMode::From(from, Direction::Forward);
        let rows = self.db.iterator_cf_opt(self.family(family)?, options, mode);
        Ok(rows.map(|row| row.map_err(|error| self.error(error))))
    }

    /// The first timers of one clock before `end`; remembers the start of the live ones.
    fn timers(&self, clock: TimerClock, end: &[u8], limit: usize) -> Result<Vec<(Key, Timer)>> {
        let mut timers = Vec::new();
        for row in self.rows(Family::Timer, &self.timer_starts.get(clock), Some(end))?.take(limit) {
            let (bytes, _) = row?;
            if timers.is_empty() {
                self.timer_starts.advance(clock, &bytes);
            }
            let timer = key::timer_of(&bytes);
            timers.push(timer.ok_or_else(|| self.corrupt(format!("{bytes:02x?} is not a timer key")))?);
        }
        if timers.is_empty() && limit > 0 {
            self.timer_starts.advance(clock, end);
        }
        Ok(timers)
    }

    fn part(&self, (key, value): Row) -> Result<((Key, u32), Bytes)> {
        let part = key::part_of(&key);
        let part = part.ok_or_else(|| self.corrupt(format!("{key:02x?} is not a part key")))?;
        Ok((part, Bytes::from(value)))
    }

    /// The rows as a write batch.
    fn writes(&self, rows: &Rows<'_>) -> Result<WriteBatch> {
        let mut writes = WriteBatch::with_capacity_bytes(rows.size(&Family::ALL));
        for family in Family::ALL {
            let to = self.family(family)?;
            for row in rows.of_family(family) {
                match row.value {
                    Some(value) => writes.put_cf(to, &row.key, value),
                    None => writes.delete_cf(to, &row.key),
                }
            }
        }
        Ok(writes)
    }

    /// Sets the options for a bulk restore or for normal operation, in the families with many rows.
    fn tune(&mut self, for_bulk: bool) -> Result<()> {
        if self.is_tuned_for_bulk == for_bulk {
            return Ok(());
        }
        let options = tuning::flushed_max(for_bulk);
        let options = options.each_ref().map(|(name, value)| (*name, value.as_str()));
        for family in [Family::Entry, Family::Timer, Family::Part] {
            self.db.set_options_cf(self.family(family)?, &options).map_err(|error| self.error(error))?;
        }
        self.is_tuned_for_bulk = for_bulk;
        Ok(())
    }
}

impl View for RocksStore {
    fn get(&self, key: &Key) -> Result<Option<Bytes>> {
        Ok(self.read(Family::Entry, key.as_bytes())?.map(Bytes::from))
    }

    fn parts(&self, key: &Key) -> Result<Vec<(u32, Bytes)>> {
        let (start, end) = (key::parts_start(key), key::parts_end(key));
        let rows = self.rows(Family::Part, &start, Some(&end))?;
        rows.map(|row| self.part(row?).map(|((_, number), bytes)| (number, bytes))).collect()
    }

    fn due(&self, clock: TimerClock, now: Timestamp, limit: usize) -> Result<Vec<(Key, Timer)>> {
        self.timers(clock, &key::due_end(clock, now), limit)
    }

    fn next_due(&self, clock: TimerClock) -> Result<Option<Timestamp>> {
        let first = self.timers(clock, &key::clock_end(clock), 1)?;
        Ok(first.first().map(|(_, timer)| timer.due))
    }
}

impl Store for RocksStore {
    fn apply(&mut self, batch: &Batch) -> Result<()> {
        let changes = counts::changes(batch);
        let counted = counts::rows(&self.reader.all_counts(), &changes);
        let mut rows = Rows::of(batch);
        rows.add_counts(&counted);
        for clock in TimerClock::ALL {
            let start = key::clock_start(clock);
            let timers = rows.of_family(Family::Timer);
            let (_, timers) = timers.split_at(timers.partition_point(|row| *row.key < *start));
            let mut timers = timers.iter().take_while(|row| row.key.starts_with(&start));
            if let Some(first) = timers.find(|row| row.value.is_some()) {
                self.timer_starts.retreat(clock, &first.key);
            }
        }
        self.tune(batch.is_bulk)?;
        if !(batch.is_bulk && self.bulk_ingest(&rows)?) {
            self.db.write(self.writes(&rows)?).map_err(|error| self.error(error))?;
        }
        self.reader.count(&changes);
        Ok(())
    }

    fn acts(&self, after: Option<&(Key, ActSlot)>, limit: usize) -> Result<Vec<(Key, ActSlot)>> {
        let from = after.map_or_else(Vec::new, |(key, slot)| key::after(key::act(key, *slot)));
        let rows = self.rows(Family::Act, &from, None)?.take(limit);
        let act = |row: Result<Row>| {
            let (bytes, _) = row?;
            key::act_of(&bytes).ok_or_else(|| self.corrupt(format!("{bytes:02x?} is not an act key")))
        };
        rows.map(act).collect()
    }

    fn scan_parts(&self, after: Option<&(Key, u32)>, limit: usize) -> Result<Vec<((Key, u32), Bytes)>> {
        let from = after.map_or_else(Vec::new, |(key, number)| key::after(key::part(key, *number)));
        self.rows(Family::Part, &from, None)?.take(limit).map(|row| self.part(row?)).collect()
    }

    fn meta(&self, name: &str) -> Result<Option<Vec<u8>>> {
        self.read(Family::Meta, name.as_bytes())
    }

    fn scan(&self, after: Option<&Key>, limit: usize) -> Result<Vec<(Key, Vec<u8>)>> {
        let from = after.map_or_else(Vec::new, |key| key::after(key.as_bytes().to_vec()));
        let rows = self.rows(Family::Entry, &from, None)?.take(limit);
        rows.map(|row| row.map(|(key, bytes)| (Key::from_slice(&key), bytes.into_vec()))).collect()
    }

    fn len_estimate(&self) -> u64 {
        let family = self.db.cf_handle(Family::Entry.name());
        let estimate = family.map(|family| self.db.property_int_value_cf(family, "rocksdb.estimate-num-keys"));
        estimate.and_then(|value| value.ok().flatten()).unwrap_or(0)
    }

    fn counts(&self) -> Counts {
        self.reader.all_counts().clone()
    }

    fn reader(&self) -> Arc<dyn Reader> {
        self.reader.clone()
    }
}

impl Drop for RocksStore {
    fn drop(&mut self) {
        self.reader.close();
    }
}
