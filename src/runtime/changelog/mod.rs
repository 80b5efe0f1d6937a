//! The restorer: brings stores up to the end of their changelogs, off the stream threads, so that the other tasks of a
//! thread go on meanwhile.
//!
//! ```text
//!  job ──▶ open the store ──▶ verify the genesis ──▶ replay to the high watermark ──▶ back to the stream thread
//!              │                     │                     │
//!              └ not there: fresh    └ not its own: refuse └ offset gone: rebuild from the beginning
//! ```
//!
//! The end is the high watermark, not the last stable offset: the last committed transaction may lie behind an open one.
//! Reading is `read_committed`, so what an earlier owner left open is waited for, at most for a transaction's time-out.
//! Like a stream thread it is driven by [`turn`](Restorer::turn).
//!
//! | file | what it is |
//! |---|---|
//! | `job` | what is asked for, and what is given back |
//! | `active` | one restore |
//! | `standby` | what this instance follows for others |
//! | `replay` | what these two have in common: records of a changelog on their way into a store |
//! | `feed` | what these are given, and in which pieces they pass that on |
//! | `reader` | a reader of what is replayed; there is one for short restores, one for long ones, and one for standbys |
//! | `head_reader` | the first records of changelogs, which say whose they are |
//! | `seen` | which keys a replay into an empty store may have put there |
//! | `place` | where a replay begins |
//! | `progress` | what an operator reads about long restores |
//! | `pace` | how many records a second may be replayed |

mod active;
mod batch;
mod head_reader;
mod job;
mod key_filter;
mod progress;
mod reader;
mod replay;
mod standby;
mod start;
mod token_bucket;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::mpsc::Receiver;
use std::time::Duration;

pub use job::Job;
pub(super) use job::Restored;

use active::Active;
use batch::{Read, Step};
use head_reader::{First, HeadReader};
use progress::Progress;
use reader::ChangelogReader;
use standby::Standbys;
use token_bucket::TokenBucket;

use super::context::Context;
use super::error::Result;
use super::reminder::Reminder;
use super::thread::Turn;
use crate::broker::{self, Admin, Purpose, Start};
use crate::model::{ErrorClass, Timestamp, TopicPartition};

/// How many records one turn applies at most.
const BATCH_MAX: usize = 2_000;
/// How long a job waits after a failure that may pass.
const BACK_OFF: Duration = Duration::from_millis(300);
/// How long a reader waits for the next record.
const POLL: Duration = Duration::from_millis(20);

/// True when a failure to read that goes on since some time is to be said.
fn is_due(interrupted: &mut Option<Reminder>, uptime: Duration) -> bool {
    interrupted.get_or_insert_with(|| Reminder::new(uptime, Duration::ZERO)).is_due(uptime).is_some()
}

/// Restores stores, several at a time.
pub struct Restorer {
    context: Context,
    jobs: Receiver<Job>,
    /// Jobs that could not be begun, with when to try again.
    waiting: Vec<(Duration, Job)>,
    active: BTreeMap<TopicPartition, Active>,
    admin: Box<dyn Admin>,
    /// For what is short, and for what is long.
    readers: [ChangelogReader; 2],
    head_reader: HeadReader,
    standbys: Standbys,
    tokens: TokenBucket,
    progress: Progress,
    /// Set while reading fails.
    interrupted: Option<Reminder>,
}

impl fmt::Debug for Restorer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Restorer").field("active", &self.active.keys()).finish_non_exhaustive()
    }
}

impl Restorer {
    /// A restorer that takes jobs from a channel.
    pub fn new(context: Context, jobs: Receiver<Job>) -> Result<Self> {
        let admin = context.broker.admin()?;
        let now = context.clock.uptime();
        let standbys = Standbys::new(context.clone());
        let tokens = TokenBucket::new(context.settings.restore.records_per_second_max, now);
        Ok(Self {
            context,
            jobs,
            waiting: Vec::new(),
            active: BTreeMap::new(),
            admin,
            readers: [ChangelogReader::new(Purpose::Restore), ChangelogReader::new(Purpose::Restore)],
            head_reader: HeadReader::default(),
            standbys,
            tokens,
            progress: Progress::new(now),
            interrupted: None,
        })
    }

    /// One round: takes new jobs, applies what has arrived, gives back what is finished. An error stops the instance.
    pub fn turn(&mut self, now: Timestamp) -> Result<Turn> {
        self.take_jobs(now);
        self.drop_unwanted();
        let restoring = self.restore(now)?;
        if restoring == Turn::Again {
            // Somebody waits for a restore; a standby has time.
            return Ok(Turn::Again);
        }
        let following = self.standbys.turn(&mut *self.admin, now);
        Ok(match (restoring, following) {
            (Turn::Wait(one), Turn::Wait(other)) => Turn::Wait(one.min(other)),
            (Turn::Again, _) | (_, Turn::Again) => Turn::Again,
        })
    }

    /// Busy while records keep coming.
    fn restore(&mut self, now: Timestamp) -> Result<Turn> {
        if self.active.is_empty() {
            self.readers.iter_mut().for_each(ChangelogReader::close);
            self.head_reader.reset();
            return Ok(if self.waiting.is_empty() { Turn::Wait(Duration::from_secs(1)) } else { Turn::Wait(BACK_OFF) });
        }
        let pace = match self.verify(now).and_then(|verified| Ok(verified | self.replay(now)?)) {
            Ok(worked) => {
                self.interrupted = None;
                if worked { Turn::Again } else { Turn::Wait(token_bucket::PAUSE) }
            }
            Err(error) if error.class() == ErrorClass::Retry => {
                if is_due(&mut self.interrupted, self.context.clock.uptime()) {
                    tracing::warn!(%error, "restoring is interrupted; it goes on where it was");
                }
                self.changed();
                self.head_reader.reset();
                Turn::Wait(BACK_OFF)
            }
            Err(error) => return Err(error),
        };
        self.progress.log(self.active.values(), self.context.clock.uptime());
        Ok(pace)
    }

    fn take_jobs(&mut self, now: Timestamp) {
        let uptime = self.context.clock.uptime();
        let (due, waiting) = std::mem::take(&mut self.waiting).into_iter().partition(|(at, _)| *at <= uptime);
        self.waiting = waiting;
        let due: Vec<(Duration, Job)> = due;
        for mut job in due.into_iter().map(|(_, job)| job).chain(self.jobs.try_iter().collect::<Vec<_>>()) {
            if job.wanted.strong_count() == 0 {
                continue;
            }
            if let Some(store) = self.standbys.release(&job.task, now) {
                job.store = Some(store);
            }
            match Active::begin(job, &self.context, &mut *self.admin, now) {
                Ok(active) => {
                    self.changed();
                    self.active.insert(active.changelog().clone(), active);
                }
                Err(failed) if active::may_pass(&failed.error) => {
                    let active::Failed { job, error } = *failed;
                    tracing::warn!(%error, sheaf.task = %job.task, "the task cannot be restored yet; trying again");
                    self.waiting.push((uptime.saturating_add(BACK_OFF), job));
                }
                Err(failed) => failed.reply(),
            }
        }
    }

    fn drop_unwanted(&mut self) {
        let before = self.active.len();
        self.active.retain(|_, active| active.is_wanted());
        if self.active.len() != before {
            self.changed();
        }
    }

    /// Looks at the first records of those changelogs that are not known to be their stores'; true when one was there.
    fn verify(&mut self, now: Timestamp) -> Result<bool> {
        let open: BTreeMap<TopicPartition, i64> = self
            .active
            .iter()
            .filter(|(_, active)| !active.is_verified())
            .map(|(partition, active)| (partition.clone(), active.next()))
            .collect();
        let timeout = if open.len() == self.active.len() { POLL } else { Duration::ZERO };
        let firsts = match self.head_reader.look(&*self.context.broker, &open, timeout) {
            Ok(firsts) => firsts,
            Err(broker::Error::OutOfRange { partition }) => {
                // The changelog begins somewhere else by now.
                self.head_reader.reset();
                if let Some(active) = self.active.remove(&partition) {
                    let at = self.context.clock.uptime().saturating_add(BACK_OFF);
                    self.waiting.push((at, active.into_job()));
                }
                return Ok(false);
            }
            Err(error) => return Err(error.into()),
        };
        let mut steps = Vec::new();
        for First { partition, record, position } in firsts {
            if let Some(active) = self.active.get_mut(&partition) {
                let read = Read { records: record.into_iter().collect(), position };
                let step = active.advance(read, 1, &self.context, now);
                steps.push((partition, step));
            }
        }
        Ok(self.settle(steps, now))
    }

    /// Reads and applies; true when there was something.
    fn replay(&mut self, now: Timestamp) -> Result<bool> {
        let mut worked = false;
        for is_short in [true, false] {
            worked |= self.replay_with(is_short, now)?;
        }
        Ok(worked)
    }

    fn replay_with(&mut self, is_short: bool, now: Timestamp) -> Result<bool> {
        let [short, long] = &mut self.readers;
        let reader = if is_short { short } else { long };
        let is_here = |active: &Active| active.is_verified() && active.is_short() == is_short;
        let reading = self.active.iter().filter(|(_, active)| is_here(active) && active.is_reading());
        let at: Vec<_> = reading.map(|(partition, active)| (partition.clone(), Start::At(active.next()))).collect();
        let allowed = self.tokens.at(self.context.clock.uptime()).min(BATCH_MAX);
        let mut by_partition = BTreeMap::new();
        if at.is_empty() {
            reader.close();
        } else if allowed > 0 {
            let waits = at.len() == self.active.len();
            match reader.read(&*self.context.broker, &at, allowed, waits) {
                Ok(records) => by_partition = records,
                Err(broker::Error::OutOfRange { partition }) => {
                    tracing::warn!(%partition, "a store's position is not in its changelog any more: rebuilding it");
                    self.rebuild(&partition, now);
                    return Ok(true);
                }
                Err(error) => return Err(error.into()),
            }
        }
        let mut steps = Vec::new();
        let restores = self.active.values().filter(|active| active.is_bulk() && active.is_reading()).count();
        for (partition, active) in self.active.iter_mut().filter(|(_, active)| is_here(active)) {
            let records = by_partition.remove(partition).unwrap_or_default();
            self.tokens.take(records.len());
            let worked = !records.is_empty();
            let read = Read { records, position: reader.position(partition) };
            let step = active.advance(read, restores, &self.context, now);
            if worked || !matches!(step, Ok(Step::Reading)) {
                steps.push((partition.clone(), step));
            }
        }
        let worked = !steps.is_empty();
        self.settle(steps, now);
        Ok(worked)
    }

    /// What is to be replayed is not what it was.
    fn changed(&mut self) {
        self.readers.iter_mut().for_each(ChangelogReader::change);
    }

    /// Does what steps have come to; true when something has.
    fn settle(&mut self, steps: Vec<(TopicPartition, Result<Step>)>, now: Timestamp) -> bool {
        let mut worked = false;
        for (partition, step) in steps {
            let result = match step {
                Ok(Step::Reading) => continue,
                Ok(Step::Moved) => {
                    self.changed();
                    worked = true;
                    continue;
                }
                Ok(Step::Outdated) => {
                    tracing::warn!(%partition, "a store is older than half of its changelog's delete.retention.ms, or begins before it: rebuilding it");
                    self.rebuild(&partition, now);
                    worked = true;
                    continue;
                }
                Ok(Step::Done) => Ok(()),
                Err(error) => Err(error),
            };
            worked = true;
            if let Some(active) = self.active.remove(&partition) {
                active.finish(result, &self.context, now);
            }
        }
        worked
    }

    /// Everything from the beginning, into a new store.
    fn rebuild(&mut self, partition: &TopicPartition, now: Timestamp) {
        self.changed();
        let Some(active) = self.active.remove(partition) else { return };
        let job = active.into_fresh_job(&self.context);
        match Active::begin(job, &self.context, &mut *self.admin, now) {
            Ok(active) => drop(self.active.insert(partition.clone(), active)),
            Err(failed) if active::may_pass(&failed.error) => {
                self.waiting.push((self.context.clock.uptime(), failed.job));
            }
            Err(failed) => failed.reply(),
        }
    }
}
