//! The transitions by an operator's command.

use super::replay;
use super::thread::{Entered, Given, Thread};
use super::turn::{Place, Turn};
use crate::model::{Key, Reject};
use crate::processor::{Command, CommandSpec, Effect, Transition};

/// Cancels the script at what it waits for.
pub const CANCEL: &str = "cancel";
/// Deletes a thread, without running anything of it.
pub const DELETE: &str = "delete";
/// Has a thread go on with the script of today.
pub const MIGRATE: &str = "migrate";

/// The commands.
pub const COMMANDS: &[CommandSpec] = &[
    CommandSpec {
        name: CANCEL,
        help: "cancels the thread where it waits, so that its script can undo what it has done",
        arguments: &[],
        statuses: &["open"],
        is_dangerous: true,
    },
    CommandSpec {
        name: MIGRATE,
        help: "has the thread go on with the script of today, if that does the same with all that it was given so far",
        arguments: &[],
        statuses: &["open"],
        is_dangerous: false,
    },
    CommandSpec {
        name: DELETE,
        help: "deletes the thread without running anything of it: no result, no error, nothing is undone",
        arguments: &[],
        statuses: &["open"],
        is_dangerous: true,
    },
];

pub(super) fn on_command(
    place: &Place,
    key: &Key,
    state: Option<Thread>,
    command: &Command,
) -> Result<Transition<Thread>, Reject> {
    let refused = |why: &str| command.refusal(("thread", key), why);
    let Some(thread) = state else { return Err(refused("there is no such thread: it has ended, or was never begun")) };
    match command.name.as_str() {
        CANCEL => {
            let entered = Entered { step: command.id.to_string(), at: command.at, given: Given::Cancel };
            Turn::go_on(place, thread)?.run(key, entered)
        }
        DELETE => Ok(Transition::forget().with(Effect::Count(super::count::DELETED))),
        MIGRATE => migrated(place, key, thread).map(Transition::to).map_err(|why| refused(&why)),
        _ => Err(refused("a thread knows the commands cancel, migrate and delete")),
    }
}

/// The same thread with the script of today; why not, if that does something else with what the thread was given.
fn migrated(place: &Place, key: &Key, thread: Thread) -> Result<Thread, String> {
    let newest = place.versions.newest();
    if newest.digest == thread.code {
        return Ok(thread);
    }
    let former = place.versions.of(thread.code).map_err(|reject| reject.to_string())?;
    let (were, why) = replay::steps(&former, key, &thread);
    if let Some(why) = why {
        return Err(format!("its own script cannot be run again: {why}"));
    }
    let (are, why) = replay::steps(&newest, key, &thread);
    let differs = |((entered, was), (_, is)): (&(Entered, _), &(_, _))| {
        difference(was, is)
            .map(|what| format!("the script of today does something else at step {}: {what}", entered.step))
    };
    if let Some(what) = were.iter().zip(&are).find_map(differs) {
        return Err(what);
    }
    if let Some(why) = why {
        let step = were.get(are.len()).map(|(entered, _)| entered.step.as_str()).unwrap_or_default();
        return Err(format!("the script of today fails at step {step}: {why}"));
    }
    let versions = are.last().map(|(_, step)| step.versions.clone()).unwrap_or_default();
    Ok(Thread { code: newest.digest, versions, ..thread })
}

/// How two steps with the same input differ.
fn difference(was: &super::engine::Step, is: &super::engine::Step) -> Option<String> {
    let told = |(topic, key, value): &super::engine::Output| {
        format!("`{}` to {topic} with key {key}", value.as_deref().unwrap_or("null"))
    };
    let nothing = || "nothing".to_owned();
    let most = was.outputs.len().max(is.outputs.len());
    let pairs = (0..most).map(|at| (was.outputs.get(at), is.outputs.get(at)));
    if let Some((former, now)) = pairs.into_iter().find(|(former, now)| former != now) {
        let [former, now] = [former, now].map(|output| output.map_or_else(nothing, told));
        return Some(format!("it wrote {former}, and would write {now}"));
    }
    if was.refs != is.refs {
        return Some(format!("it waited for {}, and would wait for {}", listed(&was.refs), listed(&is.refs)));
    }
    (was.ended != is.ended).then(|| "it waited, and would end".to_owned())
}

fn listed(ids: &[String]) -> String {
    if ids.is_empty() {
        "nothing".to_owned()
    } else {
        ids.iter().map(|id| format!("`{id}`")).collect::<Vec<_>>().join(", ")
    }
}
