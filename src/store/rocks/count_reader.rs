//! Reads the counts of entries when a store is opened.

use rocksdb::WriteBatch;

use super::counts::{self, CountRow, END, PREFIX};
use super::store::RocksStore;
use super::tuning::Family;
use crate::codec::{Head, entry};
use crate::store::Result;
use crate::store::counts::{Bucket, Counts};

/// The name of the mark in the `meta` family of a store whose entries are counted; those of 0.1.0 were not.
const MARK: &[u8] = b"counted";

impl RocksStore {
    /// Reads the counts; those of a store of 0.1.0 are made by a scan, once.
    pub(super) fn read_counts(&self) -> Result<Counts> {
        if self.read(Family::Meta, MARK)?.is_none() {
            return self.count_entries();
        }
        let mut found = Counts::default();
        for row in self.rows(Family::Meta, PREFIX, Some(END))? {
            let (key, value) = row?;
            let number = value[..].try_into().ok().map(i64::from_le_bytes);
            let (Some(bucket), Some(number)) = (counts::bucket(&key), number) else {
                return Err(self.corrupt(format!("{key:02x?} is not a count")));
            };
            found.add(bucket, number);
        }
        Ok(found)
    }

    fn count_entries(&self) -> Result<Counts> {
        let mut found = Counts::default();
        for row in self.rows(Family::Entry, &[], None)? {
            let (_, bytes) = row?;
            // An entry that cannot be read is found when it is needed.
            let head = entry::decode(&bytes).map_or_else(|_unreadable| Head::default(), |entry| entry.head);
            found.add(Bucket::of(&head), 1);
            Bucket::further(&head).for_each(|bucket| found.add(bucket, 1));
        }
        let (meta, mut writes) = (self.family(Family::Meta)?, WriteBatch::default());
        for CountRow { key, number } in found.iter().map(|(bucket, number)| counts::row(bucket, number)) {
            writes.put_cf(meta, key, number);
        }
        writes.put_cf(meta, MARK, []);
        self.db.write(writes).map_err(|error| self.error(error))?;
        Ok(found)
    }
}
