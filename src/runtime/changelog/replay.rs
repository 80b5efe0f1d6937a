//! Applies a changelog to a store, for restores and standbys.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use uuid::Uuid;

use super::batch::{Batching, Read, Step};
use super::key_filter::KeyFilter;
use super::start::{Phase, ReplayStart, StartResult};
use crate::broker::Admin;
use crate::codec::{self, Head, entry, part};
use crate::model::{ErrorClass, Key, Record, TaskId, Timestamp, TopicPartition};
use crate::runtime::checkpoint::Checkpoint;
use crate::runtime::context::Context;
use crate::runtime::error::{Error, Result};
use crate::runtime::genesis;
use crate::runtime::mutation::Mutation;
use crate::runtime::settings::Settings;
use crate::store::overlay::{Overlay, Parts, Written};
use crate::store::{self, Batch, Change, Store};

/// The longest delay of pending records: as much is lost if a restore is interrupted.
const PENDING_MAX: Duration = Duration::from_secs(2);

/// A store and its changelog.
pub(super) struct ReplaySpec<'a> {
    pub(super) task: &'a TaskId,
    pub(super) changelog: &'a TopicPartition,
    /// The store, if it is already open: then no compacted tombstone is missing in it.
    pub(super) store: &'a mut Option<Box<dyn Store>>,
    /// True if the store's contents are deleted first.
    pub(super) fresh: bool,
}

/// A store during the replay of its changelog.
pub(super) struct Replay {
    task: TaskId,
    changelog: TopicPartition,
    store: Box<dyn Store>,
    phase: Phase,
    /// The genesis of the store; `None` until the genesis record has been read into an empty one.
    genesis: Option<Uuid>,
    offsets: Offsets,
    pending: Pending,
    /// The time of the last applied batch, on the wall clock.
    applied_at: Timestamp,
    /// The keys of this replay, if the store was empty; `None`: every key is looked up in the store.
    key_filter: Option<KeyFilter>,
    settings: Arc<Settings>,
}

/// Offsets of the changelog.
struct Offsets {
    /// The next offset to read.
    next: i64,
    /// The start offset of the replay.
    begin: i64,
    /// The high watermark at the start of the replay.
    end: i64,
}

/// Records that are not applied yet.
#[derive(Default)]
struct Pending {
    /// Entries.
    overlay: Overlay,
    /// Parts of entries, in the order of the changelog.
    parts: Vec<Change>,
    /// The size of the records in bytes.
    bytes: usize,
}

impl Replay {
    /// Opens the store and reads the range of its changelog.
    pub(super) fn open(spec: ReplaySpec<'_>, context: &Context, admin: &mut dyn Admin, now: Timestamp) -> Result<Self> {
        let ReplaySpec { task, changelog, store, fresh } = spec;
        let (low, high) = admin.watermarks(changelog, context.settings.limits.broker_timeout)?;
        let name = context.plan.store(task);
        let wrap = |source| Error::store(task, source);
        if fresh {
            *store = None;
            context.stores.destroy(&name).map_err(wrap)?;
        }
        // A store that is still open has seen every tombstone.
        let was_open = store.is_some();
        let store = match store.take() {
            Some(store) => store,
            None => match context.stores.open(&name) {
                Err(error) if error.class() == ErrorClass::Corrupt => {
                    if matches!(error, store::Error::Unfinished { .. }) {
                        tracing::warn!(%error, sheaf.task = %task, "the last restore was interrupted; restoring from the beginning");
                    } else {
                        tracing::error!(%error, sheaf.task = %task, "the store is corrupt and is rebuilt from its changelog");
                        context.metrics.task.store_rebuilt(task);
                    }
                    context.stores.destroy(&name).map_err(wrap)?;
                    context.stores.open(&name).map_err(wrap)?
                }
                opened => opened.map_err(wrap)?,
            },
        };
        match ReplayStart::of(&*store, low, high, (!was_open).then_some(now)).map_err(wrap)? {
            StartResult::ReplayStart(ReplayStart { phase, genesis, next, end }) => Ok(Self {
                task: task.clone(),
                changelog: changelog.clone(),
                store,
                phase,
                genesis,
                offsets: Offsets { next, begin: next, end },
                pending: Pending::default(),
                applied_at: now,
                key_filter: genesis.is_none().then(|| KeyFilter::new(u64::try_from(end - next).unwrap_or(0))),
                settings: context.settings.clone(),
            }),
            StartResult::Foreign(detail) => {
                Err(Error::Genesis { task: task.clone(), changelog: changelog.clone(), detail })
            }
        }
    }

    /// The task.
    pub(super) fn task(&self) -> &TaskId {
        &self.task
    }

    /// The changelog's partition.
    pub(super) fn changelog(&self) -> &TopicPartition {
        &self.changelog
    }

    /// The next offset to read.
    pub(super) fn next(&self) -> i64 {
        self.offsets.next
    }

    /// The number of replayed offsets, and their total.
    pub(super) fn progress(&self) -> (i64, i64) {
        (self.offsets.next - self.offsets.begin, self.offsets.end - self.offsets.begin)
    }

    /// True if all records are applied.
    pub(super) fn is_applied(&self) -> bool {
        self.pending.bytes == 0
    }

    /// True if the genesis of the changelog has been verified.
    pub(super) fn is_verified(&self) -> bool {
        self.phase == Phase::Replay
    }

    /// The genesis of store and changelog; `None` before the first record.
    pub(super) fn genesis(&self) -> Option<Uuid> {
        self.genesis
    }

    /// The store, without pending records.
    pub(super) fn into_store(self) -> Box<dyn Store> {
        self.store
    }

    /// Takes records of the changelog; returns the state of the replay and the number of records.
    pub(super) fn advance(&mut self, read: Read, now: Timestamp, batching: Batching) -> Result<(Step, u64)> {
        let Read { records, position } = read;
        let read_to = position.map_or(self.offsets.next, |position| position.max(self.offsets.next));
        if let Phase::Verify { position, outdated } = self.phase {
            return self.check_first(records.first(), read_to, position, outdated).map(|step| (step, 0));
        }
        let mut taken = 0;
        for record in records {
            if record.offset < self.offsets.next {
                // From before a seek of the reader: already in the store.
                continue;
            }
            taken += 1;
            self.pending.bytes += record.size();
            self.offsets.next = record.offset + 1;
            self.take(record)?;
            if self.pending.bytes >= batching.bytes() {
                self.apply(now, batching.is_bulk())?;
            }
        }
        self.offsets.next = self.offsets.next.max(read_to);
        let is_deferred = batching.is_bulk() && now.since(self.applied_at) < PENDING_MAX;
        if self.pending.bytes > 0 && !is_deferred {
            self.apply(now, batching.is_bulk())?;
        }
        let early = self.settings.breaks(Mutation::RestoreEndsEarly) && taken == 0;
        Ok((if self.offsets.next >= self.offsets.end || early { Step::Done } else { Step::Reading }, taken))
    }

    fn check_first(&mut self, first: Option<&Record>, read_to: i64, position: i64, outdated: bool) -> Result<Step> {
        if let Some(first) = first {
            let is_genesis = first.key.as_deref().is_some_and(genesis::is_genesis);
            self.verify(if is_genesis { genesis::read(first.value.as_deref()) } else { None })?;
            if outdated {
                return Ok(Step::Outdated);
            }
            (self.phase, self.offsets.next, self.offsets.begin) = (Phase::Replay, position, position);
            return Ok(if self.offsets.next >= self.offsets.end { Step::Done } else { Step::Seek });
        }
        if read_to >= self.offsets.end {
            self.verify(None)?;
        }
        Ok(Step::Reading)
    }

    fn verify(&self, found: Option<Uuid>) -> Result<()> {
        if found.is_some() && found == self.genesis {
            return Ok(());
        }
        let name = |id: Option<Uuid>| id.map_or_else(|| "none".to_owned(), |id| id.to_string());
        Err(Error::Genesis {
            task: self.task.clone(),
            changelog: self.changelog.clone(),
            detail: format!("the store's genesis is {}, the changelog's is {}", name(self.genesis), name(found)),
        })
    }

    /// Adds a record of the changelog to the overlay.
    fn take(&mut self, record: Record) -> Result<()> {
        let key = record.key.unwrap_or_default();
        if key.first().is_some_and(|first| *first == 0) {
            return self.take_reserved(&key, record.value);
        }
        self.require_genesis()?;
        let key = Key::from_bytes(key);
        let may_exist = self.key_filter.as_mut().is_none_or(|filter| filter.insert(&key));
        let old = if may_exist { self.head_of(&key)? } else { None };
        match record.value {
            None => self.pending.overlay.delete(key, old.map(Arc::new)),
            Some(bytes) => {
                let mut head = self.decode(&key, &bytes).map_err(|error| self.changelog_error(error))?;
                if self.settings.breaks(Mutation::TimersForgotten) {
                    head.timers.clear();
                }
                self.pending.overlay.put(
                    key,
                    old.map(Arc::new),
                    Written { head: Arc::new(head), bytes },
                    Parts::default(),
                );
            }
        }
        Ok(())
    }

    /// Takes a record with a reserved key, which begins with a zero byte: a genesis, a part, or a kind of a newer
    /// version.
    fn take_reserved(&mut self, key: &[u8], value: Option<Bytes>) -> Result<()> {
        if genesis::is_genesis(key) {
            let found = genesis::read(value.as_deref());
            if self.genesis.is_some() {
                return self.verify(found);
            }
            self.genesis = found;
            return Ok(());
        }
        self.require_genesis()?;
        if let Some((entry, number)) = part::of_key(key) {
            self.pending.parts.push(match value {
                Some(bytes) => Change::PutPart(entry, number, bytes),
                None => Change::DeletePart(entry, number),
            });
        }
        Ok(())
    }

    /// Refuses a changelog whose first record is not a genesis record.
    fn require_genesis(&self) -> Result<()> {
        if self.genesis.is_some() {
            return Ok(());
        }
        Err(Error::Genesis {
            task: self.task.clone(),
            changelog: self.changelog.clone(),
            detail: "the changelog does not begin with a genesis record".to_owned(),
        })
    }

    fn head_of(&self, key: &Key) -> Result<Option<Head>> {
        let bytes = self.pending.overlay.get(&*self.store, key).map_err(|source| Error::store(&self.task, source))?;
        bytes.map(|bytes| self.decode(key, &bytes)).transpose()
    }

    fn decode(&self, key: &Key, bytes: &[u8]) -> Result<Head> {
        let entry = entry::decode(bytes).map_err(|error| Error::Entry {
            task: self.task.clone(),
            key: key.to_string(),
            error,
        })?;
        Ok(entry.head)
    }

    /// An error in the changelog itself, which rebuilding the store does not repair.
    fn changelog_error(&self, error: Error) -> Error {
        let Error::Entry { task, key, error: corrupt @ codec::Error::Corrupt(_) } = error else { return error };
        Error::Unreadable { task, changelog: self.changelog.to_string(), key, error: corrupt }
    }

    /// Ends a restore: applies pending records and sets the store's options for normal operation.
    pub(super) fn complete(&mut self, now: Timestamp, is_bulk: bool) -> Result<()> {
        if is_bulk && self.pending.bytes > 0 {
            self.apply(now, true)?;
        }
        self.apply(now, false)
    }

    /// Applies pending records with their position.
    fn apply(&mut self, now: Timestamp, is_bulk: bool) -> Result<()> {
        let checkpoint = Checkpoint {
            genesis: self.genesis,
            changelog: Some(self.offsets.next),
            applied_at: Some(now),
            // The records may be another owner's, with another offset of the inbox.
            inbox: (self.pending.bytes > 0).then_some(Checkpoint::UNKNOWN),
            ..Checkpoint::default()
        };
        let mut batch = Batch { is_bulk, ..self.pending.overlay.take_batch(checkpoint.rows()) };
        // After the overlay's changes for a deleted entry: the changelog has tombstones of its parts, and later parts
        // of the same key.
        batch.changes.append(&mut self.pending.parts);
        (self.pending.bytes, self.applied_at) = (0, now);
        self.store.apply(&batch).map_err(|source| Error::store(&self.task, source))
    }
}
