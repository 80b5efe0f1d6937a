//! A stream thread: one consumer, one transactional producer, its tasks, driven by [`turn`](StreamThread::turn).
//!
//! The operating-system thread, the demo and the simulator call the same `turn`; it blocks only for answers of the
//! broker, at most for a time-out.
//!
//! | file | content |
//! |---|---|
//! | `membership` | the consumer and its state in the group |
//! | `input` | the input partitions with their fetched records |
//! | `started` | the started tasks, for the log |
//! | `tasks` | the tasks, also those that are being restored |
//! | `acts` | acts with the sink, and their outcomes |
//! | `committer` | the transactional producer, and the certainty of its commits |
//! | `batch_limit` | the limit of a transaction's inputs, which shrinks while transactions fail |
//! | `commit_gap` | the gap between two transactions |
//! | `burst` | the records and offsets of one commit |
//! | `wall_clock` | a wall clock that cannot jump |
//!
//! The duties, which use these together:
//!
//! | file | duties |
//! |---|---|
//! | `group` | rebalances, restored tasks |
//! | `offsets` | start offsets of inputs |
//! | `work` | 1 to 3: fetch, choose, step, collect |
//! | `commit` | 4 to 9: produce, wait, offsets, commit, apply, act |
//! | `recovery` | errors of the duties |
//! | `answer` | answers to queries of other threads |
//! | `broken` | mutations for tests of the simulator |

mod acts;
mod answer;
mod batch_limit;
mod broken;
mod burst;
mod commit;
mod commit_gap;
mod committer;
mod group;
mod input;
mod membership;
mod offsets;
mod recovery;
mod started;
mod tasks;
mod wall_clock;
mod work;

use std::fmt;
use std::sync::mpsc::Sender;
use std::time::Duration;

use acts::{Acts, CallSpans, Inherit};
use committer::Committer;
use input::Inputs;
use membership::Membership;
use tasks::Tasks;
use wall_clock::{Reading, WallClock};

use super::context::Context;
use super::error::{Error, Result};
use super::handoff::Job;
use super::mailbox::{QueryReceiver, ThreadHealth, mailbox};
use super::notice::NoticeLog;
use super::open_entries::OpenEntries;
use super::thread_state::ThreadState;
use super::transaction::{Transaction, count};
use super::turn::Turn;
use crate::broker::{Admin, FencedBy, Waker};
use crate::metric::TaskKind;
use crate::model::{TaskId, Timestamp};

/// The longest sleep of an idle thread.
const IDLE_MAX: Duration = Duration::from_millis(500);
/// The longest wait for one outcome while the thread ends.
const DRAIN: Duration = Duration::from_millis(50);
/// The wait after a retriable error.
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
    /// The open transaction.
    txn: Transaction,
    wall_clock: WallClock,
    queries: QueryReceiver,
    notice_log: NoticeLog,
}

impl fmt::Debug for StreamThread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tasks: Vec<&TaskId> = self.tasks.iter().map(|task| &task.id).collect();
        f.debug_struct("StreamThread").field("number", &self.number).field("tasks", &tasks).finish_non_exhaustive()
    }
}

impl StreamThread {
    /// A thread with the restorer's channel and waker, and its own waker. It does not connect yet.
    pub fn new(context: Context, number: usize, restorer: (Sender<Job>, Waker), waker: Waker) -> Result<Self> {
        let (now, uptime) = (context.clock.now(), context.clock.uptime());
        let (mailbox, queries) = mailbox(waker.clone());
        context.status.set_mailbox(number, mailbox.clone());
        let notice_log = NoticeLog::new(context.plan.alerts.clone(), context.plan.dead_letters.clone());
        let has_spans = context.spans.is_some();
        let (clock, plan) = (context.clock.clone(), context.plan.clone());
        let spans = context.spans.clone().map(|spans| CallSpans { spans, clock, plan });
        Ok(Self {
            admin: context.broker.admin()?,
            context,
            number,
            membership: Membership::new(waker.clone()),
            inputs: Inputs::default(),
            tasks: Tasks::new(restorer, waker.clone(), mailbox),
            acts: Acts::new(waker, spans),
            committer: Committer::new(uptime),
            txn: Transaction::new(now, uptime).with_spans(has_spans),
            wall_clock: WallClock::default(),
            queries,
            notice_log,
        })
    }

    /// One round of all duties. An error stops the instance; retriable ones are logged and retried.
    pub fn turn(&mut self, now: Timestamp) -> Result<Turn> {
        let turn = match self.read_clock(now).and_then(|()| self.advance()) {
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
        self.notice_log.log_due(self.txn.uptime);
        self.answer_queries();
        Ok(turn)
    }

    /// Sets the time of the transaction. A step of the wall clock forward ends all waits too early, also of calls that may still be
    /// executed. So it is handled like a hand-over: the wait of each pending act starts again.
    fn read_clock(&mut self, system: Timestamp) -> Result<()> {
        let uptime = self.context.clock.uptime();
        let Reading { now, stepped_ms, ahead_ms } = self.wall_clock.read(system, uptime);
        (self.txn.now, self.txn.uptime) = (now, uptime);
        if let Some(ahead_ms) = ahead_ms {
            tracing::error!(
                ahead_ms,
                now = %now,
                "the wall clock was set far ahead and is not followed, because every timer would be due at once: set it right, or \
                 restart sheaf if the new time is the right one"
            );
        }
        let Some(stepped_ms) = stepped_ms else { return Ok(()) };
        tracing::warn!(stepped_ms, "the wall clock was set; the waits of pending acts start again");
        let ids: Vec<TaskId> = self.tasks.iter().map(|task| task.id.clone()).collect();
        ids.iter().try_for_each(|id| self.inherit(id, Inherit::ClockSet).map(drop))
    }

    fn advance(&mut self) -> Result<Turn> {
        if let Some(topic) = self.context.status.recreated() {
            return Err(Error::SourceRecreated { group: self.context.settings.application.clone(), topic });
        }
        // First, because dirty entries can be flushed without the broker.
        self.tasks.flush_due(self.txn.uptime)?;
        if self.committer.fenced() == Some(FencedBy::Instance) {
            self.resolve_fence(FencedBy::Instance)?;
        }
        // Next, because the group must be answered also if no producer can be created: a static member that has not
        // answered the loss of its session is fenced when the broker comes back.
        self.serve_group()?;
        if let Some(by) = self.committer.fenced() {
            self.resolve_fence(by)?;
        }
        // The producer before the consumer: an earlier process with this transactional id is fenced before any input is
        // read.
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

    /// Commits, waits for half of `timeout` for the acts in flight, commits their outcomes, and closes. A static member
    /// stays in the group for its restart until the session times out.
    pub fn close(mut self, timeout: Duration) -> Result<()> {
        let until = self.context.clock.uptime().saturating_add(timeout / 2);
        // Flushed first, because the rest waits for the broker and the process may be killed meanwhile.
        self.tasks.flush();
        let mut committed = self.finish();
        // An outcome that is not awaited is lost: the bundle would have to be looked up after the restart.
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

    /// Processes received outcomes and commits, if that is possible.
    fn finish(&mut self) -> Result<()> {
        if !self.committer.can_commit() {
            return Ok(());
        }
        self.read_clock(self.context.clock.now())?;
        self.take_outcomes()?;
        self.commit()
    }

    /// The wall clock, for [`turn`](Self::turn).
    pub fn now(&self) -> Timestamp {
        self.context.clock.now()
    }

    /// Publishes the state of the thread.
    pub fn note(&self, state: ThreadState) {
        self.context.status.set_state(self.number, state);
        self.context.metrics.instance(self.context.status.state().instance_state());
    }

    fn report(&mut self) {
        let status = &self.context.status;
        status.set_owned(self.number, self.tasks.states());
        if status.record_turn(self.number, self.state(), self.tasks.counts(), self.context.clock.uptime()) {
            self.context.metrics.instance(status.state().instance_state());
            for (state, number) in status.tasks() {
                self.context.metrics.task.tasks(TaskKind::Active, state, number);
            }
        }
        self.report_entries();
    }

    /// Publishes the entries of the tasks every few seconds: counting them takes some time.
    fn report_entries(&mut self) {
        let Context { status, metrics, plan, .. } = &self.context;
        let Some(entries) = self.tasks.entries_if_due(plan, self.txn.uptime) else { return };
        for (task, entries) in &entries {
            metrics.task.store_entries(task, entries.entries);
        }
        for task in self.tasks.iter().filter(|task| task.queues.are_used()) {
            for (target, length) in task.queues.lengths() {
                metrics.task.queued_acts(&task.id, target, count(length));
            }
        }
        status.set_entries(self.number, entries);
        let (sums, holds) = (status.entries(), status.holds());
        for (index, node) in plan.topology.nodes.iter().enumerate() {
            metrics.task.deadline_hold(&node.name, holds.get(&index).map_or(Duration::ZERO, |hold| hold.lasted));
            let sum = sums.get(&node.name).cloned().unwrap_or_default();
            let OpenEntries { open, oldest, next_deadline, by_status, .. } = sum;
            metrics.task.entries(&node.name, &by_status);
            let watermark = status.watermarks().of(index, self.txn.now);
            if watermark != Timestamp::MIN {
                metrics.task.watermark(&node.name, watermark);
            }
            let age = oldest.map_or(Duration::ZERO, |oldest| self.txn.now.since(oldest));
            metrics.task.open_entries(&node.name, open, age, next_deadline);
        }
    }

    fn health(&self) -> ThreadHealth {
        ThreadHealth { state: self.state(), tasks: self.tasks.counts(), acts_in_flight: self.acts.in_flight() }
    }

    fn state(&self) -> ThreadState {
        if !self.committer.is_certain() {
            ThreadState::Restoring
        } else if !self.membership.is_joined() || self.membership.awaiting_offsets().is_some() {
            ThreadState::Joining
        } else if self.tasks.are_running() {
            if self.inputs.is_empty() { ThreadState::Waiting } else { ThreadState::Running }
        } else {
            ThreadState::Restoring
        }
    }
}
