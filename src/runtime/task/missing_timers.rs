//! Entries that lack a timer, because a former version did not schedule it when it stored them.

use crate::codec::entry;
use crate::model::Key;
use crate::processor::AnyProcessor;
use crate::store::{Batch, Change, Result, Store};

/// The named value of a store in which no entry lacks a timer. It goes with the store when that is rebuilt.
const NONE_MISSING: &str = "no_timer_missing";
/// The entries read at once.
const PAGE: usize = 1_000;

/// Entries that may lack a timer, found when their task starts. Each is given it by a transaction.
#[derive(Debug, Default)]
pub(super) struct MissingTimers {
    keys: Vec<Key>,
    /// The number of those that committed or open transactions have seen to.
    done: usize,
}

impl MissingTimers {
    /// Looks through a store, if it has entries with a status of which the processor says that they may lack one; once, if there is
    /// none. (An older version that owns the task afterwards, in a rolling upgrade, may store such entries again: they get their
    /// timer with their next event.)
    pub(super) fn find(store: &mut dyn Store, processor: &dyn AnyProcessor) -> Result<Self> {
        let mut found = Self::default();
        if !store.counts().iter().any(|(bucket, _)| processor.may_lack_timer(bucket.status)) {
            return Ok(found);
        }
        if store.meta(NONE_MISSING)?.is_some() {
            return Ok(found);
        }
        let mut last: Option<Key> = None;
        loop {
            let page = store.scan(last.as_ref(), PAGE)?;
            let Some((key, _)) = page.last() else { break };
            last = Some(key.clone());
            for (key, bytes) in page {
                // What cannot be decoded is told of when it is used.
                let Ok(entry) = entry::decode(&bytes) else { continue };
                if entry.head.timers.is_empty() && processor.may_lack_timer(entry.head.statuses.first()) {
                    found.keys.push(key);
                }
            }
        }
        if found.keys.is_empty() {
            let changes = vec![Change::PutMeta(NONE_MISSING.to_owned(), Vec::new())];
            store.apply(&Batch { changes, is_bulk: false })?;
        }
        Ok(found)
    }

    /// The next entry.
    pub(super) fn next(&mut self) -> Option<Key> {
        let key = self.keys.get(self.done).cloned();
        self.done += usize::from(key.is_some());
        key
    }

    /// Begins again, after an abort: an entry that has its timer is left as it is.
    pub(super) const fn roll_back(&mut self) {
        self.done = 0;
    }
}
