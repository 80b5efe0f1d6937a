//! One restore: from a store's position to the end of its changelog.

use std::time::Duration;

use uuid::Uuid;

use super::place::{Found, Phase, Place};
use super::{Done, Job, Restored, store_error};
use crate::broker::Admin;
use crate::codec::{self, Head, entry};
use crate::model::{ErrorClass, Key, Record, TaskId, Timestamp, TopicPartition};
use crate::runtime::error::{Error, Result};
use crate::runtime::genesis;
use crate::runtime::mutation::Mutation;
use crate::runtime::point::Point;
use crate::runtime::task::{Genesis, meta};
use crate::runtime::thread::Shared;
use crate::store::overlay::Overlay;
use crate::store::{self, Store};

/// A job that has been begun.
pub(super) struct Active {
    job: Job,
    store: Box<dyn Store>,
    phase: Phase,
    /// The genesis of the store; `None` until the changelog's has been read into a fresh one.
    genesis: Option<Uuid>,
    /// The offset of the changelog that is read next.
    next: i64,
    /// Where the replay began.
    begin: i64,
    /// The high watermark when the job began.
    end: i64,
    started: Duration,
    overlay: Overlay,
    /// The duty that is broken on purpose.
    broken: Option<Mutation>,
}

/// What a step of a restore came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// More is to come.
    Reading,
    /// The reader has to go to another place.
    Moved,
    /// The end is reached.
    Done,
    /// The store has to be made anew.
    Outdated,
}

/// True for errors after which a job is begun again: the broker's passing ones, and a store that another thread of this
/// process is still closing.
pub(super) fn may_pass(error: &Error) -> bool {
    error.class() == ErrorClass::Retry || matches!(error, Error::Store { source: store::Error::Locked { .. }, .. })
}

/// Sends the result of a job to whoever wants it.
pub(super) fn reply(job: &Job, result: Result<Done>) {
    let (sender, waker) = &job.reply;
    // The thread may have ended; then the store is closed by being dropped.
    drop(sender.send(Restored { task: job.task.clone(), epoch: job.epoch, result }));
    waker.wake();
}

/// A job that could not be begun.
pub(super) struct Failed {
    pub(super) job: Job,
    pub(super) error: Error,
}

impl Failed {
    /// Tells whoever wants the job.
    pub(super) fn reply(self) {
        reply(&self.job, Err(self.error));
    }
}

impl Active {
    /// Opens the store and finds out where its changelog begins and ends.
    pub(super) fn begin(
        mut job: Job,
        shared: &Shared,
        admin: &mut dyn Admin,
        now: Timestamp,
    ) -> std::result::Result<Self, Box<Failed>> {
        match Self::try_begin(&mut job, shared, admin, now) {
            Ok((store, plan)) => {
                let (started, broken) = (shared.clock.uptime(), shared.settings.mutation);
                let Place { phase, genesis, next, end } = plan;
                Ok(Self {
                    job,
                    store,
                    phase,
                    genesis,
                    next,
                    begin: next,
                    end,
                    started,
                    overlay: Overlay::new(),
                    broken,
                })
            }
            Err(error) => Err(Box::new(Failed { job, error })),
        }
    }

    fn try_begin(
        job: &mut Job,
        shared: &Shared,
        admin: &mut dyn Admin,
        now: Timestamp,
    ) -> Result<(Box<dyn Store>, Place)> {
        let (low, high) = admin.watermarks(&job.changelog, shared.settings.broker_timeout)?;
        let name = job.task.to_string();
        let wrap = |source| store_error(&job.task, source);
        if job.fresh {
            job.store = None;
            shared.stores.destroy(&name).map_err(wrap)?;
            job.fresh = false;
        }
        // A store that was open until a moment ago has seen every tombstone.
        let was_open = job.store.is_some();
        let store = match job.store.take() {
            Some(store) => store,
            None => match shared.stores.open(&name) {
                Err(error @ store::Error::Corrupt { .. }) => {
                    tracing::error!(%error, sheaf.task = %job.task, "the store is corrupt and is rebuilt from its changelog");
                    shared.metrics.store_rebuilt(&job.task);
                    shared.stores.destroy(&name).map_err(wrap)?;
                    shared.stores.open(&name).map_err(wrap)?
                }
                opened => opened.map_err(wrap)?,
            },
        };
        match Place::of(&*store, low, high, (!was_open).then_some(now)).map_err(wrap)? {
            Found::Place(place) => Ok((store, place)),
            Found::Foreign(detail) => {
                let (task, changelog) = (job.task.clone(), job.changelog.clone());
                Err(Error::Genesis { task, changelog, detail })
            }
        }
    }

    /// The changelog's partition.
    pub(super) fn changelog(&self) -> &TopicPartition {
        &self.job.changelog
    }

    /// The offset that is read next.
    pub(super) fn next(&self) -> i64 {
        self.next
    }

    /// False when the task was revoked meanwhile.
    pub(super) fn is_wanted(&self) -> bool {
        self.job.wanted.strong_count() > 0
    }

    /// The task, how many offsets are done, and of how many.
    pub(super) fn progress(&self) -> (&TaskId, i64, i64) {
        (&self.job.task, self.next - self.begin, self.end - self.begin)
    }

    /// Takes records of the changelog, and the position that the reader has reached.
    pub(super) fn advance(
        &mut self,
        records: Vec<Record>,
        position: Option<i64>,
        shared: &Shared,
        now: Timestamp,
    ) -> Result<Step> {
        let read_to = position.map_or(self.next, |position| position.max(self.next));
        if let Phase::Verify { position, outdated } = self.phase {
            if let Some(first) = records.first() {
                self.verify(genesis::read(first))?;
                if outdated {
                    return Ok(Step::Outdated);
                }
                (self.phase, self.next, self.begin) = (Phase::Replay, position, position);
                return Ok(if self.next >= self.end { Step::Done } else { Step::Moved });
            }
            if read_to >= self.end {
                self.verify(None)?;
            }
            return Ok(Step::Reading);
        }
        let count = records.len();
        for record in records {
            self.next = record.offset + 1;
            self.take(record)?;
        }
        self.next = self.next.max(read_to);
        if count > 0 {
            self.apply(now, true)?;
            shared.probe.reached(Point::RestoreBatch);
        }
        let remaining = u64::try_from(self.end - self.next).unwrap_or(0);
        shared.metrics.restored(&self.job.task, u64::try_from(count).unwrap_or(u64::MAX), remaining);
        let early = self.broken == Some(Mutation::RestoreEndsEarly) && count == 0;
        Ok(if self.next >= self.end || early { Step::Done } else { Step::Reading })
    }

    fn verify(&self, found: Option<Uuid>) -> Result<()> {
        if found.is_some() && found == self.genesis {
            return Ok(());
        }
        let name = |id: Option<Uuid>| id.map_or_else(|| "none".to_owned(), |id| id.to_string());
        Err(Error::Genesis {
            task: self.job.task.clone(),
            changelog: self.job.changelog.clone(),
            detail: format!(
                "the store was begun as {}, the changelog's genesis is {}",
                name(self.genesis),
                name(found)
            ),
        })
    }

    /// One record of the changelog into the overlay.
    fn take(&mut self, record: Record) -> Result<()> {
        if genesis::is_genesis(&record) {
            let found = genesis::read(&record);
            if self.genesis.is_some() {
                return self.verify(found);
            }
            self.genesis = found;
            return Ok(());
        }
        if self.genesis.is_none() {
            return Err(Error::Genesis {
                task: self.job.task.clone(),
                changelog: self.job.changelog.clone(),
                detail: "the changelog does not begin with a genesis record".to_owned(),
            });
        }
        let key = Key::from_bytes(record.key.unwrap_or_default());
        let old = self.head_of(&key)?;
        match record.value {
            None => self.overlay.delete(key, old.as_ref()),
            Some(bytes) => {
                let mut head = self.decode(&key, &bytes).map_err(|error| self.of_changelog(error))?;
                if self.broken == Some(Mutation::TimersForgotten) {
                    head.timers.clear();
                }
                self.overlay.put(key, old.as_ref(), head, bytes);
            }
        }
        Ok(())
    }

    fn head_of(&self, key: &Key) -> Result<Option<Head>> {
        let bytes = self.overlay.get(&*self.store, key).map_err(|source| store_error(&self.job.task, source))?;
        bytes.map(|bytes| self.decode(key, &bytes)).transpose()
    }

    fn decode(&self, key: &Key, bytes: &[u8]) -> Result<Head> {
        let entry = entry::decode(bytes).map_err(|source| Error::Entry {
            task: self.job.task.clone(),
            key: key.to_string(),
            source,
        })?;
        Ok(entry.head)
    }

    /// What the changelog itself holds is not repaired by rebuilding the store.
    fn of_changelog(&self, error: Error) -> Error {
        let Error::Entry { task, key, source: source @ codec::Error::Corrupt(_) } = error else { return error };
        Error::Unreadable { task, changelog: self.job.changelog.to_string(), key, source }
    }

    fn apply(&mut self, now: Timestamp, volatile: bool) -> Result<()> {
        let mut positions = vec![
            (meta::CHANGELOG.to_owned(), self.next.to_le_bytes().to_vec()),
            (meta::APPLIED_AT.to_owned(), now.as_millis().to_le_bytes().to_vec()),
        ];
        if let Some(genesis) = self.genesis {
            positions.push((meta::GENESIS.to_owned(), genesis.to_string().into_bytes()));
        }
        let mut batch = self.overlay.batch(positions);
        self.overlay.clear();
        batch.volatile = volatile;
        self.store.apply(&batch).map_err(|source| store_error(&self.job.task, source))
    }

    /// The end: one batch that is not volatile, and the store goes back.
    pub(super) fn finish(mut self, result: Result<()>, shared: &Shared, now: Timestamp) {
        let applied = result.and_then(|()| if self.genesis.is_some() { self.apply(now, false) } else { Ok(()) });
        let result = match applied {
            Ok(()) => {
                let id = Uuid::new_v5(&shared.incarnation.id, self.job.task.to_string().as_bytes());
                let genesis = if self.genesis.is_some() { Genesis::Written } else { Genesis::Due(id) };
                shared.metrics.restore_ended(&self.job.task, shared.clock.uptime().saturating_sub(self.started));
                tracing::info!(
                    sheaf.task = %self.job.task,
                    offsets = self.next - self.begin,
                    changelog_next = self.next,
                    "restored"
                );
                Ok(Done { store: self.store, changelog_next: self.next, genesis })
            }
            Err(error) => Err(error),
        };
        shared.probe.reached(Point::Restored);
        reply(&self.job, result);
    }

    /// The same job with an empty store.
    pub(super) fn into_fresh_job(self, shared: &Shared) -> Job {
        let Self { job, .. } = self;
        shared.metrics.store_rebuilt(&job.task);
        Job { fresh: true, ..job }
    }
}
