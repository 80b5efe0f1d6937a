//! Records for the history topic: one per step of a node that keeps a history.
//!
//! A record is written in the transaction of its step, so what was not committed is in no history. docs/operations.md has
//! the fields.

use bytes::Bytes;
use serde::Serialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::topology_plan::TopologyPlan;
use crate::model::{Headers, Key, OutRecord, Reject, Statuses, TaskId, TimerKind, Timestamp, Verdict};
use crate::processor::{Count, Effect, Input};
use crate::topology::Node;

/// The `CloudEvents` type.
const EVENT_TYPE: &str = "sheaf.step.v1";

/// The input of a step: what it is as JSON, and its identity.
#[derive(Debug)]
pub(super) struct StepInput {
    shown: Value,
    id: String,
}

/// The effects of a step by name; equal ones in a row are one with a number.
#[derive(Debug, Default)]
pub(super) struct EffectNames(Vec<EffectName>);

#[derive(Debug, PartialEq, Eq, Serialize)]
struct EffectName {
    effect: &'static str,
    #[serde(skip_serializing_if = "String::is_empty")]
    name: String,
    #[serde(skip_serializing_if = "is_one")]
    times: u32,
}

/// A step that was run.
pub(super) struct Step<'a> {
    pub node: &'a Node,
    pub task: &'a TaskId,
    pub key: &'a Key,
    /// The wall clock.
    pub at: Timestamp,
    pub input: StepInput,
    /// The statuses before.
    pub before: Statuses,
    /// The statuses after, and the effects; or the rejection, after which nothing has changed.
    pub result: Result<(Statuses, EffectNames), &'a Reject>,
}

/// The record of a step, in the form of `CloudEvents`. It has the same id if the step is repeated.
pub(super) fn record(plan: &TopologyPlan, step: Step<'_>) -> OutRecord {
    let Step { node, task, key, at, input, before, result } = step;
    let names = |statuses: &Statuses| {
        let names = statuses.as_slice().iter().map(|status| node.processor.status_name(*status).into_owned());
        names.collect::<Vec<_>>()
    };
    let mut value = json!({
        "key": key.text(),
        "topology": plan.topology.name,
        "processor": *node.name,
        "task": task.to_string(),
        "at": at.to_string(),
        "input": input.shown,
        "before": names(&before),
    });
    let rest = match result {
        Ok((after, effects)) => json!({ "after": names(&after), "effects": effects.0 }),
        Err(reject) => {
            let rejected = json!({ "reason": reject.reason.as_str(), "detail": reject.detail });
            json!({ "after": names(&before), "effects": [], "rejected": rejected })
        }
    };
    if let (Value::Object(value), Value::Object(rest)) = (&mut value, rest) {
        value.extend(rest);
    }
    let headers = Headers::new()
        .with("ce_specversion", "1.0")
        .with(
            "ce_id",
            Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("{task}/{key}/{}/{}", input.id, at.as_millis()).as_bytes())
                .to_string(),
        )
        .with("ce_type", EVENT_TYPE)
        .with("ce_source", format!("/sheaf/{}/{}", plan.topology.name, node.name))
        .with("ce_time", at.to_string())
        .about(key)
        .with("content-type", "application/json");
    let value = serde_json::to_vec(&value).unwrap_or_default();
    OutRecord::keyed(&plan.history, key, Bytes::from(value)).with_headers(headers)
}

impl StepInput {
    /// An input before its step.
    pub(super) fn of(input: &Input) -> Self {
        let (shown, id) = match input {
            Input::Record(event) => {
                let source = format!("{}@{}", event.record.source, event.record.offset);
                let shown = json!({
                    "kind": "record", "role": event.role, "source": source, "event_at": event.at.to_string(),
                });
                (shown, source)
            }
            Input::Timer(timer) => {
                let (name, due) = (timer_name(timer.kind), timer.due.to_string());
                let id = format!("{name}/{due}");
                (json!({ "kind": "timer", "name": name, "due": due }), id)
            }
            Input::Command(command) => {
                let (id, name, by, why) = (command.id.to_string(), &command.name, &command.by, &command.why);
                (json!({ "kind": "command", "id": id, "name": name, "by": by, "why": why }), id)
            }
            Input::Outcome(outcome) => {
                let (slot, attempt) = (outcome.slot.0, outcome.attempt);
                let verdict = match &outcome.verdict {
                    Verdict::Answered(_) => "answered",
                    Verdict::NotSent(_) => "not_sent",
                    Verdict::Unknown(_) => "unknown",
                    Verdict::Suspended(_) => "suspended",
                    Verdict::Inherited => "inherited",
                };
                let shown = json!({ "kind": "outcome", "slot": slot, "attempt": attempt, "verdict": verdict });
                (shown, format!("{slot}/{attempt}/{verdict}"))
            }
        };
        Self { shown, id }
    }
}

impl EffectNames {
    /// Adds an effect.
    pub(super) fn add(&mut self, effect: &Effect) {
        let mut more = 1;
        let (effect, name) = match effect {
            Effect::Forward(forward) => ("forward", forward.output.to_string()),
            Effect::Schedule(timer) => ("schedule", timer_name(timer.kind)),
            Effect::Unschedule(kind) => ("unschedule", timer_name(*kind)),
            Effect::Act(act) => ("act", act.to.to_string()),
            Effect::Settle(slot) => ("settle", slot.0.to_string()),
            Effect::Alert(alert) => ("alert", alert.kind.clone()),
            Effect::Count(count) => ("count", count_name(*count)),
            Effect::CountMany(count, times) => {
                more = u32::try_from(*times).unwrap_or(u32::MAX);
                ("count", count_name(*count))
            }
            Effect::Observe(observation) => ("observe", observation.histogram.to_owned()),
            Effect::AddPart(_) => ("add_part", String::new()),
            Effect::DropParts => ("drop_parts", String::new()),
            Effect::DeadLetter(reject) => ("dead_letter", reject.reason.as_str().to_owned()),
        };
        match self.0.last_mut() {
            Some(last) if last.effect == effect && last.name == name => last.times = last.times.saturating_add(more),
            _ => self.0.push(EffectName { effect, name, times: more }),
        }
    }
}

/// The family of a counter, with the values of its labels.
fn count_name(Count { family, labels }: Count) -> String {
    format!("{family} {}", labels.join(" ")).trim_end().to_owned()
}

/// `deadline` or `delay`, with the slot.
fn timer_name(kind: TimerKind) -> String {
    match kind {
        TimerKind::Deadline(slot) => format!("deadline-{slot}"),
        TimerKind::Delay(slot) => format!("delay-{slot}"),
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
const fn is_one(times: &u32) -> bool {
    *times == 1
}
