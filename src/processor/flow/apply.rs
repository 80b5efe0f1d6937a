//! The transitions by messages and timers.

use std::sync::Arc;

use super::Flows;
use super::alert::About;
use super::call::Judged;
use super::count;
use super::definition::{Action, Definition, Form, TASK_WORDS};
use super::engine::Ignored;
use super::graph::StepId;
use super::message::{Incoming, TaskMessage};
use super::mutation::Mutation;
use super::progress::{Answer, Status};
use super::send::Attempt;
use super::state::{Flow, RESULTS_MAX};
use super::turn::{DELAY, Turn};
use crate::model::{Key, Outcome, Reject, RejectReason, Timer, TimerKind, Timestamp};
use crate::processor::{Effect, Transition};

/// What a message says of a step.
struct Said {
    step: StepId,
    /// The attempt, if it says so.
    attempt: Option<u32>,
    /// `None`: it is to be done again.
    answer: Option<Answer>,
    /// The result, a JSON text.
    result: String,
}

impl Flows {
    /// A message.
    pub(super) fn on_message(
        &self,
        key: &Key,
        state: Option<Flow>,
        incoming: &Incoming,
        now: Timestamp,
    ) -> Result<Transition<Flow>, Reject> {
        if self.definitions.newest().any(|definition| *definition.start == *incoming.kind) {
            return self.on_start(key, state, incoming, now);
        }
        let Some(flow) = state else {
            let detail = format!(
                "a {} for the flow {key}, which has not begun: its start has not come, was rejected, or the flow was forgotten",
                incoming.kind
            );
            return Err(Reject::new(RejectReason::BadValue, detail));
        };
        let definition = self.definition(&flow)?;
        if TASK_WORDS.contains(&incoming.kind.as_str()) {
            self.on_task_message((key, &definition), flow, incoming, now)
        } else {
            self.on_reply((key, &definition), flow, incoming, now)
        }
    }

    fn on_task_message(
        &self,
        (key, definition): (&Key, &Definition),
        flow: Flow,
        incoming: &Incoming,
        now: Timestamp,
    ) -> Result<Transition<Flow>, Reject> {
        let message = TaskMessage::read(incoming)?;
        if message.stage.is_none() && definition.form == Form::Template {
            let detail = format!("`/stage_name` of a {} is missing; the stage of the task stands there", incoming.kind);
            return Err(Reject::new(RejectReason::MissingField, detail));
        }
        let step = definition.graph.find(message.stage.as_deref(), &message.task);
        let Some(step) = step.filter(|step| definition.action(*step).task().is_some()) else {
            let stage = message.stage.map(|stage| format!("{stage}/")).unwrap_or_default();
            let detail = format!(
                "a {} of the task {stage}{}, and flow {key} ({}) has no such task",
                incoming.kind, message.task, definition.name
            );
            return Err(Reject::new(RejectReason::BadValue, detail));
        };
        let attempt = incoming.correlation.as_ref().map(|id| attempt_of((key, definition), &flow, step, id));
        if attempt == Some(None) {
            let about = About { key, definition, now };
            return Ok(Transition { state: Some(flow), effects: ignored(about, incoming, Ignored::Stale) });
        }
        let attempt = attempt.flatten();
        let said = Said { step, attempt, answer: message.answer, result: message.result };
        self.answered((key, definition), flow, (incoming, said), now)
    }

    /// A message that steps wait for: by its correlation id, or the first step that waits for its type.
    fn on_reply(
        &self,
        (key, definition): (&Key, &Definition),
        flow: Flow,
        incoming: &Incoming,
        now: Timestamp,
    ) -> Result<Transition<Flow>, Reject> {
        let waits =
            |(id, _): &(StepId, _)| definition.action(*id).awaited().is_some_and(|kind| **kind == *incoming.kind);
        let candidates: Vec<StepId> = definition.graph.steps().filter(waits).map(|(id, _)| id).collect();
        let by_id = incoming.correlation.as_ref().and_then(|correlation| {
            let attempt = |id: &StepId| attempt_of((key, definition), &flow, *id, correlation);
            candidates.iter().find_map(|id| Some((*id, Some(attempt(id)?))))
        });
        // Only what was asked for has an id of ours.
        let is_unasked =
            |id: &StepId| incoming.correlation.is_none() || matches!(definition.action(*id), Action::Await(_));
        let in_status = |wanted: fn(Status) -> bool| {
            candidates.iter().filter(|id| is_unasked(id)).find(|id| wanted(flow.progress.status(**id)))
        };
        let by_type = || {
            let active = in_status(|status| matches!(status, Status::Active | Status::Held(_)));
            let waiting = || in_status(|status| status == Status::Waiting);
            active.or_else(waiting).or_else(|| candidates.iter().find(|id| is_unasked(id))).map(|id| (*id, None))
        };
        let Some((step, attempt)) = by_id.or_else(by_type) else {
            let about = About { key, definition, now };
            let alert = about.answer_ignored(&format!("a {}", incoming.kind), "no step waits for its correlation id");
            return Ok(Transition::to(flow).with(Effect::Count(count::UNKNOWN)).with(alert));
        };
        let result = String::from_utf8_lossy(&incoming.data).into_owned();
        let said = Said { step, attempt, answer: Some(Answer::Done), result };
        self.answered((key, definition), flow, (incoming, said), now)
    }

    /// Has the engine take what a message says of a step.
    fn answered(
        &self,
        (key, definition): (&Key, &Definition),
        flow: Flow,
        (incoming, said): (&Incoming, Said),
        now: Timestamp,
    ) -> Result<Transition<Flow>, Reject> {
        let Said { step, attempt, answer, result } = said;
        let about = About { key, definition, now };
        let is_former = attempt.is_some_and(|attempt| attempt != flow.progress.of(step).attempt);
        if answer.is_none() && is_former && flow.progress.ending.is_none() {
            return Ok(Transition { state: Some(flow), effects: ignored(about, incoming, Ignored::Stale) });
        }
        let result = Some(result).filter(|_| answer == Some(Answer::Done));
        if result.as_ref().is_some_and(|result| !flow.facts.has_room(step, result)) {
            let detail = format!("the results of flow {key} would have more than {RESULTS_MAX} bytes");
            return Err(Reject::new(RejectReason::TooLarge, detail));
        }
        let Flow { progress, facts } = flow;
        let turn = Turn::new(key, (definition, &self.settings), facts, now);
        let (mut transition, taken) = turn.answer(progress, (step, result), |engine| match answer {
            Some(answer) => engine.answer(step, attempt, answer),
            None => engine.again(step),
        });
        if let Err(why) = taken {
            transition.effects.extend(ignored(about, incoming, why));
        }
        Ok(transition)
    }

    /// The outcome of a call.
    pub(super) fn on_outcome(
        &self,
        key: &Key,
        flow: Flow,
        outcome: Outcome,
        now: Timestamp,
    ) -> Result<Transition<Flow>, Reject> {
        let Outcome { slot, attempt, verdict } = outcome;
        let definition = self.definition(&flow)?;
        let Some((step, call)) = definition.calls().nth(usize::from(slot.0)) else {
            return Ok(Transition::to(flow).with(Effect::Settle(slot)));
        };
        let Flow { progress, facts } = flow;
        let mut judged = call.judge(verdict);
        if let Judged::Done(result) = &judged
            && !facts.has_room(step, result)
        {
            let bytes = result.len();
            judged = Judged::InDoubt(format!("it was executed, and its answer of {bytes} bytes is too large to keep"));
        }
        let result = if let Judged::Done(result) = &mut judged { Some(std::mem::take(result)) } else { None };
        let is_done = result.is_some();
        // A takeover may tell an outcome again. By then the slot may be that of the next attempt, whose act must stay.
        let own = progress.of(step);
        let is_replaced = own.status == Status::Active && own.attempt != attempt;
        let mut turn = Turn::new(key, (&definition, &self.settings), facts, now);
        if !is_replaced {
            turn.push(Effect::Settle(slot));
        }
        let (mut transition, taken) = turn.answer(progress, (step, result), |engine| match judged {
            Judged::Done(_) => engine.answer(step, Some(attempt), Answer::Done),
            Judged::Refused(why) => engine.answer(step, Some(attempt), Answer::Refused(why)),
            Judged::Failed(why) => engine.answer(step, Some(attempt), Answer::Failed(why)),
            Judged::InDoubt(why) => engine.doubt(step, attempt, why),
            Judged::Again(wait, why) => engine.postpone(step, attempt, (wait, why)),
        });
        if let Err(why) = taken {
            transition.effects.push(Effect::Count(count::of(why)));
            if is_done && why != Ignored::Repeated {
                let about = About { key, definition: &definition, now };
                let what = format!("a successful call of {}", call.to);
                transition.effects.push(about.answer_ignored(&what, "its step does not wait for it any more"));
            }
        }
        Ok(transition)
    }

    /// A timer.
    pub(super) fn on_timer(
        &self,
        key: &Key,
        flow: Flow,
        timer: Timer,
        now: Timestamp,
    ) -> Result<Transition<Flow>, Reject> {
        let has_due = flow.progress.steps().iter().any(|step| step.due.is_some());
        let breaks = |definition: Arc<Definition>| has_due && definition.breaks(Mutation::EndedFlowReacts);
        if flow.progress.ending.is_some() && !self.definitions.known(flow.facts.definition).is_some_and(breaks) {
            let due = flow.facts.changed_at.saturating_add(self.settings.keep_closed);
            if due <= now {
                return Ok(Transition::forget());
            }
            // The file keeps flows longer now than when it ended.
            return Ok(Transition::to(flow).with(Effect::Schedule(Timer { kind: DELAY, due })));
        }
        let definition = self.definition(&flow)?;
        let Flow { progress, facts } = flow;
        let turn = Turn::new(key, (&definition, &self.settings), facts, now);
        Ok(turn.run(progress, |engine| {
            match timer.kind {
                TimerKind::Delay(_) => engine.on_delay(),
                TimerKind::Deadline(_) => engine.on_deadline(timer.due),
            }
            true
        }))
    }

    /// The definition with which a flow has begun.
    pub(super) fn definition(&self, flow: &Flow) -> Result<Arc<Definition>, Reject> {
        let definition = self.definitions.of(flow.facts.definition)?;
        if flow.progress.is_of(&definition.graph) {
            return Ok(definition);
        }
        Err(Reject::new(RejectReason::Unreadable, "the state of the flow has other steps than its definition"))
    }
}

/// The attempt of a step whose id this is.
fn attempt_of((key, definition): (&Key, &Definition), flow: &Flow, step: StepId, id: &str) -> Option<u32> {
    let is_its_id = |number: &u32| Attempt { key, definition, step, number: *number }.correlation() == id;
    (1..=flow.progress.of(step).attempt).rev().find(is_its_id)
}

/// What a message that changes nothing does: it is counted, and told if somebody may miss it.
fn ignored(about: About<'_>, incoming: &Incoming, why: Ignored) -> Vec<Effect> {
    let words = match why {
        // Workers repeat their answers after a crash of their own.
        Ignored::Repeated => None,
        Ignored::Stale => Some("it is the answer of a former attempt"),
        Ignored::TooLate => Some("its step is in trouble already, and that is handled"),
        Ignored::Ended => Some("the flow has ended"),
        Ignored::NotAsked => Some("its step asks for nothing"),
        Ignored::NotBegun => Some("its step has not begun"),
    };
    let alert = words.map(|words| about.answer_ignored(&format!("a {}", incoming.kind), words));
    [Effect::Count(count::of(why))].into_iter().chain(alert).collect()
}
