//! The transitions by an operator's command.

use serde_json::{Map, Value};

use super::Flows;
use super::commands::{
    CANCEL, CLAIM, COMPLETE, DOWNSTREAM, FAIL, REASON, REASSIGN, RERUN, RESULT, SKIP, START, STEP, TO,
};
use super::definition::Definition;
use super::engine::Ignored;
use super::graph::StepId;
use super::progress::{Answer, Progress, Status};
use super::state::{COMMANDS_KEPT, Flow};
use super::status::is_for_person;
use super::turn::Turn;
use crate::model::{Key, Reject, Timestamp};
use crate::processor::{Command, Transition};

const NO_FLOW: &str = "there is no such flow: `sheaf flows list` has them; one is forgotten some time after its end";

/// What a command does.
enum Order {
    Rerun { step: StepId, downstream: bool },
    Answer { step: StepId, answer: Answer, result: Option<String> },
    Skip(StepId),
    Give { step: StepId, to: String },
    Cancel,
}

impl Flows {
    /// A command of an operator.
    pub(super) fn on_command(
        &self,
        key: &Key,
        state: Option<Flow>,
        command: &Command,
        now: Timestamp,
    ) -> Result<Transition<Flow>, Reject> {
        let refused = |why: &str| command.refusal(("flow", key), why);
        if command.name == START {
            return self.on_start_command(key, state, command, now);
        }
        let flow = state.ok_or_else(|| refused(NO_FLOW))?;
        if flow.facts.commands.contains(&command.id) {
            return Ok(Transition::to(flow));
        }
        let definition = self.definition(&flow)?;
        let order = order((&definition, &flow.progress), command).map_err(|why| refused(&why))?;
        let Flow { progress, mut facts } = flow;
        facts.commands.push(command.id);
        if facts.commands.len() > COMMANDS_KEPT {
            facts.commands.remove(0);
        }
        if let Order::Give { step, to } = order {
            if progress.ending.is_some() {
                return Err(refused(words(Ignored::Ended)));
            }
            if !is_for_person(&definition, step, progress.status(step)) {
                return Err(refused("the step is no task of a person that waits"));
            }
            let holder = facts.people.get(&step);
            if let Some(other) = holder.filter(|other| command.name == CLAIM && **other != to) {
                return Err(refused(&format!("{other} has it; `reassign` gives it to another")));
            }
            facts.people.insert(step, to);
            let turn = Turn::new(key, (&definition, &self.settings), facts, now);
            return Ok(turn.run(progress, |_| true));
        }
        if let Order::Answer { step, answer: Answer::Done, result: Some(result) } = &order {
            facts.results.insert(*step, result.clone());
        }
        let turn = Turn::new(key, (&definition, &self.settings), facts, now);
        let mut done = Ok(());
        let transition = turn.run(progress, |engine| {
            done = match order {
                Order::Rerun { step, downstream } => engine.rerun(step, downstream),
                Order::Answer { step, answer, .. } => engine.answer_of_person(step, answer),
                Order::Skip(step) => engine.skip(step),
                Order::Cancel => engine.cancel(),
                Order::Give { .. } => Ok(()),
            };
            done.is_ok()
        });
        match done {
            Ok(()) => Ok(transition),
            Err(why) => Err(refused(words(why))),
        }
    }
}

fn order((definition, progress): (&Definition, &Progress), command: &Command) -> Result<Order, String> {
    let argument = |name: &str| command.arguments.get(name).map(String::as_str);
    let step = || step(definition, argument(STEP).unwrap_or_default());
    Ok(match command.name.as_str() {
        RERUN => Order::Rerun { step: step()?, downstream: argument(DOWNSTREAM) == Some("yes") },
        COMPLETE => {
            let result = argument(RESULT).unwrap_or("{}");
            let step = step()?;
            let read = serde_json::from_str::<Map<String, Value>>(result)
                .map_err(|error| format!("`result` is no JSON object: {error}"))?;
            // What does not wait has a reason of its own why it is not answered.
            if progress.ending.is_none()
                && matches!(progress.status(step), Status::Active | Status::Resting | Status::Held(_))
                && let Some(form) = definition.action(step).task().and_then(|task| task.form.as_ref())
            {
                let told = |mistakes| format!("`result` is not as the form of the task says: {mistakes}");
                form.check(read).map_err(told)?;
            }
            Order::Answer { step, answer: Answer::Done, result: Some(result.to_owned()) }
        }
        FAIL => {
            let reason = argument(REASON).filter(|reason| !reason.is_empty()).unwrap_or(&command.why);
            Order::Answer { step: step()?, answer: Answer::Refused(reason.to_owned()), result: None }
        }
        SKIP => Order::Skip(step()?),
        CLAIM => Order::Give { step: step()?, to: command.by.clone() },
        REASSIGN => Order::Give { step: step()?, to: argument(TO).unwrap_or_default().to_owned() },
        CANCEL => Order::Cancel,
        other => return Err(format!("flows do not know the command {other}")),
    })
}

/// The step of a name, or of `STAGE/STEP`.
fn step(definition: &Definition, name: &str) -> Result<StepId, String> {
    let (stage, own) = match name.split_once('/') {
        Some((stage, own)) => (Some(stage), own),
        None => (None, name),
    };
    definition.graph.find(stage, own).ok_or_else(|| {
        let names: Vec<String> =
            definition.graph.steps().map(|(id, _)| super::alert::step_name(definition, id)).collect();
        format!("it has no step `{name}`; it has {}", names.join(", "))
    })
}

const fn words(why: Ignored) -> &'static str {
    match why {
        Ignored::Repeated => "the step is over; `rerun` has it begin again",
        Ignored::Stale => "the step has another attempt by now",
        Ignored::TooLate => "the trouble of the step is handled already; wait for the handler, or skip it",
        Ignored::Ended => "the flow has ended; `rerun` has a step begin again",
        Ignored::NotAsked => "the step asks for nothing",
        Ignored::NotBegun => "the step has not begun",
    }
}
