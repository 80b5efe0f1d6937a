//! Duties 1 to 3: fetch, choose the record with the lowest timestamp, step, collect.

use std::collections::VecDeque;
use std::slice;
use std::sync::Arc;
use std::time::Duration;

use super::input::{Failing, Input};
use super::membership::OFFSETS_TIMEOUT;
use super::{StreamThread, broken};
use crate::broker::{self, FencedBy};
use crate::metric::RecordEnd;
use crate::model::{Record, Replay, Sink, TaskId, Timestamp, TopicPartition};
use crate::runtime::context::Context;
use crate::runtime::dead_letter::Stage;
use crate::runtime::error::Error;
use crate::runtime::error::Result;
use crate::runtime::fault_point::FaultPoint;
use crate::runtime::instances;
use crate::runtime::keying::{self, Destination};
use crate::runtime::mutation::Mutation;
use crate::runtime::task::Task;
use crate::runtime::topology_plan::Role;
use crate::runtime::transaction::{Returned, Transaction, count};
use crate::store::TimerClock;

/// The most records of a partition that are fetched ahead.
const FETCH_MAX: usize = 500;
/// The duration of fetch failures after which the instance is not ready.
const FAILING: Duration = Duration::from_secs(5);
/// A partition counts as readable after this time without a failure. The client fetches several times a second.
const RECOVERED: Duration = Duration::from_secs(10);
/// The most records that one turn takes before it serves the group.
const TURN_MAX: usize = 1_000;
/// The most timers of one task that one turn fires, and the most queued acts of one task and target that it releases.
const TIMERS_MAX: usize = 200;

impl StreamThread {
    /// Processes outcomes, records and timers; true if there were any.
    pub(super) fn work(&mut self) -> Result<bool> {
        if !self.tasks.offsets_are_known() {
            return Ok(false);
        }
        let mut worked = self.take_outcomes()?;
        worked |= self.release_acts()?;
        // The outcomes that are left come before timers: a restored entry gets `Inherited` before its timers fire.
        let may_fire = !(self.acts.has_outcomes() && self.at_limit());
        self.fetch()?;
        let mut taken = 0;
        while taken < TURN_MAX && !self.at_limit() {
            let (tasks, sink, txn) = (&self.tasks, &*self.context.sink, &self.txn);
            let open =
                |id: &TaskId| tasks.get(id).is_some_and(|task| task.is_running() && capacity(sink, txn, task) > 0);
            let Some((role, record, replay)) = self.inputs.take(open) else { break };
            self.on_record(role, record, replay.as_ref())?;
            taken += 1;
        }
        worked |= taken > 0;
        if may_fire {
            worked |= self.fire_timers()?;
        }
        Ok(worked)
    }

    /// Fetches into empty buffers.
    fn fetch(&mut self) -> Result<()> {
        let Some(consumer) = self.membership.consumer() else { return Ok(()) };
        let uptime = self.txn.uptime;
        let (mut records, mut out_of_range) = (Vec::new(), None);
        for (partition, input) in self.inputs.iter_mut() {
            if !input.buffer.is_empty() {
                continue;
            }
            match consumer.fetch(partition, FETCH_MAX, &mut records) {
                Ok(()) => {}
                Err(broker::Error::OutOfRange { .. }) => {
                    out_of_range = Some((partition.clone(), input.committed));
                    break;
                }
                Err(broker::Error::FetchFailed { detail, .. }) => {
                    failed(&self.context, (partition, input), detail, uptime);
                }
                Err(error) => return Err(error.into()),
            }
            recovered(&self.context, (partition, input), !records.is_empty(), uptime);
            if records.is_empty() {
                // Control records after the last record: the next transaction commits past them.
                if let Some(position) = consumer.position(partition) {
                    input.position = input.position.max(position);
                }
                continue;
            }
            let bytes: usize = records.iter().map(Record::size).sum();
            self.context.metrics.consumer.consumed(&partition.topic, count(records.len()), count(bytes));
            input.buffer.extend(records.drain(..));
            self.context.fault_observer.reached(FaultPoint::Fetched);
        }
        if out_of_range.is_some() {
            self.inputs.out_of_range = out_of_range;
        }
        self.on_out_of_range()
    }

    /// Handles a position that is out of range. Either records were deleted, which an operator has to know; or this
    /// thread hung for so long that another member has processed them, and the group's event is still to come.
    fn on_out_of_range(&mut self) -> Result<()> {
        let Some((partition, known)) = self.inputs.out_of_range.clone() else { return Ok(()) };
        let Some(consumer) = self.membership.consumer() else { return Ok(()) };
        if self.inputs.get(&partition).is_none_or(|input| input.committed != known) {
            self.inputs.out_of_range = None; // it was given up, and perhaps taken anew
            return Ok(());
        }
        let committed = consumer.committed(slice::from_ref(&partition), OFFSETS_TIMEOUT)?;
        if committed.first().copied().flatten().is_some_and(|offset| offset > known) {
            let detail = format!("another member has committed a higher offset of {partition}");
            return Err(broker::Error::Fenced { by: FencedBy::Generation, detail }.into());
        }
        let group = self.context.settings.application.clone();
        let is_source = matches!(self.context.plan.role(&partition.topic), Some(Role::Source(_)));
        if is_source && instances::is_recreated(&self.context, &mut *self.admin, &partition)? {
            return Err(Error::SourceRecreated { group, topic: partition.topic });
        }
        Err(Error::InputLost { group, partition })
    }

    /// Steps on a record. Even after an error it belongs to the transaction: an abort puts it back.
    fn on_record(&mut self, role: Role, record: Record, replay: Option<&Arc<Replay>>) -> Result<()> {
        let result = self.step_on(role, &record, replay);
        self.txn.keep(record);
        self.context.fault_observer.reached(FaultPoint::Stepped);
        result
    }

    fn step_on(&mut self, role: Role, record: &Record, replay: Option<&Arc<Replay>>) -> Result<()> {
        match role {
            Role::Source(source) => {
                let plan = &self.context.plan;
                let original = keying::original(plan, source, record);
                // A dead letter that is sent again is of the replay that its record is of.
                let of_original = original.as_ref().and_then(|(_, record)| self.inputs.known.replay_of(record));
                let replay = replay.or(of_original.as_ref());
                let (source, record) = original.as_ref().map_or((source, record), |(source, record)| (*source, record));
                match keying::decide(plan, (source, replay), record, |task| self.takes(task))? {
                    Destination::Task(id, key, event) => {
                        if let Some(task) = self.tasks.get_mut(&id) {
                            for reject in task.on_event(plan, &key, event, &mut self.txn)? {
                                self.txn.dead_letter(plan, record, Stage::Process(id.processor.clone()), &reject);
                            }
                            *self.txn.tally.direct.entry(id.processor).or_default() += 1;
                        }
                    }
                    Destination::Inbox(out) => self.txn.output(out),
                    Destination::Pass => self.txn.pass(plan, source, record),
                    Destination::Foreign(application) => {
                        self.txn.pass(plan, source, record);
                        self.txn.tally.notices.foreign(record, &application);
                    }
                    Destination::DeadLetter(reject) => {
                        self.txn.dead_letter(plan, record, Stage::Decode, &reject);
                        if let Some(processor) = plan.reader(source) {
                            self.txn.tally.end(processor, RecordEnd::DeadLetter);
                        }
                    }
                }
            }
            Role::Inbox(_) => {
                let id = self.context.plan.task(&record.source);
                if let Some(task) = id.and_then(|id| self.tasks.get_mut(&id)) {
                    task.on_record(&self.context.plan, record, &mut self.txn)?;
                    if broken::repeats(&self.context.settings, record) {
                        task.on_record(&self.context.plan, record, &mut self.txn)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// True if a task takes source records directly: it is on this thread and running, and the sink has capacity for
    /// its targets.
    fn takes(&self, id: &TaskId) -> bool {
        let may = |task: &Task| task.is_running() && capacity(&*self.context.sink, &self.txn, task) > 0;
        self.context.settings.processing.direct_handover && self.tasks.get(id).is_some_and(may)
    }

    /// Processes the outcomes of running tasks. Those of tasks that are being restored wait; those of tasks that are
    /// gone, or were opened again, are dropped.
    pub(super) fn take_outcomes(&mut self) -> Result<bool> {
        let (mut outcomes, mut waiting) = (self.acts.take_outcomes(), VecDeque::new());
        let mut worked = Ok(false);
        while worked.is_ok() && !self.at_limit() {
            let Some(returned) = outcomes.pop_front() else { break };
            let Some(task) = self.tasks.get_mut(&returned.task).filter(|task| task.epoch == returned.epoch) else {
                continue;
            };
            if !task.is_running() {
                waiting.push_back(returned);
                continue;
            }
            let Returned { key, outcome, .. } = returned.clone();
            worked = if self.context.settings.breaks(Mutation::OutcomeForgotten) {
                Ok(true)
            } else {
                task.on_outcome(&self.context.plan, &key, outcome, &mut self.txn).map(|()| true)
            };
            self.txn.input();
            self.txn.outcomes.push_back(returned);
        }
        waiting.append(&mut outcomes);
        self.acts.put_back(waiting);
        worked
    }

    /// Releases queued acts for which the sink has capacity.
    fn release_acts(&mut self) -> Result<bool> {
        let mut released = 0;
        for task in self.tasks.iter_mut().filter(|task| task.is_running() && task.queues.are_used()) {
            for to in task.queues.targets() {
                self.txn.acts.note_capacity(to, &*self.context.sink);
            }
            released += task.release(&self.context.plan, TIMERS_MAX, &mut self.txn)?;
        }
        Ok(released > 0)
    }

    fn fire_timers(&mut self) -> Result<bool> {
        let mut fired = 0;
        for task in self.tasks.iter_mut() {
            if !std::mem::replace(&mut task.has_asked_for_replay, true) {
                task.replay = task.replay.take().or_else(|| self.inputs.known.replay_of_node(task.node));
            }
            let limit = capacity(&*self.context.sink, &self.txn, task).min(TIMERS_MAX);
            if limit > 0 {
                let deadlines = deadlines_until(&self.context, task, self.txn.now);
                fired += task.fire(&self.context.plan, (limit, deadlines), &mut self.txn)?;
            }
        }
        Ok(fired > 0)
    }
}

/// The number of inputs of a task that may decide acts. With one target this is the capacity of the sink, where acts of this
/// transaction count already; with several, where acts queue, the free places of the queues. Unlimited for a task without acts
/// so far.
pub(super) fn capacity(sink: &dyn Sink, txn: &Transaction, task: &Task) -> usize {
    if task.queues.are_used() {
        return task.queues.free();
    }
    let of = |target| sink.capacity(target).saturating_sub(txn.acts.count(target));
    task.queues.targets().map(of).min().unwrap_or(usize::MAX)
}

/// The time up to which the deadlines of a task fire: the watermark of its node, less the grace. If one is due that is later, a newer
/// watermark is asked for.
fn deadlines_until(context: &Context, task: &mut Task, now: Timestamp) -> Timestamp {
    let grace = context.settings.processing.deadline.grace;
    let by_the_wall_clock = now.saturating_sub(grace);
    let Some(due) = task.next_due(TimerClock::Deadline).filter(|due| *due <= by_the_wall_clock) else {
        return by_the_wall_clock;
    };
    let watermarks = context.status.watermarks();
    let watermark = watermarks.of(task.node, now);
    task.watermark = task.watermark.max(watermark);
    let until = watermark.saturating_sub(grace);
    if until < due {
        watermarks.want(task.node);
    }
    until
}

/// Handles a failed fetch: the position does not move, and the other partitions continue.
fn failed(context: &Context, (partition, input): (&TopicPartition, &mut Input), detail: String, uptime: Duration) {
    context.metrics.consumer.fetch_failed(partition);
    broken::passed_over(&context.settings, input);
    if let Some(failing_for) = input.failed(detail, uptime)
        && let Some(failing) = &input.failing
    {
        tracing::warn!(
            %partition,
            offset = input.position,
            error = failing.detail,
            failing_for_s = failing_for.as_secs(),
            "fetching a partition failed; retrying from the same offset, no record is skipped"
        );
    }
    if let Some(Failing { reminder, detail, .. }) = &input.failing
        && reminder.lasted(uptime) >= FAILING
    {
        context.status.set_failing(partition, Some(detail));
    }
}

/// Notes that a partition can be read again.
fn recovered(context: &Context, (partition, input): (&TopicPartition, &mut Input), gives: bool, uptime: Duration) {
    let is_over = |failing: &Failing| gives || uptime.saturating_sub(failing.latest) >= RECOVERED;
    if let Some(failing) = input.failing.take_if(|failing| is_over(failing)) {
        let failed_for_s = failing.reminder.lasted(failing.latest).as_secs();
        tracing::info!(%partition, failed_for_s, "the partition can be read again");
        context.status.set_failing(partition, None);
    }
}
