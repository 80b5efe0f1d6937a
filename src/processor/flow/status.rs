//! The statuses of flows, for lists and counts. The numbers are stored, so a status must keep its number.
//!
//! A flow has one for itself (`open/running`, `open/held`, `closed/completed`) and one for a step: that at which a person must do
//! something, else one that is held, else one that is active (`human/ITALIAN/1a2b3c4d/deliver_food`: by flow, definition and step).

use std::borrow::Cow;

use super::alert::step_name;
use super::definition::{Definition, Digest};
use super::definitions::Definitions;
use super::graph::{Kind, StepId};
use super::progress::{Ending, Status as StepStatus};
use super::state::Flow;
use crate::model::{Listing, Status, Statuses};

/// The names of the statuses of flows, by number.
const NAMES: [&str; 5] = ["open/running", "open/held", "closed/completed", "closed/failed", "closed/cancelled"];
/// The beginnings of the names of statuses of steps, by number.
const PLACES: [&str; 3] = ["at", "held", "human"];
const AT: u64 = 0;
const HELD: u64 = 1;
const HUMAN: u64 = 2;

/// The statuses of a flow, sorted by its start.
pub(super) fn listing(flow: &Flow, definition: Option<&Definition>) -> Listing {
    let place = definition.filter(|_| flow.progress.ending.is_none()).and_then(|it| place(flow, it));
    let number = match &flow.progress.ending {
        None if is_held(flow) => 1,
        None => 0,
        Some(Ending::Completed) => 2,
        Some(Ending::Failed(_)) => 3,
        Some(Ending::Cancelled) => 4,
    };
    let statuses = match place {
        Some((place, step)) => Statuses::two(Status(number), of_step(place, flow.facts.definition, step)),
        None => Statuses::one(Status(number)),
    };
    Listing { statuses, at: Some(flow.facts.started_at) }
}

fn is_held(flow: &Flow) -> bool {
    flow.progress.steps().iter().any(|step| matches!(step.status, StepStatus::Held(_)))
}

/// The step for which a flow is listed.
fn place(flow: &Flow, definition: &Definition) -> Option<(u64, StepId)> {
    let find = |is: fn(&Definition, StepId, StepStatus) -> bool| {
        let mut ids = definition.graph.steps().map(|(id, _)| id);
        ids.find(|id| is(definition, *id, flow.progress.status(*id)))
    };
    let human = || find(is_for_person).map(|id| (HUMAN, id));
    let held = || find(|_, _, status| matches!(status, StepStatus::Held(_))).map(|id| (HELD, id));
    let active = || find(is_waited_for).map(|id| (AT, id));
    human().or_else(held).or_else(active)
}

/// True for a task that a person must do now.
pub(super) fn is_for_person(definition: &Definition, id: StepId, status: StepStatus) -> bool {
    let is_human = definition.action(id).task().is_some_and(|task| task.is_human);
    is_human && matches!(status, StepStatus::Active)
}

/// True for a step whose answer or time is awaited now.
pub(super) fn is_waited_for(definition: &Definition, id: StepId, status: StepStatus) -> bool {
    let is_leaf = matches!(definition.graph.step(id).kind, Kind::Request | Kind::Sleep(_));
    is_leaf && matches!(status, StepStatus::Active | StepStatus::Resting)
}

fn of_step(place: u64, definition: Digest, step: StepId) -> Status {
    Status(Status::FURTHER | (u64::from(definition.number()) << 24) | (u64::from(step.0) << 8) | place)
}

/// True for a flow that has not ended; the statuses of steps are of flows that are counted already.
pub(super) fn is_open(status: Status) -> bool {
    status.0 <= 1
}

/// The name of a status.
pub(super) fn name(status: Status, definitions: &Definitions) -> Cow<'static, str> {
    if !status.is_further() {
        let name = usize::try_from(status.0).ok().and_then(|number| NAMES.get(number)).copied();
        return Cow::Borrowed(name.unwrap_or("not-known"));
    }
    let place = usize::try_from(status.0 & 0xff).ok().and_then(|number| PLACES.get(number)).copied();
    let place = place.unwrap_or("not-known");
    let step = StepId(u16::try_from((status.0 >> 8) & 0xffff).unwrap_or_default());
    let number = u32::try_from((status.0 >> 24) & 0xffff_ffff).unwrap_or_default();
    match definitions.numbered(number).filter(|it| usize::from(step.0) < it.graph.len()) {
        Some(it) => Cow::Owned(format!("{place}/{}/{number:08x}/{}", it.name, short_name(&it, step))),
        None => Cow::Owned(format!("{place}/not-known/{number:08x}/{}", step.0)),
    }
}

/// The name of a step in statuses: with its stage only if several have the name.
fn short_name(definition: &Definition, id: StepId) -> String {
    let own = &definition.graph.step(id).name;
    let is_only = definition.graph.steps().filter(|(_, step)| step.name == *own).nth(1).is_none();
    if is_only { own.to_string() } else { step_name(definition, id) }
}
