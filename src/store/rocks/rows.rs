//! A batch as `RocksDB` writes it fastest: the rows of each family sorted by key.

use std::borrow::Cow;
use std::cmp::Ordering;

use super::counts::CountRow;
use super::key;
use super::tuning::Family;
use crate::store::{Batch, Change};

/// The length of the key prefix that is compared as one number first, in bytes.
const PREFIX_LEN: usize = 16;
/// The approximate overhead of a row in a batch, in bytes.
const ROW_OVERHEAD: usize = 24;

/// A row of a family; deleted if it has no value.
#[derive(Debug)]
pub(super) struct Row<'a> {
    prefix: u128,
    /// The index of the row in its family's part of the batch.
    number: usize,
    pub(super) key: Cow<'a, [u8]>,
    pub(super) value: Option<&'a [u8]>,
}

/// All rows of a batch.
#[derive(Debug, Default)]
pub(super) struct Rows<'a> {
    entries: Vec<Row<'a>>,
    timers: Vec<Row<'a>>,
    acts: Vec<Row<'a>>,
    parts: Vec<Row<'a>>,
    meta: Vec<Row<'a>>,
}

impl<'a> Row<'a> {
    fn new(number: usize, key: Cow<'a, [u8]>, value: Option<&'a [u8]>) -> Self {
        let prefix = key.first_chunk().copied().unwrap_or_else(|| {
            let mut prefix = [0; PREFIX_LEN];
            prefix.iter_mut().zip(key.iter()).for_each(|(to, from)| *to = *from);
            prefix
        });
        Self { prefix: u128::from_be_bytes(prefix), number, key, value }
    }

    /// Ordered by the prefixes if they differ, to save cache misses on the keys.
    fn by_key(&self, other: &Self) -> Ordering {
        self.prefix.cmp(&other.prefix).then_with(|| self.key.cmp(&other.key))
    }

    /// True if both rows have the same key.
    pub(super) fn is_of(&self, other: &Self) -> bool {
        self.by_key(other).is_eq()
    }

    fn size(&self) -> usize {
        ROW_OVERHEAD + self.key.len() + self.value.map_or(0, <[u8]>::len)
    }
}

impl<'a> Rows<'a> {
    /// The rows of a batch. Rows with the same key stay in the order of the batch.
    pub(super) fn of(batch: &'a Batch) -> Self {
        let mut rows = Self::default();
        rows.entries.reserve(batch.changes.len());
        for change in &batch.changes {
            rows.add(change);
        }
        for family in [&mut rows.entries, &mut rows.timers, &mut rows.acts, &mut rows.parts] {
            family.sort_unstable_by(|a, b| a.by_key(b).then(a.number.cmp(&b.number)));
        }
        rows
    }

    fn add(&mut self, change: &'a Change) {
        const SET: Option<&[u8]> = Some(&[]);
        let (family, key, value) = match change {
            Change::PutEntry(key, bytes) => (&mut self.entries, Cow::Borrowed(key.as_bytes()), Some(&**bytes)),
            Change::DeleteEntry(key) => (&mut self.entries, Cow::Borrowed(key.as_bytes()), None),
            Change::PutTimer(key, timer) => (&mut self.timers, Cow::Owned(key::timer(key, *timer)), SET),
            Change::DeleteTimer(key, timer) => (&mut self.timers, Cow::Owned(key::timer(key, *timer)), None),
            Change::PutStatus(row) => (&mut self.timers, Cow::Owned(key::status(row)), SET),
            Change::DeleteStatus(row) => (&mut self.timers, Cow::Owned(key::status(row)), None),
            Change::PutAct(key, slot) => (&mut self.acts, Cow::Owned(key::act(key, *slot)), SET),
            Change::DeleteAct(key, slot) => (&mut self.acts, Cow::Owned(key::act(key, *slot)), None),
            Change::PutPart(key, number, bytes) => {
                (&mut self.parts, Cow::Owned(key::part(key, *number)), Some(&**bytes))
            }
            Change::DeletePart(key, number) => (&mut self.parts, Cow::Owned(key::part(key, *number)), None),
            Change::Count(..) => return,
            Change::PutMeta(name, value) => (&mut self.meta, Cow::Borrowed(name.as_bytes()), Some(&**value)),
        };
        family.push(Row::new(family.len(), key, value));
    }

    /// Adds the rows of changed counts; a count of 0 has none.
    pub(super) fn add_counts(&mut self, counts: &'a [CountRow]) {
        for CountRow { key, number } in counts {
            let value = (*number != [0; 8]).then_some(&number[..]);
            self.meta.push(Row::new(self.meta.len(), Cow::Borrowed(key), value));
        }
    }

    /// The rows of a family.
    pub(super) fn of_family(&self, family: Family) -> &[Row<'a>] {
        match family {
            Family::Entry => &self.entries,
            Family::Timer => &self.timers,
            Family::Act => &self.acts,
            Family::Part => &self.parts,
            Family::Meta => &self.meta,
        }
    }

    /// The approximate size of the rows of some families in a batch, in bytes.
    pub(super) fn size(&self, families: &[Family]) -> usize {
        families.iter().flat_map(|family| self.of_family(*family)).map(Row::size).sum()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::Key;

    proptest! {
        #[test]
        fn rows_come_in_the_order_of_their_keys_and_those_of_one_key_as_they_were(
            keys in prop::collection::vec(prop::collection::vec(prop_oneof![Just(0_u8), Just(1), Just(b'a')], 0..20), 0..50)
        ) {
            let mut rows: Vec<_> = (0_u32..).zip(keys).map(|(number, key)| (key, number.to_be_bytes().to_vec())).collect();
            let change = |(key, value): &(Vec<u8>, Vec<u8>)| {
                Change::PutEntry(Key::from_slice(key), value.clone().into())
            };
            let batch = Batch { changes: rows.iter().map(change).collect(), ..Batch::default() };
            rows.sort();
            let of_batch = Rows::of(&batch);
            let found: Vec<_> =
                of_batch.of_family(Family::Entry).iter().map(|row| (row.key.to_vec(), row.value.unwrap().to_vec())).collect();
            prop_assert_eq!(found, rows);
        }
    }
}
