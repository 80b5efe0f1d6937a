//! The state of a running task: its store, what is committed and not yet in it, what a transaction has changed over both,
//! and entries that are decoded already.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use uuid::Uuid;

use super::cache::{Cache, Decoded};
use super::entry::{Next, Taken};
use super::next_timers::NextTimers;
use super::read_error::ReadError;
use crate::codec::{self, Head, entry, part};
use crate::model::{ActSlot, Key, Timer, Timestamp};
use crate::runtime::checkpoint::Checkpoint;
use crate::runtime::handoff::{Genesis, RestoredStore};
use crate::runtime::memory_budget::MemoryBudget;
use crate::runtime::mutation::Mutation;
use crate::runtime::settings::{Guarantee, Settings};
use crate::store::overlay::{Overlay, Parts, Written};
use crate::store::write_behind::{self, WriteBehind};
use crate::store::{self, Store, TimerClock};
use crate::topology::Node;

/// What the tasks of one instance may have committed and not written, if it has all of them, in bytes as they are counted
/// there. A backlog takes some ten MiB more with twice as much, and thirty with four times as much.
const DIRTY_BYTES: usize = 8 << 20;
/// What one task may have of that, however many there are.
const DIRTY_BYTES_MIN: usize = 256 << 10;

/// The state of a running task.
pub(in crate::runtime) struct State {
    write_behind: WriteBehind,
    overlay: Overlay,
    cache: Cache,
    /// The offset of the changelog up to which the state has it.
    changelog_next: i64,
    /// The changelog's genesis, or one that the next transaction writes.
    genesis: Genesis,
    /// True without transactions: who was taken for dead may write an older entry over a newer one, whose parts are gone.
    may_lack_parts: bool,
    armed: NextTimers,
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("State").field("changelog_next", &self.changelog_next).finish_non_exhaustive()
    }
}

impl State {
    /// One of so many tasks, whose store has been restored.
    pub(in crate::runtime) fn new(
        restored: RestoredStore,
        tasks: usize,
        settings: &Settings,
        budget: &MemoryBudget,
    ) -> store::Result<Self> {
        let RestoredStore { store, changelog_next, genesis } = restored;
        let bytes = (DIRTY_BYTES / tasks.max(1)).max(DIRTY_BYTES_MIN);
        let limits = write_behind::Limits { age: settings.commit.write_behind, bytes };
        let write_behind = WriteBehind::new(store, limits);
        Ok(Self {
            armed: NextTimers::of(&write_behind)?,
            write_behind,
            overlay: Overlay::new(),
            cache: Cache::new(budget.reserve()),
            changelog_next,
            genesis,
            may_lack_parts: settings.guarantee == Guarantee::AtLeastOnce,
        })
    }

    /// Forgets what has not been committed, all but what is broken on purpose.
    pub(in crate::runtime) fn roll_back(&mut self, settings: &Settings) -> store::Result<()> {
        if !settings.breaks(Mutation::OverlayKept) {
            self.overlay.clear();
        }
        if !settings.breaks(Mutation::CacheKept) {
            self.cache.clear();
        }
        self.armed = NextTimers::of(&self.write_behind)?;
        Ok(())
    }

    #[cfg(test)]
    pub(super) fn keeps(&self, key: &Key) -> bool {
        self.cache.get(key).is_some()
    }

    /// Gives the store back, with what has been committed and without what has not. What cannot be written is read from the
    /// changelog again by whoever takes the store next.
    pub(in crate::runtime) fn into_store(mut self) -> Box<dyn Store> {
        self.flush();
        self.write_behind.into_store()
    }

    /// Writes all that has been committed to the store, if that is possible.
    pub(super) fn flush(&mut self) {
        if let Err(error) = self.write_behind.flush() {
            tracing::warn!(%error, "the last seconds could not be written to the store: they will be restored");
        }
    }

    /// Writes what has been committed for long enough to the store, and gives way to tasks that have no budget.
    pub(super) fn flush_due(&mut self, uptime: Duration) -> store::Result<()> {
        self.cache.evict();
        self.write_behind.flush_due(uptime)
    }

    /// Every pending act that is committed: what an earlier owner may have begun.
    pub(in crate::runtime) fn pending_acts(&mut self) -> store::Result<Vec<(Key, ActSlot)>> {
        const PAGE: usize = 1_000;
        let store = self.write_behind.flushed()?;
        let mut all: Vec<(Key, ActSlot)> = Vec::new();
        loop {
            let page = store.acts(all.last(), PAGE)?;
            let last = page.len() < PAGE;
            all.extend(page);
            if last {
                return Ok(all);
            }
        }
    }

    /// Not later than when the next timer is due.
    pub(super) fn next_due(&self) -> Option<Timestamp> {
        self.armed.next()
    }

    /// Up to `limit` timers of one clock that are due, through the overlay. When there is none, the clock is armed for its
    /// next timer.
    pub(super) fn due(&mut self, clock: TimerClock, now: Timestamp, limit: usize) -> store::Result<Vec<(Key, Timer)>> {
        if self.armed.at(clock).is_none_or(|due| due > now) {
            return Ok(Vec::new());
        }
        let due = self.overlay.due(&self.write_behind, clock, now, limit)?;
        if due.is_empty() {
            let ever = Timestamp::from_millis(i64::MAX);
            let next = self.overlay.due(&self.write_behind, clock, ever, 1)?;
            *self.armed.at(clock) = next.first().map(|(_, timer)| timer.due);
        }
        Ok(due)
    }

    /// False when this transaction has taken the timer back.
    pub(super) fn is_scheduled(&self, key: &Key, timer: &Timer) -> bool {
        self.overlay.is_scheduled(key, timer)
    }

    /// The entry of a key as this transaction sees it.
    pub(super) fn entry(&mut self, node: &Node, key: &Key) -> Result<Option<&Decoded>, ReadError> {
        if self.cache.get(key).is_none() {
            let Some((decoded, size)) = self.read(node, key)? else { return Ok(None) };
            self.cache.put(key, decoded, size);
        }
        Ok(self.cache.get(key))
    }

    /// The same for a step, which consumes it. Until [`write`](Self::write) or [`forget`](Self::forget) it is where it was
    /// stored, and nowhere else.
    pub(super) fn take(&mut self, node: &Node, key: &Key) -> Result<Taken, ReadError> {
        let (decoded, was_kept) = match self.cache.take(key) {
            Some(decoded) => (Some(decoded), true),
            None => (self.read(node, key)?.map(|(decoded, _)| decoded), false),
        };
        Ok(match decoded {
            Some(Decoded { head, body, parts_size }) => {
                let was_read = !was_kept && !node.processor.is_at_rest(&body);
                Taken { head, body: Some(body), parts_size, was_read }
            }
            None => Taken { head: self.overlay.new_head(key), body: None, parts_size: 0, was_read: false },
        })
    }

    /// The step has rejected its input: what it has consumed is read anew when it is needed next.
    pub(super) fn forget(&mut self, key: &Key) {
        self.cache.remove(key);
    }

    /// Reads and decodes an entry; with how many bytes it has.
    fn read(&self, node: &Node, key: &Key) -> Result<Option<(Decoded, usize)>, ReadError> {
        let Some(bytes) = self.overlay.get(&self.write_behind, key).map_err(ReadError::Store)? else { return Ok(None) };
        let entry = entry::decode(&bytes).map_err(ReadError::Entry)?;
        let (mut parts, mut parts_size) = (Vec::new(), 0);
        if !entry.head.parts.is_empty() {
            for bytes in self.overlay.parts(&self.write_behind, key, &entry.head).map_err(ReadError::Store)? {
                parts_size += bytes.len();
                parts.push(part::decode(bytes).map_err(ReadError::Entry)?);
            }
            let (said, found) = (entry.head.parts.len(), parts.len());
            if said != found && self.may_lack_parts {
                tracing::warn!(%key, said, found, "parts of an entry are not there: another instance has written over it");
            } else if said != found {
                let detail = format!("the entry has {said} parts, of which {found} are there");
                return Err(ReadError::Entry(codec::Error::Corrupt(detail)));
            }
        }
        let body = node.processor.decode(&entry, parts).map_err(ReadError::Entry)?;
        Ok(Some((Decoded { head: Arc::new(entry.head), body, parts_size }, bytes.len())))
    }

    /// Changes the entry of a key in this transaction; `None` deletes it. One at rest is not kept decoded.
    pub(super) fn write(&mut self, node: &Node, key: &Key, old: Option<Arc<Head>>, entry: Option<Next>) {
        match (entry, &old) {
            (Some(Next { written, parts, decoded }), _) => {
                self.armed.arm_for(&written.head);
                if node.processor.is_at_rest(&decoded.body) {
                    self.cache.remove(key);
                } else {
                    self.cache.put(key, decoded, written.bytes.len());
                }
                self.overlay.put(key.clone(), old, written, parts);
            }
            (None, Some(_)) => {
                self.overlay.delete(key.clone(), old);
                self.cache.remove(key);
            }
            (None, None) => {}
        }
    }

    /// Changes the head of an entry in this transaction; its body is read anew when it is needed next.
    pub(super) fn replace(&mut self, key: &Key, old: Arc<Head>, head: Head, bytes: Bytes) {
        self.overlay.put(key.clone(), Some(old), Written { head: Arc::new(head), bytes }, Parts::default());
        self.cache.remove(key);
    }

    /// What the transaction has to write to the changelog; `None` when that is nothing. The first one of a task writes
    /// its genesis, changed or not: it commits an offset of the inbox, and from then on an empty changelog is a lost one.
    pub(super) fn changes(&self) -> Option<Changes> {
        if self.is_clean() {
            return None;
        }
        let genesis = match self.genesis {
            Genesis::Written => None,
            Genesis::Due(id) => Some(id),
        };
        let new = self.overlay.new_parts().map(|(key, number, bytes)| (part::key(key, number), Some(bytes.clone())));
        let entries = self.overlay.changed().map(|(key, bytes)| (key.clone(), bytes.cloned()));
        let gone = self.overlay.removed_parts().map(|(key, number)| (part::key(key, number), None));
        Some(Changes { genesis, new_parts: new.collect(), entries: entries.collect(), removed_parts: gone.collect() })
    }

    fn is_clean(&self) -> bool {
        self.overlay.is_empty() && self.genesis == Genesis::Written
    }

    /// False until a transaction has begun the changelog.
    pub(in crate::runtime) fn is_begun(&self) -> bool {
        self.genesis == Genesis::Written
    }

    /// Takes over what the transaction has changed, with the positions that belong to it, and writes what is due to the
    /// store.
    pub(super) fn apply(&mut self, committed: Committed) -> store::Result<()> {
        let Committed { changelog_next, inbox_next, now, uptime } = committed;
        if !self.is_clean() {
            if let Some(next) = changelog_next {
                self.changelog_next = next;
            }
            let genesis = match std::mem::replace(&mut self.genesis, Genesis::Written) {
                Genesis::Due(id) => Some(id),
                Genesis::Written => None,
            };
            let checkpoint = Checkpoint {
                genesis,
                changelog: Some(self.changelog_next),
                inbox: Some(inbox_next),
                applied_at: Some(now),
                newest: None,
            };
            let newest = Checkpoint { newest: Some(self.changelog_next), ..Checkpoint::default() };
            self.write_behind.absorb(&mut self.overlay, checkpoint.rows(), newest.rows(), uptime);
        }
        self.flush_due(uptime)
    }
}

/// Where and when a transaction was committed.
#[derive(Clone, Copy, Debug)]
pub(in crate::runtime) struct Committed {
    /// The offset behind its last record in the changelog, when it has one there.
    pub changelog_next: Option<i64>,
    /// The group's offset of the inbox from then on.
    pub inbox_next: i64,
    /// The wall clock.
    pub now: Timestamp,
    /// The monotonic one.
    pub uptime: Duration,
}

/// Changelog records of a transaction, in the order in which they are written: what is written without a transaction, and cut
/// off between two of these, leaves parts in vain, and lacks none. Key and value; `None` is a tombstone.
#[derive(Debug)]
pub(in crate::runtime) struct Changes {
    /// The genesis, when it is due.
    pub genesis: Option<Uuid>,
    /// Parts that entries count from now on.
    pub new_parts: Vec<(Key, Option<Bytes>)>,
    /// The entries.
    pub entries: Vec<(Key, Option<Bytes>)>,
    /// Parts that no entry counts any more.
    pub removed_parts: Vec<(Key, Option<Bytes>)>,
}
