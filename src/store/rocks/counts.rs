//! The counts of entries as rows of the `meta` family: `count/`, 1 and the status u64 BE or 0, the minute i64 BE with the sign bit
//! flipped; the value is an i64 LE.

use crate::model::Status;
use crate::store::counts::{Bucket, Counts};
use crate::store::{Batch, Change};

/// The begin of the rows.
pub(super) const PREFIX: &[u8] = b"count/";
/// The end of the rows, exclusive.
pub(super) const END: &[u8] = b"count0";
const SIGN: u64 = 1 << 63;

/// A changed count: its row, and the number.
pub(super) struct CountRow {
    pub(super) key: Vec<u8>,
    pub(super) number: [u8; 8],
}

/// The changes of a batch.
pub(super) fn changes(batch: &Batch) -> Counts {
    let mut changes = Counts::default();
    for change in &batch.changes {
        if let Change::Count(bucket, number) = change {
            changes.add(*bucket, *number);
        }
    }
    changes
}

/// The rows of changed counts.
pub(super) fn rows(counts: &Counts, changes: &Counts) -> Vec<CountRow> {
    changes.iter().map(|(bucket, number)| row(bucket, counts.get(bucket) + number)).collect()
}

/// The row of a count.
pub(super) fn row(bucket: Bucket, number: i64) -> CountRow {
    let mut key = PREFIX.to_vec();
    match bucket.status {
        Some(status) => {
            key.push(1);
            key.extend(status.0.to_be_bytes());
        }
        None => key.push(0),
    }
    key.extend((bucket.minute.cast_unsigned() ^ SIGN).to_be_bytes());
    CountRow { key, number: number.to_le_bytes() }
}

/// The bucket of a row; `None` for invalid bytes.
pub(super) fn bucket(key: &[u8]) -> Option<Bucket> {
    let (has_status, rest) = key.strip_prefix(PREFIX)?.split_first()?;
    let (status, rest) = match has_status {
        0 => (None, rest),
        _ => rest.split_first_chunk().map(|(status, rest)| (Some(Status(u64::from_be_bytes(*status))), rest))?,
    };
    let minute = (u64::from_be_bytes(rest.try_into().ok()?) ^ SIGN).cast_signed();
    Some(Bucket { status, minute })
}
