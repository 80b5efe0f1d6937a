//! The first rows of one task that a filter selects.

use std::time::Duration;

use super::filter::Filter;
use super::position::Position;
use crate::codec::entry;
use crate::model::{Clock, Status, Timestamp};
use crate::store::counts::Bucket;
use crate::store::{self, Reader, StatusRow};
use crate::topology::Node;

/// The rows of one read; a reader holds the store for some milliseconds.
const READ_ROWS: usize = 1_000;
/// The rows of one read if all of them are listed.
const READ_ROWS_MIN: usize = 16;
/// The most rows that are looked at for one page of a task.
const ROWS_MAX: usize = 200_000;
/// The most time for one page of a task.
const TIME_MAX: Duration = Duration::from_millis(500);

/// The scan of a task's status index.
pub(super) struct Scan<'a> {
    pub(super) node: &'a Node,
    pub(super) filter: &'a Filter,
    pub(super) clock: &'a dyn Clock,
}

/// The first rows of a task.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// Their positions, in order.
    pub(super) rows: Vec<Position>,
    /// The position up to which these are all; `None`: there are no more.
    pub(super) end: Option<Position>,
}

/// A status during the scan.
struct Source {
    status: Status,
    /// The begin of the next read; `None`: it has no more rows.
    from: Option<StatusRow>,
}

impl Scan<'_> {
    /// The first rows of the task with this store.
    pub(super) fn of(&self, reader: &dyn Reader) -> store::Result<Found> {
        let mut sources = self.sources(reader)?;
        let begin = self.clock.uptime();
        let (mut rows, mut looked_at): (Vec<Position>, usize) = (Vec::new(), 0);
        let is_selective = self.filter.text.is_some() || self.filter.due.is_some();
        let read_rows = if is_selective { READ_ROWS } else { self.filter.limit.max(READ_ROWS_MIN) };
        loop {
            let (read, end) = self.read(reader, &mut sources, read_rows)?;
            looked_at += read.len();
            for position in read {
                if rows.last() != Some(&position) && self.is_listed(reader, &position)? {
                    rows.push(position);
                }
            }
            let is_long = looked_at >= ROWS_MAX || self.clock.uptime().saturating_sub(begin) >= TIME_MAX;
            if end.is_none() || rows.len() > self.filter.limit || is_long {
                return Ok(Found { rows, end });
            }
        }
    }

    /// The statuses of which the task has entries and that are listed.
    fn sources(&self, reader: &dyn Reader) -> store::Result<Vec<Source>> {
        let mut statuses = reader.statuses()?;
        statuses.retain(|status| self.filter.has_status(&self.node.processor.status_name(*status)));
        let until = Bucket::minute_of(*self.filter.at.end());
        let mut sources = Vec::new();
        for status in statuses {
            let begin = match &self.filter.after {
                Some(after) => StatusRow::after(status, (after.at, &after.key)),
                None => StatusRow::first(status, Timestamp::MIN),
            };
            let begin = begin.max(StatusRow::first(status, *self.filter.at.start()));
            // Rows that were deleted at the begin of a status are not stepped over again each time.
            let minute = reader.first_minute(status, Bucket::minute_of(begin.at)..=until)?;
            let from = minute.map(|minute| {
                let minute = Bucket { status: Some(status), minute }.at();
                begin.max(StatusRow::first(status, minute))
            });
            sources.push(Source { status, from });
        }
        Ok(sources)
    }

    /// The next rows of all statuses that no status can precede, and their end; `None` if there are no more.
    fn read(
        &self,
        reader: &dyn Reader,
        sources: &mut [Source],
        limit: usize,
    ) -> store::Result<(Vec<Position>, Option<Position>)> {
        let (mut rows, mut end): (Vec<Position>, Option<Position>) = (Vec::new(), None);
        for source in &*sources {
            let Some(from) = &source.from else { continue };
            let found = reader.scan_status(from, *self.filter.at.end(), limit)?;
            let is_all = found.len() < limit;
            rows.extend(found.into_iter().map(|StatusRow { at, key, .. }| Position { at, key }));
            if let Some(last) = rows.last().filter(|_| !is_all)
                && end.as_ref().is_none_or(|end| last < end)
            {
                end = Some(last.clone());
            }
        }
        rows.retain(|row| end.as_ref().is_none_or(|end| row <= end));
        rows.sort();
        for source in sources {
            let next = end.as_ref().map(|end| StatusRow::after(source.status, (end.at, &end.key)));
            source.from = source.from.take().and_then(|from| next.map(|next| next.max(from)));
        }
        Ok((rows, end))
    }

    fn is_listed(&self, reader: &dyn Reader, position: &Position) -> store::Result<bool> {
        if !self.filter.has_key(&position.key) {
            return Ok(false);
        }
        if self.filter.due.is_none() {
            return Ok(true);
        }
        let Some(stored) = reader.entry(&position.key)? else { return Ok(false) };
        // An entry that cannot be decoded is listed with the reason.
        Ok(entry::decode(&stored.bytes).map_or(true, |entry| self.filter.is_due(&entry.head)))
    }
}
