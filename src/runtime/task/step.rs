//! One step: the result of a processor as an entry to store and records to write, without side effects.
//!
//! All checks are here, before anything is changed: an entry or output that is too large for its topic rejects the
//! input.

use std::sync::Arc;

use bytes::Bytes;

use super::cache::Decoded;
use super::entry::{CurrentEntry, NextEntry};
use super::step_context::StepContext;
use super::trace::{Before, Traced};
use crate::codec::{Head, entry, part};
use crate::model::{
    Act, Alert, Listing, OutRecord, Reject, RejectReason, Span, Timer, TimerKind, Timestamp, TraceContext,
};
use crate::processor::{Body, Count, Effect, Forward, Input, Observation, Transition};
use crate::runtime::alert::{self, Origin};
use crate::runtime::error::{Error, Result};
use crate::runtime::history::EffectNames;
use crate::runtime::settings::RECORD_OVERHEAD;
use crate::runtime::topology_plan::TopologyPlan;
use crate::store::overlay::{Parts, Written};

/// The result of a step.
#[derive(Debug, Default)]
pub(super) struct Staged {
    /// The next entry; `None` deletes it.
    pub entry: Option<NextEntry>,
    /// Records to write, alerts among them.
    pub outputs: Vec<OutRecord>,
    /// The decided acts, each with true if it has to wait for capacity at its target.
    pub acts: Vec<(Act, bool)>,
    /// Counters to increment after the commit, each by a number.
    pub counts: Vec<(Count, u64)>,
    /// Durations to count in histograms after the commit.
    pub observations: Vec<Observation>,
    /// The alerts, to be counted and logged after the commit.
    pub alerts: Vec<Alert>,
    /// Dead letters of the step.
    pub letters: Vec<Reject>,
    /// The trace of what it sends.
    pub trace: Option<TraceContext>,
    /// The span of the entry, if it has ended.
    pub span: Option<Span>,
    /// The effects by name, if the node keeps a history.
    pub effects: EffectNames,
}

impl Staged {
    /// Adds the trace to what the step sends, and the span of the entry if the step has ended it. `head` is that of the entry, also
    /// of one that is deleted.
    fn belongs_to(&mut self, before: &Before, context: StepContext<'_>, head: &Head) {
        let entry = head.trace.as_deref().map(|trace| Traced { context, trace });
        let next = self.entry.as_ref().map(|entry| &*entry.written.head);
        self.span = entry.and_then(|entry| before.ended(entry, next));
        if self.outputs.is_empty() && self.acts.is_empty() {
            return;
        }
        self.trace = before.sent(entry);
        let Some(trace) = &self.trace else { return };
        let more = trace.headers_size() + RECORD_OVERHEAD;
        for output in &mut self.outputs {
            // A record is not refused because of its trace.
            if output.size() + more <= context.plan.record_max(&output.topic) {
                trace.add_to(&mut output.headers);
            }
        }
    }
}

/// Runs the step. The outer error stops the runtime; the inner one rejects the input. `scratch` is the buffer for
/// encoding.
pub(super) fn stage(
    context: StepContext<'_>,
    current: CurrentEntry,
    input: Input,
    scratch: &mut Vec<u8>,
) -> Result<std::result::Result<Staged, Reject>> {
    let CurrentEntry { mut head, body, mut parts_size, .. } = current;
    let mut parts = Parts::default();
    if let Input::Timer(timer) = &input {
        unschedule(Arc::make_mut(&mut head), timer.kind);
    }
    let before = Before::of(context.node, (&head, body.is_some()), &input);
    let Transition { state, effects } = match context.node.processor.step(context.key, body, input, context.at) {
        Ok(transition) => transition,
        Err(reject) => return Ok(Err(reject)),
    };
    let mut staged = Staged::default();
    if context.node.history {
        for effect in &effects {
            staged.effects.add(effect);
        }
    }
    for effect in effects {
        match effect {
            Effect::Forward(forward) => staged.outputs.push(output(context, forward)?),
            Effect::Schedule(timer) => schedule(Arc::make_mut(&mut head), timer),
            Effect::Unschedule(kind) => unschedule(Arc::make_mut(&mut head), kind),
            Effect::Act(act) => {
                let must_wait = (context.waits)(&act.to);
                Arc::make_mut(&mut head).add_act(act.clone(), must_wait);
                staged.acts.push((act, must_wait));
            }
            Effect::Settle(slot) => Arc::make_mut(&mut head).remove_act(slot),
            Effect::Alert(alert) => {
                let (processor, raised_at) = (&*context.node.name, context.at.wall);
                let of = Origin { processor, part: context.task, raised_at };
                staged.outputs.push(alert::record(context.plan, of, context.key, &alert));
                staged.alerts.push(alert);
            }
            Effect::Count(count) => staged.counts.push((count, 1)),
            Effect::CountMany(count, times) => staged.counts.push((count, times)),
            Effect::Observe(observation) => staged.observations.push(observation),
            Effect::AddPart(bytes) => {
                let value = part::encode(context.node.processor.newest_version(), &bytes);
                if let Err(reject) = fits(context, "a part of the entry", value.len()) {
                    return Ok(Err(reject));
                }
                Arc::make_mut(&mut head).parts.end += 1;
                parts_size += value.len();
                parts.added.push(value);
            }
            Effect::DropParts => {
                let numbers = &mut Arc::make_mut(&mut head).parts;
                numbers.start = numbers.end;
                (parts, parts_size) = (Parts { dropped: true, added: Vec::new() }, 0);
            }
            Effect::DeadLetter(reject) => staged.letters.push(reject),
        }
    }
    if let Some(body) = state {
        complete(context, &mut head, (&body, before.as_ref()));
        let bytes = match encode(context, &head, &body, scratch) {
            Ok(bytes) => bytes,
            Err(reject) => return Ok(Err(reject)),
        };
        let written = Written { head: Arc::clone(&head), bytes };
        staged.entry =
            Some(NextEntry { written, parts, decoded: Decoded { head: Arc::clone(&head), body, parts_size } });
    }
    if let Some(before) = &before {
        staged.belongs_to(before, context, &head);
    }
    Ok(outputs_fit(context.plan, staged))
}

/// Gives the head of an entry what follows from its next state.
fn complete(context: StepContext<'_>, head: &mut Arc<Head>, (body, before): (&Body, Option<&Before>)) {
    list(Arc::make_mut(head), context.node.processor.listing(body));
    if let Some(before) = before {
        before.keep(context.node, head, context.at.wall);
    }
}

/// The encoded entry. It is encoded in `scratch` and copied at its exact length, because overlay and changelog keep it.
pub(super) fn encode(
    context: StepContext<'_>,
    head: &Head,
    body: &Body,
    scratch: &mut Vec<u8>,
) -> std::result::Result<Bytes, Reject> {
    let processor = &context.node.processor;
    let unreadable = |error: crate::codec::Error| Reject::new(RejectReason::Unreadable, error.to_string());
    scratch.clear();
    entry::encode_front(head, processor.version(body).map_err(unreadable)?, scratch).map_err(unreadable)?;
    processor.encode(body, scratch).map_err(unreadable)?;
    fits(context, "the entry", scratch.len())?;
    Ok(Bytes::copy_from_slice(scratch))
}

/// Rejects a value that exceeds a changelog record.
fn fits(context: StepContext<'_>, what: &str, value: usize) -> std::result::Result<(), Reject> {
    let (size, limit) = (value + context.key.as_bytes().len() + RECORD_OVERHEAD, context.plan.entry_max());
    if size > limit {
        let detail = format!("{what} would grow to {size} bytes; a changelog record holds {limit}");
        return Err(Reject::new(RejectReason::TooLarge, detail));
    }
    Ok(())
}

fn outputs_fit(plan: &TopologyPlan, staged: Staged) -> std::result::Result<Staged, Reject> {
    let is_too_large = |record: &&OutRecord| record.size() + RECORD_OVERHEAD > plan.record_max(&record.topic);
    match staged.outputs.iter().find(is_too_large) {
        None => Ok(staged),
        Some(record) => {
            let (topic, size, limit) = (&record.topic, record.size(), plan.record_max(&record.topic));
            let detail =
                format!("the record for {topic} would have {size} bytes of at most {limit} (max.message.bytes)");
            Err(Reject::new(RejectReason::TooLarge, detail))
        }
    }
}

/// Sets the statuses of the entry for lists. A status without a time is ordered by the first timer, or last.
pub(super) fn list(head: &mut Head, listing: Listing) {
    let first_due = || head.timers.iter().map(|timer| timer.due).min();
    head.at = listing.at.or_else(first_due).unwrap_or(Timestamp::from_millis(i64::MAX));
    head.statuses = listing.statuses;
}

/// Schedules a timer, in place of one of the same kind.
pub(super) fn schedule(head: &mut Head, timer: Timer) {
    unschedule(head, timer.kind);
    head.timers.push(timer);
    head.timers.sort_by_key(|timer| timer.kind);
}

fn unschedule(head: &mut Head, kind: TimerKind) {
    head.timers.retain(|timer| timer.kind != kind);
}

fn output(context: StepContext<'_>, forward: Forward) -> Result<OutRecord> {
    let Forward { output, key, value, headers, timestamp } = forward;
    let Some(topic) = context.node.output(&output) else {
        return Err(Error::Unwired { processor: context.node.name.to_string(), output });
    };
    let key = Some(key.unwrap_or_else(|| context.key.clone()));
    Ok(OutRecord { topic: topic.clone(), partition: None, key, value, headers, timestamp })
}
