//! Duties 4 to 9: produce, acknowledgements, offsets, commit, stores, acts.

use std::time::Duration;

use super::burst::Burst;
use super::committer::Written;
use super::work::capacity;
use super::{IDLE_MAX, StreamThread, broken};
use crate::config::ProcessingGuarantee;
use crate::runtime::decisions::Decision;
use crate::runtime::error::Result;
use crate::runtime::fault_point::FaultPoint;
use crate::runtime::task::{Committed, Task};
use crate::runtime::turn::Turn;
use crate::store::TimerClock;

/// The time since the last commit after which an idle thread commits positions that have moved past transaction markers, so that
/// the group's lag is 0 and what is left of a backlog is known.
const POSITION_INTERVAL: Duration = Duration::from_secs(1);

impl StreamThread {
    /// True if the transaction has reached one of its limits. Its age is taken at the start of the turn: this is called
    /// for every record, and a turn is short.
    pub(super) fn at_limit(&self) -> bool {
        let (limits, bytes_max) = (&self.context.settings.commit, self.context.settings.limits.bytes_max);
        let age = self.txn.opened_at.map(|opened| self.txn.uptime.saturating_sub(opened));
        self.txn.inputs >= self.committer.batch_limit.of(limits.records_max)
            || self.txn.bytes() >= self.committer.batch_limit.of(bytes_max)
            || age.is_some_and(|age| age >= limits.interval)
    }

    /// Duty 4: commits at a limit, or if the input is idle and the last commit was long enough ago.
    pub(super) fn commit_when_due(&mut self, worked: bool) -> Result<Turn> {
        let (gap, uptime) = (self.committer.gap, self.context.clock.uptime());
        if self.txn.is_empty() {
            if worked {
                return Ok(Turn::Again);
            }
            if gap.since(uptime) < POSITION_INTERVAL || !self.inputs.have_moved() || !self.committer.is_connected() {
                return Ok(Turn::Wait(self.until_next_timer()));
            }
            self.txn.input();
        }
        if !self.at_limit() {
            if worked {
                return Ok(Turn::Again);
            }
            let left = self.left_of_gap(uptime);
            if !left.is_zero() {
                return Ok(Turn::Wait(left));
            }
        }
        self.commit()?;
        Ok(Turn::Again)
    }

    /// The rest of the gap before the next transaction.
    fn left_of_gap(&self, uptime: Duration) -> Duration {
        let settings = &*self.context.settings;
        match settings.processing.guarantee {
            ProcessingGuarantee::ExactlyOnce => {
                let fills_sink = self.txn.acts.fill(&*self.context.sink);
                self.committer.gap.left(uptime, settings.commit.gap_max, fills_sink)
            }
            ProcessingGuarantee::AtLeastOnce => Duration::ZERO,
        }
    }

    fn until_next_timer(&self) -> Duration {
        // Timers do not fire while the sink is full, even if they are overdue: an outcome wakes the thread.
        let may_fire = |task: &&Task| capacity(&*self.context.sink, &self.txn, task) > 0;
        let grace = self.context.settings.processing.deadline.grace;
        let next = self.tasks.iter().filter(may_fire).filter_map(|task| {
            // A deadline that is due waits for a watermark, which takes longer than a turn.
            let deadline = task.next_due(TimerClock::Deadline).map(|due| due.saturating_add(grace));
            let deadline = deadline.filter(|due| *due > self.txn.now);
            deadline.into_iter().chain(task.next_due(TimerClock::Delay)).min()
        });
        next.min().map_or(IDLE_MAX, |due| due.since(self.txn.now).min(IDLE_MAX))
    }

    /// Duties 4 to 9. After an error the transaction is unchanged, for [`recovery`](super::recovery).
    pub(super) fn commit(&mut self) -> Result<()> {
        if self.txn.is_empty() || !self.committer.is_connected() {
            return Ok(());
        }
        broken::act_too_early(&mut self.acts, &mut self.txn, &self.context);
        let started = self.context.clock.uptime();
        let Some(group) = self.membership.generation()? else { return Ok(()) };
        let burst = Burst::of(&self.txn, &self.tasks, &self.inputs, &self.context);
        let written = self.committer.write(&burst, &group, &self.context)?;
        let offsets = burst.offsets;
        broken::store_too_early(&mut self.tasks, &self.txn, &written, &self.context.settings)?;
        self.committer.commit(&offsets, &mut self.membership, &self.context)?;
        if let Err(error) = self.after_commit(&written, started) {
            // Committed, but not in every store: the state has to be restored.
            self.recover()?;
            return Err(error);
        }
        Ok(())
    }

    /// Duties 8 and 9.
    fn after_commit(&mut self, written: &Written, started: Duration) -> Result<()> {
        let ahead = broken::ahead(&self.context.settings);
        for task in self.tasks.iter_mut() {
            let inbox_next = self.inputs.get(&task.inbox).map_or(0, |input| input.position);
            let changelog_next = written.get(&task.changelog).map(|next| next + ahead);
            task.apply(Committed { changelog_next, inbox_next, now: self.txn.now, uptime: self.txn.uptime })?;
            self.context.fault_observer.reached(FaultPoint::Applied);
        }
        self.context.fault_observer.reached(FaultPoint::Stored);
        self.inputs.committed();
        let now = self.context.clock.uptime();
        self.committer.committed(started, now, &self.context);
        let offsets = self.inputs.iter().map(|(partition, input)| (partition.clone(), input.committed));
        self.context.status.add_committed(offsets);
        let next = self.txn.next(now);
        let mut done = std::mem::replace(&mut self.txn, next);
        done.tally.report(&self.context.metrics, &done.outputs);
        self.notice_log.log(done.tally.notices, now);
        if let Some(exporter) = &self.context.spans {
            done.spans.into_iter().flatten().for_each(|span| exporter.ended(span));
        }
        self.acts.committed(done.outcomes);
        for decision in done.acts.take() {
            if self.is_pending(&decision)? {
                self.acts.hand_over(decision, &*self.context.sink);
                self.context.fault_observer.reached(FaultPoint::HandedOver);
            }
        }
        Ok(())
    }

    /// False if a later step of the same transaction has removed or replaced the act, so that it was never committed.
    fn is_pending(&mut self, decision: &Decision) -> Result<bool> {
        let Decision { task, key, act, .. } = decision;
        let Some(task) = self.tasks.get_mut(task) else { return Ok(false) };
        let pending = task.pending(&self.context.plan, key, act.slot)?;
        Ok(pending.is_some_and(|pending| pending.act.attempt == act.attempt && !pending.is_queued))
    }
}
