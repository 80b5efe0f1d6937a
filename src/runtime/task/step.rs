//! One step: a processor's answer turned into an entry to be stored and records to be written, without doing either.
//!
//! Everything that can fail fails here, before anything has changed: an entry or an output that is too large for its
//! topic rejects the input.

use std::sync::Arc;

use bytes::Bytes;
use serde::Serialize;
use uuid::Uuid;

use super::cache::Decoded;
use super::entry::{Next, Taken};
use crate::codec::{Head, entry, part};
use crate::model::{
    Act, Alert, Headers, Key, Listing, Moment, OutRecord, Reject, RejectReason, TaskId, Timer, TimerKind, Timestamp,
};
use crate::processor::{Count, Effect, Forward, Input, Transition};
use crate::runtime::error::{Error, Result};
use crate::runtime::settings::{RECORD_MAX, RECORD_OVERHEAD};
use crate::runtime::topology_plan::TopologyPlan;
use crate::store::overlay::{Parts, Written};
use crate::topology::Node;

/// What a step comes to.
#[derive(Debug, Default)]
pub(super) struct Staged {
    /// The next entry; `None` deletes it.
    pub entry: Option<Next>,
    /// Records to write, alerts among them.
    pub outputs: Vec<OutRecord>,
    /// Acts to hand over after the commit.
    pub acts: Vec<Act>,
    /// Facts to count after the commit.
    pub counts: Vec<Count>,
    /// Alert kinds, to count after the commit.
    pub alerts: Vec<String>,
    /// Dead letters that the step itself asks for.
    pub letters: Vec<Reject>,
}

/// Where a step takes place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'a> {
    pub plan: &'a TopologyPlan,
    pub node: &'a Node,
    pub task: &'a TaskId,
    pub key: &'a Key,
    pub at: Moment,
}

/// Runs the step. The outer error stops the runtime; the inner one rejects the input. The entry is encoded in
/// `scratch`.
pub(super) fn stage(
    place: Place<'_>,
    current: Taken,
    input: Input,
    scratch: &mut Vec<u8>,
) -> Result<std::result::Result<Staged, Reject>> {
    let Taken { mut head, body, mut parts_size, .. } = current;
    let mut parts = Parts::default();
    if let Input::Timer(timer) = &input {
        unschedule(Arc::make_mut(&mut head), timer.kind);
    }
    let Transition { state, effects } = match place.node.processor.step(place.key, body, input, place.at) {
        Ok(transition) => transition,
        Err(reject) => return Ok(Err(reject)),
    };
    let mut staged = Staged::default();
    for effect in effects {
        match effect {
            Effect::Forward(forward) => staged.outputs.push(output(place, forward)?),
            Effect::Schedule(timer) => schedule(Arc::make_mut(&mut head), timer),
            Effect::Unschedule(kind) => unschedule(Arc::make_mut(&mut head), kind),
            Effect::Act(act) => {
                let acts = &mut Arc::make_mut(&mut head).acts;
                acts.retain(|pending| pending.slot != act.slot);
                acts.push(act.clone());
                acts.sort_by_key(|pending| pending.slot);
                staged.acts.push(act);
            }
            Effect::Settle(slot) => Arc::make_mut(&mut head).acts.retain(|pending| pending.slot != slot),
            Effect::Alert(alert) => {
                staged.outputs.push(alert_record(place, &alert));
                staged.alerts.push(alert.kind);
            }
            Effect::Count(count) => staged.counts.push(count),
            Effect::AddPart(bytes) => {
                let value = part::encode(place.node.processor.newest_version(), &bytes);
                if let Err(reject) = fits(place.key, "a part of the entry", value.len()) {
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
        list(Arc::make_mut(&mut head), place.node.processor.listing(&body));
        let bytes = match encode(place, &head, &body, scratch) {
            Ok(bytes) => bytes,
            Err(reject) => return Ok(Err(reject)),
        };
        let written = Written { head: Arc::clone(&head), bytes };
        staged.entry = Some(Next { written, parts, decoded: Decoded { head, body, parts_size } });
    }
    Ok(outputs_fit(place.plan, staged))
}

/// The bytes of an entry as they stand in the changelog. They are gathered in `scratch` and copied out at their exact
/// length, because the overlay and the changelog keep them.
pub(super) fn encode(
    place: Place<'_>,
    head: &Head,
    body: &crate::processor::Body,
    scratch: &mut Vec<u8>,
) -> std::result::Result<Bytes, Reject> {
    let processor = &place.node.processor;
    let unreadable = |error: crate::codec::Error| Reject::new(RejectReason::Unreadable, error.to_string());
    scratch.clear();
    entry::encode_front(head, processor.version(body).map_err(unreadable)?, scratch).map_err(unreadable)?;
    processor.encode(body, scratch).map_err(unreadable)?;
    fits(place.key, "the entry", scratch.len())?;
    Ok(Bytes::copy_from_slice(scratch))
}

/// Refuses what no record of the changelog can hold.
fn fits(key: &Key, what: &str, value: usize) -> std::result::Result<(), Reject> {
    let size = value + key.as_bytes().len() + RECORD_OVERHEAD;
    if size > RECORD_MAX {
        let detail = format!("{what} would grow to {size} bytes; a changelog record holds {RECORD_MAX}");
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

/// Notes where the entry stands in lists. One that names no time is ordered by its first timer, and one without timers comes
/// last.
pub(super) fn list(head: &mut Head, listing: Listing) {
    let first_due = || head.timers.iter().map(|timer| timer.due).min();
    head.at = listing.at.or_else(first_due).unwrap_or(Timestamp::from_millis(i64::MAX));
    head.statuses = listing.statuses;
}

fn schedule(head: &mut Head, timer: Timer) {
    unschedule(head, timer.kind);
    head.timers.push(timer);
    head.timers.sort_by_key(|timer| timer.kind);
}

fn unschedule(head: &mut Head, kind: TimerKind) {
    head.timers.retain(|timer| timer.kind != kind);
}

fn output(place: Place<'_>, forward: Forward) -> Result<OutRecord> {
    let Forward { output, key, value, headers, timestamp } = forward;
    let Some(topic) = place.node.output(&output) else {
        return Err(Error::Unwired { processor: place.node.name.to_string(), output });
    };
    let key = Some(key.unwrap_or_else(|| place.key.clone()));
    Ok(OutRecord { topic: topic.clone(), partition: None, key, value, headers, timestamp })
}

/// The value of a record of the alerts topic.
#[derive(Serialize)]
struct AlertValue<'a> {
    key: std::borrow::Cow<'a, str>,
    topology: &'a str,
    processor: &'a str,
    raised_at: String,
    occurred_at: String,
    #[serde(flatten)]
    alert: &'a Alert,
}

fn alert_record(place: Place<'_>, alert: &Alert) -> OutRecord {
    let topology = &place.plan.topology.name;
    let value = AlertValue {
        key: place.key.text(),
        topology,
        processor: &place.node.name,
        raised_at: place.at.wall.to_string(),
        occurred_at: alert.at.to_string(),
        alert,
    };
    let value = serde_json::to_vec(&value).unwrap_or_default();
    let name = format!("{}/{}/{}/{}", place.task, place.key, alert.kind, alert.at.as_millis());
    let headers = Headers::new()
        .with("ce_specversion", "1.0")
        .with("ce_id", Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes()).to_string())
        .with("ce_type", format!("sheaf.alert.{}.v1", alert.kind))
        .with("ce_source", format!("/sheaf/{topology}/{}", place.node.name))
        .with("ce_time", alert.at.to_string())
        .about(place.key)
        .with("content-type", "application/json");
    OutRecord::keyed(&place.plan.alerts, place.key, Bytes::from(value)).with_headers(headers)
}
