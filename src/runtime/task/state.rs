//! The state of a running task: its store with the write-behind buffer, the overlay of the transaction, and the cache
//! of decoded entries.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use uuid::Uuid;

use super::cache::{Cache, Decoded};
use super::entry::{CurrentEntry, NextEntry};
use super::missing_timers::MissingTimers;
use super::next_timers::NextTimers;
use super::read_error::ReadError;
use crate::codec::{self, Head, entry, part};
use crate::config::ProcessingGuarantee;
use crate::model::{ActSlot, Key, TaskId, Timer, Timestamp};
use crate::processor::AnyProcessor;
use crate::runtime::checkpoint::Checkpoint;
use crate::runtime::handoff::{Genesis, RestoredStore};
use crate::runtime::mailbox::Mailbox;
use crate::runtime::memory_budget::MemoryBudget;
use crate::runtime::mutation::Mutation;
use crate::runtime::open_entries::OpenEntries;
use crate::runtime::running_tasks::{Registration, RunningTask, RunningTasks};
use crate::runtime::settings::Settings;
use crate::store::overlay::{Overlay, Parts, Written};
use crate::store::write_behind::{self, WriteBehind};
use crate::store::{self, Store, StoredEntry, TimerClock, View as _};
use crate::topology::Node;

/// The most memory of dirty entries of all tasks of an instance, in bytes. A backlog takes some ten MiB more with twice
/// as much, and thirty with four times as much.
const DIRTY_BYTES: usize = 8 << 20;
/// The least part of it per task.
const DIRTY_BYTES_MIN: usize = 256 << 10;

/// The state of a running task.
pub(in crate::runtime) struct State {
    write_behind: WriteBehind,
    overlay: Overlay,
    cache: Cache,
    /// The changelog offset up to which the state is complete.
    changelog_next: i64,
    /// The state of the changelog's genesis record.
    genesis: Genesis,
    /// True without transactions: a member that was declared dead may overwrite a newer entry by an older one, whose
    /// parts are deleted.
    may_lack_parts: bool,
    next_timers: NextTimers,
    missing_timers: MissingTimers,
    /// Makes the task known to queries, until it is no longer running.
    registration: Option<Registration>,
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("State").field("changelog_next", &self.changelog_next).finish_non_exhaustive()
    }
}

impl State {
    /// The state for a restored store, one of `tasks`.
    pub(in crate::runtime) fn new(
        restored: RestoredStore,
        tasks: usize,
        processor: &dyn AnyProcessor,
        (settings, budget): (&Settings, &MemoryBudget),
    ) -> store::Result<Self> {
        let RestoredStore { mut store, changelog_next, genesis } = restored;
        let missing_timers = MissingTimers::find(&mut *store, processor)?;
        let bytes = (DIRTY_BYTES / tasks.max(1)).max(DIRTY_BYTES_MIN);
        let limits = write_behind::Limits { age: settings.commit.write_behind, bytes };
        let write_behind = WriteBehind::new(store, limits);
        Ok(Self {
            next_timers: NextTimers::committed(&write_behind)?,
            write_behind,
            overlay: Overlay::new(),
            cache: Cache::new(budget.reserve()),
            missing_timers,
            changelog_next,
            genesis,
            may_lack_parts: settings.processing.guarantee == ProcessingGuarantee::AtLeastOnce,
            registration: None,
        })
    }

    /// Makes the task known to queries of other threads.
    pub(in crate::runtime) fn register(&mut self, tasks: &Arc<RunningTasks>, id: &TaskId, mailbox: &Mailbox) {
        let task = RunningTask { reader: self.write_behind.reader(), mailbox: mailbox.clone() };
        self.registration = Some(tasks.register(id.clone(), task));
    }

    /// Discards uncommitted changes.
    pub(in crate::runtime) fn roll_back(&mut self, settings: &Settings) -> store::Result<()> {
        if !settings.breaks(Mutation::OverlayKept) {
            self.overlay.clear();
        }
        if !settings.breaks(Mutation::CacheKept) {
            self.cache.clear();
        }
        self.next_timers = NextTimers::committed(&self.write_behind)?;
        self.missing_timers.roll_back();
        Ok(())
    }

    #[cfg(test)]
    pub(super) fn keeps(&self, key: &Key) -> bool {
        self.cache.get(key).is_some()
    }

    /// Returns the store with all committed changes and no others. If the flush fails they are restored from the
    /// changelog.
    pub(in crate::runtime) fn into_store(mut self) -> Box<dyn Store> {
        self.flush();
        self.write_behind.into_store()
    }

    /// Flushes all dirty entries to the store; an error is logged.
    pub(super) fn flush(&mut self) {
        if let Err(error) = self.write_behind.flush() {
            tracing::warn!(%error, "cannot flush dirty entries to the store: they will be restored from the changelog");
        }
    }

    /// A committed entry with its parts.
    pub(super) fn committed(&self, key: &Key) -> store::Result<Option<StoredEntry>> {
        let Some(bytes) = self.write_behind.get(key)? else { return Ok(None) };
        // An entry that cannot be decoded is told by who shows it.
        let counted = entry::decode(&bytes).map_or(0..0, |entry| entry.head.parts);
        let parts = self.write_behind.counted_parts(key, &counted)?;
        Ok(Some(StoredEntry { bytes, parts: parts.into_iter().map(|(_, part)| part).collect() }))
    }

    /// Flushes all dirty entries to the store if the oldest has this age.
    pub(super) fn flush_older(&mut self, uptime: Duration, age: Duration) -> store::Result<()> {
        self.write_behind.flush_older(uptime, age)
    }

    /// Flushes dirty entries that are due to the store, and evicts cached ones if the memory budget requires it.
    pub(super) fn flush_due(&mut self, uptime: Duration) -> store::Result<()> {
        self.cache.evict();
        self.write_behind.flush_due(uptime)
    }

    /// All committed pending acts, which an earlier owner may have executed.
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

    /// The committed entries, for a gauge.
    pub(super) fn open_entries(&self, processor: &dyn AnyProcessor) -> store::Result<OpenEntries> {
        let next_deadline = self.write_behind.next_due(TimerClock::Deadline)?;
        Ok(OpenEntries::of(&self.write_behind.counts(), processor, next_deadline))
    }

    /// A lower bound of the due time of the next timer of a clock.
    pub(super) fn next_due(&self, clock: TimerClock) -> Option<Timestamp> {
        self.next_timers.of(clock)
    }

    /// Up to `limit` due timers of one clock, read through the overlay. If there is none, the time of the next one is
    /// noted.
    pub(super) fn due(&mut self, clock: TimerClock, now: Timestamp, limit: usize) -> store::Result<Vec<(Key, Timer)>> {
        if self.next_timers.at(clock).is_none_or(|due| due > now) {
            return Ok(Vec::new());
        }
        let due = self.overlay.due(&self.write_behind, clock, now, limit)?;
        if due.is_empty() {
            let ever = Timestamp::from_millis(i64::MAX);
            let next = self.overlay.due(&self.write_behind, clock, ever, 1)?;
            *self.next_timers.at(clock) = next.first().map(|(_, timer)| timer.due);
        }
        Ok(due)
    }

    /// The next entry that may lack a timer.
    pub(super) fn next_missing_timer(&mut self) -> Option<Key> {
        self.missing_timers.next()
    }

    /// False if this transaction has unscheduled the timer.
    pub(super) fn is_scheduled(&self, key: &Key, timer: &Timer) -> bool {
        self.overlay.is_scheduled(key, timer)
    }

    /// The entry of a key, as seen by this transaction.
    pub(super) fn entry(&mut self, node: &Node, key: &Key) -> Result<Option<&Decoded>, ReadError> {
        if self.cache.get(key).is_none() {
            let Some((decoded, size)) = self.read(node, key)? else { return Ok(None) };
            self.cache.put(key, decoded, size);
        }
        Ok(self.cache.get(key))
    }

    /// Takes the entry of a key for a step. Afterwards call [`write`](Self::write) or [`forget`](Self::forget).
    pub(super) fn take(&mut self, node: &Node, key: &Key) -> Result<CurrentEntry, ReadError> {
        let (decoded, was_kept) = match self.cache.take(key) {
            Some(decoded) => (Some(decoded), true),
            None => (self.read(node, key)?.map(|(decoded, _)| decoded), false),
        };
        Ok(match decoded {
            Some(Decoded { head, body, parts_size }) => {
                let was_read = !was_kept && !node.processor.is_at_rest(&body);
                CurrentEntry { head, body: Some(body), parts_size, was_read }
            }
            None => CurrentEntry { head: self.overlay.new_head(key), body: None, parts_size: 0, was_read: false },
        })
    }

    /// Drops a taken entry after its step has rejected the input; it is read again when it is needed.
    pub(super) fn forget(&mut self, key: &Key) {
        self.cache.remove(key);
    }

    /// Reads and decodes an entry; with its encoded size in bytes.
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
                tracing::warn!(%key, said, found, "parts of an entry are missing: another instance has overwritten it");
            } else if said != found {
                let detail = format!("the entry has {said} parts, of which {found} are stored");
                return Err(ReadError::Entry(codec::Error::Corrupt(detail)));
            }
        }
        let body = node.processor.decode(&entry, parts).map_err(ReadError::Entry)?;
        Ok(Some((Decoded { head: Arc::new(entry.head), body, parts_size }, bytes.len())))
    }

    /// Sets the entry of a key in this transaction; `None` deletes it. Entries at rest are not cached.
    pub(super) fn write(&mut self, node: &Node, key: &Key, old: Option<Arc<Head>>, entry: Option<NextEntry>) {
        match (entry, &old) {
            (Some(NextEntry { written, parts, decoded }), _) => {
                self.next_timers.include(&written.head);
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

    /// Replaces the head of an entry in this transaction; its body is read again when it is needed.
    pub(super) fn replace(&mut self, key: &Key, old: Arc<Head>, head: Head, bytes: Bytes) {
        self.next_timers.include(&head);
        self.overlay.put(key.clone(), Some(old), Written { head: Arc::new(head), bytes }, Parts::default());
        self.cache.remove(key);
    }

    /// The changelog records of the transaction; `None` if there are none. A task's first transaction always writes its
    /// genesis: it commits an offset of the inbox, after which an empty changelog means that it was lost.
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

    /// False until a transaction has written the genesis.
    pub(in crate::runtime) fn is_begun(&self) -> bool {
        self.genesis == Genesis::Written
    }

    /// Applies the committed changes with their positions, and flushes dirty entries that are due.
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

/// The positions and times of a commit.
#[derive(Clone, Copy, Debug)]
pub(in crate::runtime) struct Committed {
    /// The offset after the last changelog record of the transaction, if it has one.
    pub changelog_next: Option<i64>,
    /// The group's offset of the inbox after the commit.
    pub inbox_next: i64,
    /// The wall clock of the commit.
    pub now: Timestamp,
    /// The monotonic clock of the commit.
    pub uptime: Duration,
}

/// The changelog records of a transaction, in the order of writing: without a transaction, a crash between two of these
/// leaves parts without an entry, and never an entry without its parts. Key and value; `None` is a tombstone.
#[derive(Debug)]
pub(in crate::runtime) struct Changes {
    /// The genesis, if it is due.
    pub genesis: Option<Uuid>,
    /// Added parts.
    pub new_parts: Vec<(Key, Option<Bytes>)>,
    /// The entries.
    pub entries: Vec<(Key, Option<Bytes>)>,
    /// Removed parts.
    pub removed_parts: Vec<(Key, Option<Bytes>)>,
}
