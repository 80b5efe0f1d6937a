//! A stream thread: one consumer, one transactional producer, its tasks, and one [`turn`](StreamThread::turn) after
//! another.
//!
//! The operating-system thread, the demo and the simulator all call the same `turn`; nothing here waits for anything but
//! the broker's answers, and those for at most a time-out.
//!
//! | file | duties |
//! |---|---|
//! | `group` | rebalances, hand-over to and from the restorer |
//! | `offset` | where inputs are read from |
//! | `work` | 1 to 3: fetch, choose, step, collect |
//! | `commit` | 4 to 9: produce, wait, offsets, commit, apply, act |
//! | `broken` | duties that the test of the simulator breaks |
//! | `recovery` | what happens when one of them fails |

mod broken;
mod commit;
mod group;
mod offset;
mod recovery;
mod work;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;
use std::sync::mpsc::{self, Receiver, Sender};
use std::time::Duration;

use super::changelog::{Job, Restored};
use super::context::Context;
use super::error::Result;
use super::fault_point::FaultPoint;
use super::input::Inputs;
use super::reminder::Reminder;
use super::settings::Guarantee;
use super::status::{TaskCounts, ThreadState};
use super::task::{Lifecycle, Task};
use super::transaction::{Returned, Transaction};
use crate::broker::{Admin, Consumer, ConsumerSpec, FencedBy, Producer, ProducerSpec, Waker};
use crate::metric::TaskKind;
use crate::model::{ActSlot, Key, TaskId, Timestamp, TopicPartition};

/// How a turn went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// There is more to do at once.
    Again,
    /// Nothing to do for that long, unless the waker rings.
    Wait(Duration),
}

/// The longest that an idle thread sleeps.
const IDLE_MAX: Duration = Duration::from_millis(500);
/// How long an ending thread waits for one outcome before it looks around.
const DRAIN: Duration = Duration::from_millis(50);
/// By how much the wall clock may run away from the monotonic one between two turns, in milliseconds, before somebody
/// counts as having set it. A clock that is slewed moves by half a millisecond in a second.
const CLOCK_STEP_MS: u64 = 500;
/// How long a thread waits after a failure that may pass.
const BACK_OFF: Duration = Duration::from_millis(200);

/// A stream thread.
pub struct StreamThread {
    context: Context,
    number: usize,
    waker: Waker,
    consumer: Option<Box<dyn Consumer>>,
    producer: Option<Box<dyn Producer>>,
    admin: Box<dyn Admin>,
    inputs: Inputs,
    tasks: BTreeMap<TaskId, Task>,
    /// Partitions that were assigned and whose committed offsets are not known yet.
    arriving: Option<Vec<TopicPartition>>,
    /// Set while the committed offsets that are waited for are not stable.
    unstable: Option<Reminder>,
    /// Inboxes of which the group has no offset although their tasks have state, and how far they were read, where that is
    /// known.
    offsets_missing: Vec<(TopicPartition, Option<i64>)>,
    /// True when this start stands in the instances topic. It is written once: who writes last there is the newest.
    announced: bool,
    /// True from an assignment, be it an empty one, until the membership is lost.
    joined: bool,
    /// True from a failed commit until the truth has been read from the broker.
    recovering: bool,
    /// By whom this thread was fenced, until it is known whether that was a newer start of this instance.
    fenced: Option<FencedBy>,
    /// Entries that could not be read and whose task was rebuilt for that.
    rebuilt: BTreeSet<(TaskId, String)>,
    txn: Transaction,
    last_commit: Duration,
    /// The wall clock when the monotonic one stood at zero, in milliseconds, as it was last seen.
    wall: Option<i64>,
    epochs: u64,
    restorer: (Sender<Job>, Waker),
    restored: (Sender<Restored>, Receiver<Restored>),
    returned: (Sender<Returned>, Receiver<Returned>),
    outcomes: VecDeque<Returned>,
    /// A partition whose next record is gone, and the committed offset that this thread knows of it.
    gone: Option<(TopicPartition, i64)>,
    in_flight: BTreeSet<(TaskId, Key, ActSlot, u32)>,
}

impl fmt::Debug for StreamThread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StreamThread").field("number", &self.number).field("tasks", &self.tasks).finish_non_exhaustive()
    }
}

impl StreamThread {
    /// A thread that has not spoken to the broker yet, with where its restorer takes jobs and what wakes that, and with
    /// what wakes this thread.
    pub fn new(context: Context, number: usize, restorer: (Sender<Job>, Waker), waker: Waker) -> Result<Self> {
        let admin = context.broker.admin()?;
        let uptime = context.clock.uptime();
        Ok(Self {
            txn: Transaction::new(context.clock.now(), uptime),
            context,
            number,
            waker,
            consumer: None,
            producer: None,
            admin,
            inputs: Inputs::default(),
            tasks: BTreeMap::new(),
            arriving: None,
            unstable: None,
            offsets_missing: Vec::new(),
            announced: false,
            joined: false,
            recovering: false,
            fenced: None,
            rebuilt: BTreeSet::new(),
            last_commit: uptime,
            wall: None,
            epochs: 0,
            restorer,
            restored: mpsc::channel(),
            returned: mpsc::channel(),
            outcomes: VecDeque::new(),
            gone: None,
            in_flight: BTreeSet::new(),
        })
    }

    /// One round of all duties. An error stops the instance; whatever may pass is logged and tried again.
    pub fn turn(&mut self, now: Timestamp) -> Result<Turn> {
        self.txn.now = now;
        self.txn.uptime = self.context.clock.uptime();
        let pace = match self.heed_clock().and_then(|()| self.advance()) {
            Ok(pace) => pace,
            Err(error) => match self.on_error(error) {
                Ok(pace) => pace,
                Err(fatal) => {
                    self.close_tasks();
                    return Err(fatal);
                }
            },
        };
        self.report();
        Ok(pace)
    }

    /// A wall clock that is set forward ends every wait too soon, also one in which a call may still be executed. So
    /// that is taken for a hand-over: whoever has an act pending begins its wait anew.
    fn heed_clock(&mut self) -> Result<()> {
        let uptime = i64::try_from(self.txn.uptime.as_millis()).unwrap_or(i64::MAX);
        let wall = self.txn.now.as_millis().saturating_sub(uptime);
        let Some(before) = self.wall.replace(wall) else { return Ok(()) };
        let set_by = wall.saturating_sub(before);
        if set_by.unsigned_abs() <= CLOCK_STEP_MS {
            return Ok(());
        }
        tracing::warn!(set_by_ms = set_by, "the wall clock was set; waits for calls without an answer begin anew");
        let ids: Vec<TaskId> = self.tasks.keys().cloned().collect();
        ids.iter().try_for_each(|id| self.inherit(id).map(drop))
    }

    fn advance(&mut self) -> Result<Turn> {
        // First, because what is committed is settled whatever the broker does.
        let uptime = self.txn.uptime;
        self.tasks.values_mut().try_for_each(|task| task.flush_due(uptime))?;
        if self.fenced == Some(FencedBy::Instance) {
            self.judge_fence(FencedBy::Instance)?;
        }
        // Next, because the group waits for answers however long no producer can be made: a static member that has not
        // answered the loss of its session is taken for a stranger when the broker comes back.
        self.serve_group()?;
        if let Some(by) = self.fenced {
            self.judge_fence(by)?;
        }
        self.connect()?;
        self.settle_offsets()?;
        self.take_restored()?;
        if self.recovering {
            return Ok(Turn::Wait(BACK_OFF));
        }
        let worked = self.work()?;
        self.commit_when_due(worked)
    }

    /// Makes the producer and then, the first time, the consumer: whoever runs under this thread's name is fenced
    /// before anything is read.
    fn connect(&mut self) -> Result<()> {
        if self.producer.is_none() {
            let name = self.context.settings.thread_name(self.number);
            let tracked = self.context.plan.changelogs();
            let mut producer = match self.context.settings.guarantee {
                Guarantee::ExactlyOnce => {
                    self.context.broker.producer(&ProducerSpec { transactional_id: name, tracked })?
                }
                Guarantee::AtLeastOnce => self.context.broker.plain_producer(&tracked)?,
            };
            producer.init(self.context.settings.broker_timeout)?;
            if self.number == 0 && !self.announced {
                self.context.incarnation.announce(&mut *producer, &self.context)?;
                self.announced = true;
                self.context.fault_observer.reached(FaultPoint::Announced);
            }
            self.producer = Some(producer);
        }
        if self.consumer.is_none() {
            let spec = ConsumerSpec {
                group: self.context.settings.application.clone(),
                group_instance: Some(self.context.settings.member_name(self.number)),
                waker: self.waker.clone(),
            };
            let mut consumer = self.context.broker.consumer(&spec)?;
            consumer.subscribe(&self.context.plan.subscription())?;
            self.consumer = Some(consumer);
        }
        Ok(())
    }

    /// Commits what there is, waits for half of `timeout` for the acts that are under way, commits what came of them, and
    /// leaves. A static member's place stays reserved for its restart.
    pub fn close(mut self, timeout: Duration) -> Result<()> {
        let until = self.context.clock.uptime().saturating_add(timeout / 2);
        // Now, because what follows waits for the broker, and the process may be ended meanwhile.
        self.tasks.values_mut().for_each(Task::flush);
        let mut committed = self.finish();
        // An outcome that is not waited for is lost: its bundle would have to be looked up after the restart.
        while committed.is_ok() && self.knows() && !self.in_flight.is_empty() && self.context.clock.uptime() < until {
            if let Ok(returned) = self.returned.1.recv_timeout(DRAIN) {
                self.outcomes.push_back(returned);
            }
            committed = self.serve_group().and_then(|()| self.finish());
        }
        self.close_tasks();
        let closed = match self.consumer.take() {
            Some(consumer) => consumer.close(timeout).map_err(Into::into),
            None => Ok(()),
        };
        committed.and(closed)
    }

    /// Closes the stores with all that was committed: also for a thread that cannot go on.
    fn close_tasks(&mut self) {
        std::mem::take(&mut self.tasks).into_values().for_each(Task::close);
    }

    /// False while it is not known what was committed, so that nothing can be.
    pub(super) fn knows(&self) -> bool {
        !self.recovering && self.producer.is_some()
    }

    /// Takes the outcomes that have come and commits, unless the truth is not known.
    fn finish(&mut self) -> Result<()> {
        if !self.knows() {
            return Ok(());
        }
        self.txn.now = self.context.clock.now();
        self.txn.uptime = self.context.clock.uptime();
        self.take_outcomes()?;
        self.commit()
    }

    /// The wall clock, for [`turn`](Self::turn).
    pub fn now(&self) -> Timestamp {
        self.context.clock.now()
    }

    /// Notes what the thread does, where others can see it.
    pub fn note(&self, state: ThreadState) {
        self.context.status.set(self.number, state);
        self.context.metrics.instance(self.context.status.state().shown());
    }

    fn report(&self) {
        let mut counts = TaskCounts::default();
        for task in self.tasks.values() {
            let [created, restoring, running, suspended] = &mut counts;
            *match task.state {
                Lifecycle::Created => created,
                Lifecycle::Restoring(_) => restoring,
                Lifecycle::Running(_) => running,
                Lifecycle::Suspended(_) => suspended,
            } += 1;
        }
        let status = &self.context.status;
        status.has(self.number, self.tasks.keys());
        if status.turned(self.number, self.state(), counts, self.context.clock.uptime()) {
            self.context.metrics.instance(status.state().shown());
            for (state, number) in status.tasks() {
                self.context.metrics.tasks(TaskKind::Active, state, number);
            }
        }
    }

    fn state(&self) -> ThreadState {
        if self.recovering {
            ThreadState::Restoring
        } else if !self.joined || self.arriving.is_some() {
            ThreadState::Joining
        } else if self.tasks.values().all(Task::is_running) {
            if self.inputs.is_empty() { ThreadState::Waiting } else { ThreadState::Running }
        } else {
            ThreadState::Restoring
        }
    }
}
