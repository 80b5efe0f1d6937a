//! A stream thread: one consumer, one transactional producer, its tasks, and one [`turn`](StreamThread::turn) after
//! another.
//!
//! The operating-system thread, the demo and the simulator all call the same `turn`; nothing here waits for anything but
//! the broker's answers, and those for at most a time-out.
//!
//! | file | what it is |
//! |---|---|
//! | `membership` | the consumer, and what is known of the group |
//! | `input` | the partitions that are read, and what has arrived of them |
//! | `tasks` | the tasks, also those that are with the restorer |
//! | `acts` | acts that are with the sink, and their outcomes |
//! | `committer` | the transactional producer, and what is known of its commits |
//! | `burst` | what one commit writes |
//! | `wall_clock` | whether the wall clock was set |
//!
//! What these do together:
//!
//! | file | duties |
//! |---|---|
//! | `group` | rebalances, restored tasks |
//! | `offsets` | where inputs are read from |
//! | `work` | 1 to 3: fetch, choose, step, collect |
//! | `commit` | 4 to 9: produce, wait, offsets, commit, apply, act |
//! | `recovery` | what happens when one of them fails |
//! | `broken` | duties that the test of the simulator breaks |

mod acts;
mod broken;
mod burst;
mod commit;
mod committer;
mod group;
mod input;
mod membership;
mod offsets;
mod recovery;
mod tasks;
mod wall_clock;
mod work;

use std::fmt;
use std::sync::mpsc::Sender;
use std::time::Duration;

use acts::Acts;
use committer::Committer;
use input::Inputs;
use membership::Membership;
use tasks::Tasks;
use wall_clock::WallClock;

use super::context::Context;
use super::error::Result;
use super::handoff::Job;
use super::mailbox::{QueryReceiver, ThreadHealth, mailbox};
use super::thread_state::ThreadState;
use super::transaction::Transaction;
use super::turn::Turn;
use crate::broker::{Admin, FencedBy, Waker};
use crate::metric::TaskKind;
use crate::model::{TaskId, Timestamp};

/// The longest that an idle thread sleeps.
const IDLE_MAX: Duration = Duration::from_millis(500);
/// How long an ending thread waits for one outcome before it looks around.
const DRAIN: Duration = Duration::from_millis(50);
/// How long a thread waits after a failure that may pass.
const BACK_OFF: Duration = Duration::from_millis(200);

/// A stream thread.
pub struct StreamThread {
    context: Context,
    /// The thread's number, from 0.
    number: usize,
    admin: Box<dyn Admin>,
    membership: Membership,
    inputs: Inputs,
    tasks: Tasks,
    acts: Acts,
    committer: Committer,
    /// The transaction that is being gathered.
    txn: Transaction,
    wall_clock: WallClock,
    queries: QueryReceiver,
}

impl fmt::Debug for StreamThread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tasks: Vec<&TaskId> = self.tasks.ids().collect();
        f.debug_struct("StreamThread").field("number", &self.number).field("tasks", &tasks).finish_non_exhaustive()
    }
}

impl StreamThread {
    /// A thread that has not spoken to the broker yet, with the restorer's channel and waker, and its own waker.
    pub fn new(context: Context, number: usize, restorer: (Sender<Job>, Waker), waker: Waker) -> Result<Self> {
        let (now, uptime) = (context.clock.now(), context.clock.uptime());
        let (mailbox, queries) = mailbox(waker.clone());
        context.status.set_mailbox(number, mailbox);
        Ok(Self {
            admin: context.broker.admin()?,
            context,
            number,
            membership: Membership::new(waker.clone()),
            inputs: Inputs::default(),
            tasks: Tasks::new(restorer, waker.clone()),
            acts: Acts::new(waker),
            committer: Committer::new(uptime),
            txn: Transaction::new(now, uptime),
            wall_clock: WallClock::default(),
            queries,
        })
    }

    /// One round of all duties. An error stops the instance; whatever may pass is logged and tried again.
    pub fn turn(&mut self, now: Timestamp) -> Result<Turn> {
        self.txn.now = now;
        self.txn.uptime = self.context.clock.uptime();
        let turn = match self.heed_clock().and_then(|()| self.advance()) {
            Ok(turn) => turn,
            Err(error) => match self.on_error(error) {
                Ok(turn) => turn,
                Err(fatal) => {
                    self.tasks.close();
                    return Err(fatal);
                }
            },
        };
        self.report();
        self.queries.answer(|| self.health());
        Ok(turn)
    }

    /// A wall clock that is set forward ends every wait too soon, also one in which a call may still be executed. So
    /// that is taken for a hand-over: the wait for each pending act begins anew.
    fn heed_clock(&mut self) -> Result<()> {
        let Some(set_by_ms) = self.wall_clock.set_by(self.txn.now, self.txn.uptime) else { return Ok(()) };
        tracing::warn!(set_by_ms, "the wall clock was set; waits for calls without an answer begin anew");
        let ids: Vec<TaskId> = self.tasks.ids().cloned().collect();
        ids.iter().try_for_each(|id| self.inherit(id).map(drop))
    }

    fn advance(&mut self) -> Result<Turn> {
        // First, because what is committed is settled whatever the broker does.
        self.tasks.flush_due(self.txn.uptime)?;
        if self.committer.fenced() == Some(FencedBy::Instance) {
            self.judge_fence(FencedBy::Instance)?;
        }
        // Next, because the group waits for answers however long no producer can be made: a static member that has not
        // answered the loss of its session is taken for a stranger when the broker comes back.
        self.serve_group()?;
        if let Some(by) = self.committer.fenced() {
            self.judge_fence(by)?;
        }
        // The producer before the consumer: an earlier process under this thread's name is fenced before anything is read.
        self.committer.connect(&self.context, self.number)?;
        self.membership.connect(&self.context, self.context.settings.member_name(self.number))?;
        self.settle_offsets()?;
        self.take_restored()?;
        if !self.committer.is_certain() {
            return Ok(Turn::Wait(BACK_OFF));
        }
        let worked = self.work()?;
        self.commit_when_due(worked)
    }

    /// Commits what there is, waits for half of `timeout` for the acts in flight, commits their outcomes, and leaves. A static
    /// member's place stays reserved for its restart.
    pub fn close(mut self, timeout: Duration) -> Result<()> {
        let until = self.context.clock.uptime().saturating_add(timeout / 2);
        // Now, because what follows waits for the broker, and the process may be ended meanwhile.
        self.tasks.flush();
        let mut committed = self.finish();
        // An outcome that is not waited for is lost: its bundle would have to be looked up after the restart.
        while committed.is_ok()
            && self.committer.can_commit()
            && self.acts.in_flight() > 0
            && self.context.clock.uptime() < until
        {
            self.acts.wait(DRAIN);
            committed = self.serve_group().and_then(|()| self.finish());
        }
        self.tasks.close();
        committed.and(self.membership.close(timeout))
    }

    /// Takes the outcomes that have come and commits, unless it is not known what was committed.
    fn finish(&mut self) -> Result<()> {
        if !self.committer.can_commit() {
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
        self.context.status.set_state(self.number, state);
        self.context.metrics.instance(self.context.status.state().shown());
    }

    fn report(&self) {
        let status = &self.context.status;
        status.set_owned(self.number, self.tasks.ids());
        if status.record_turn(self.number, self.state(), self.tasks.counts(), self.context.clock.uptime()) {
            self.context.metrics.instance(status.state().shown());
            for (state, number) in status.tasks() {
                self.context.metrics.tasks(TaskKind::Active, state, number);
            }
        }
    }

    fn health(&self) -> ThreadHealth {
        ThreadHealth { state: self.state(), tasks: self.tasks.counts(), acts_in_flight: self.acts.in_flight() }
    }

    fn state(&self) -> ThreadState {
        if !self.committer.is_certain() {
            ThreadState::Restoring
        } else if !self.membership.is_joined() || self.membership.arriving().is_some() {
            ThreadState::Joining
        } else if self.tasks.are_running() {
            if self.inputs.is_empty() { ThreadState::Waiting } else { ThreadState::Running }
        } else {
            ThreadState::Restoring
        }
    }
}
