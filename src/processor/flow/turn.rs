//! One input of one flow: the engine goes on, and what it asks for becomes effects.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;

use super::alert::About;
use super::call::Call;
use super::count;
use super::definition::{Action, Definition};
use super::engine::{Actions, Begun, Engine, Happened, Ignored, Next};
use super::graph::StepId;
use super::mutation::Mutation;
use super::progress::{Ending, Progress};
use super::send::Attempt;
use super::settings::Settings;
use super::state::{Facts, Flow};
use crate::model::{ActSlot, Key, Timer, TimerKind, Timestamp};
use crate::processor::{Effect, Transition};
use crate::template::{Payload, Template};

/// The timer of retries, sleeps and reminders, and after the end of the deletion.
pub(super) const DELAY: TimerKind = TimerKind::Delay(0);
/// The timer of late answers.
pub(super) const DEADLINE: TimerKind = TimerKind::Deadline(0);

/// One input of one flow.
pub(super) struct Turn<'a> {
    pub(super) key: &'a Key,
    pub(super) definition: &'a Definition,
    pub(super) settings: &'a Settings,
    pub(super) now: Timestamp,
    pub(super) facts: Facts,
    effects: Vec<Effect>,
    /// The steps of which people are told, after the engine has settled.
    told: Vec<(StepId, Happened)>,
}

impl<'a> Turn<'a> {
    pub(super) fn new(
        key: &'a Key,
        (definition, settings): (&'a Definition, &'a Settings),
        facts: Facts,
        now: Timestamp,
    ) -> Self {
        Self { key, definition, settings, now, facts, effects: Vec::new(), told: Vec::new() }
    }

    /// Runs the engine and returns what has become of the flow. `run` returns whether anything may have changed; of a flow that
    /// has ended only what opens it again may do so.
    pub(super) fn run(
        mut self,
        mut progress: Progress,
        run: impl FnOnce(&mut Engine<'_, Self>) -> bool,
    ) -> Transition<Flow> {
        let was_ended = progress.ending.is_some();
        let definition = self.definition;
        let now = self.now;
        let has_changed = run(&mut Engine::new(&definition.graph, &mut progress, now, &mut self));
        if !has_changed {
            return Transition { state: Some(Flow { progress, facts: self.facts }), effects: self.effects };
        }
        self.facts.version = self.facts.version.saturating_add(1);
        self.facts.changed_at = now;
        self.tell_people(&progress);
        if was_ended {
            self.effects.push(Effect::Count(count::REOPENED));
        }
        if let Some(ending) = &progress.ending {
            self.end(ending);
        }
        self.schedule(&progress);
        Transition { state: Some(Flow { progress, facts: self.facts }), effects: self.effects }
    }

    /// Has the engine take an answer with this result, a JSON text. One that changes nothing leaves the former result.
    pub(super) fn answer(
        mut self,
        progress: Progress,
        (step, result): (StepId, Option<String>),
        take: impl FnOnce(&mut Engine<'_, Self>) -> Result<(), Ignored>,
    ) -> (Transition<Flow>, Result<(), Ignored>) {
        let former = result.map(|result| self.facts.results.insert(step, result));
        let mut taken = Ok(());
        let mut transition = self.run(progress, |engine| {
            taken = take(engine);
            taken.is_ok()
        });
        if let (Err(_), Some(former), Some(flow)) = (taken, former, &mut transition.state) {
            match former {
                Some(former) => flow.facts.results.insert(step, former),
                None => flow.facts.results.remove(&step),
            };
        }
        (transition, taken)
    }

    /// Adds an effect before the engine runs.
    pub(super) fn push(&mut self, effect: Effect) {
        self.effects.push(effect);
    }

    fn about(&self) -> About<'a> {
        About { key: self.key, definition: self.definition, now: self.now }
    }

    fn tell_people(&mut self, progress: &Progress) {
        let about = self.about();
        for (step, happened) in std::mem::take(&mut self.told) {
            match happened {
                Happened::Held => {
                    self.effects.push(Effect::Count(count::HELD));
                    self.effects.push(about.held(step, progress.of(step)));
                }
                Happened::Reminded => {
                    let role = self.definition.action(step).task().and_then(|task| task.role.as_deref());
                    let person = self.facts.people.get(&step).map(String::as_str);
                    self.effects.push(Effect::Count(count::REMINDED));
                    self.effects.push(about.reminder(step, role, person));
                }
                Happened::Reset => {}
            }
        }
    }

    fn end(&mut self, ending: &Ending) {
        self.facts.ends = self.facts.ends.saturating_add(1);
        let about = self.about();
        let counted = match ending {
            Ending::Completed => count::COMPLETED,
            Ending::Failed(reason) => {
                self.effects.push(about.failed(reason));
                count::FAILED
            }
            Ending::Cancelled => count::CANCELLED,
        };
        self.effects.push(Effect::Count(counted));
        self.effects.push(about.end(&self.facts, ending));
    }

    fn schedule(&mut self, progress: &Progress) {
        let due = progress.steps().iter().filter_map(|step| step.due).min();
        let next = match progress.ending {
            None => Next::of(progress),
            Some(_) if due.is_some() && self.definition.breaks(Mutation::EndedFlowReacts) => {
                Next { delay: due, deadline: None }
            }
            Some(_) => Next { delay: Some(self.now.saturating_add(self.settings.keep_closed)), deadline: None },
        };
        for (kind, due) in [(DELAY, next.delay), (DEADLINE, next.deadline)] {
            self.effects.push(match due {
                Some(due) => Effect::Schedule(Timer { kind, due }),
                None => Effect::Unschedule(kind),
            });
        }
    }

    /// The variables of expressions: `start`, `key`, and each step that has a result. For a template they are [`Payload`]s, which keep
    /// the digits of numbers; for a condition plain values, because a number with other digits cannot be compared.
    fn variables<V: DeserializeOwned>(&self) -> Result<BTreeMap<&str, V>, String> {
        let payload = |name: &str, json: &str| {
            serde_json::from_str::<V>(json).map_err(|error| format!("`{name}` is no JSON: {error}"))
        };
        let key = serde_json::Value::from(&*self.key.text()).to_string();
        let mut variables =
            BTreeMap::from([("start", payload("start", &self.facts.start)?), ("key", payload("key", &key)?)]);
        for (step, result) in &self.facts.results {
            let name = &*self.definition.graph.step(*step).name;
            variables.insert(name, payload(name, result)?);
        }
        Ok(variables)
    }

    fn render(&self, template: Option<&Template>) -> Result<Option<String>, String> {
        template.map(|template| rendered(template, &self.variables()?)).transpose()
    }
}

impl Turn<'_> {
    fn call(&mut self, call: &Call, step: StepId, Begun { attempt, first }: Begun) -> Result<(), String> {
        let variables = self.variables::<Payload>()?;
        let path = call.path.render(&variables)?;
        let body = match &call.body {
            Some(body) => rendered(body, &variables)?,
            None => "{}".to_owned(),
        };
        let Some(slot) = slot(self.definition, step) else { return Err("the flow has too many calls".to_owned()) };
        let (key, definition) = (self.key, self.definition);
        let number = if definition.breaks(Mutation::TryHasNewKey) { attempt } else { first };
        let first = Attempt { key, definition, step, number };
        // The act of an attempt that is not awaited any more.
        self.effects.push(Effect::Settle(slot));
        self.effects.push(Effect::Act(call.act(slot, attempt, first.idempotency_key(), (path, body))));
        Ok(())
    }
}

fn rendered(template: &Template, variables: &BTreeMap<&str, Payload>) -> Result<String, String> {
    template.render(variables).map(|rendered| rendered.text).map_err(|error| error.to_string())
}

/// The slot of a step's acts.
fn slot(definition: &Definition, step: StepId) -> Option<ActSlot> {
    let index = definition.calls().position(|(id, _)| id == step)?;
    u8::try_from(index).ok().map(ActSlot)
}

impl Actions for Turn<'_> {
    fn holds(&mut self, step: StepId) -> Result<bool, String> {
        match self.definition.condition(step) {
            Some(condition) => condition.holds(&self.variables::<serde_json::Value>()?),
            None => Ok(true),
        }
    }

    fn begin(&mut self, step: StepId, begun: Begun) -> Result<(), String> {
        let definition = self.definition;
        let attempt = Attempt { key: self.key, definition, step, number: begun.attempt };
        let forward = match definition.action(step) {
            Action::None | Action::Await(_) => None,
            Action::Task(task) => Some(attempt.start_task(task, self.render(task.input.as_ref())?.as_deref())),
            Action::Call(call) => {
                self.call(call, step, begun)?;
                None
            }
            Action::Send(message) => {
                let data = self.render(message.data.as_ref())?;
                let Some(writes) = &self.settings.writes else { return Err("the flow has no `writes`".to_owned()) };
                let data = data.as_deref().unwrap_or("{}");
                Some(attempt.message(message, data, (writes, &self.facts.carried, self.now)))
            }
        };
        self.effects.push(Effect::Count(count::BEGUN));
        self.effects.extend(forward.map(Effect::Forward));
        Ok(())
    }

    fn is_lost_at_end(&self, step: StepId) -> bool {
        matches!(self.definition.action(step), Action::Call(_))
    }

    fn tell(&mut self, step: StepId, happened: Happened) {
        match happened {
            Happened::Reset => {
                self.facts.results.remove(&step);
                self.facts.people.remove(&step);
            }
            Happened::Held | Happened::Reminded => self.told.push((step, happened)),
        }
    }

    fn breaks(&self, mutation: Mutation) -> bool {
        self.definition.breaks(mutation)
    }
}
