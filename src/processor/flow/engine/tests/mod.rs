//! Tests of the engine: graphs and inputs as text, with what each input changes.
//!
//! A step is a line, and what is in it stands deeper: the steps of a stage, or `on TROUBLE` and `undo by` with theirs.
//!
//! ```text
//! pay request tries=5/10 within=60
//!   on refused
//!     again rerun=pay
//!   undo by
//!     refund request
//! ship once needs=pay if=false
//! ```
//!
//! An input is a line too, with what it changes: `done pay -> pay=done ship=skipped completed`.

mod operate;
mod random;
mod rules;
mod trouble;
mod undo;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::super::graph::{Graph, Kind, Owner, Retry, ScopeId, Step, StepId, Trouble};
use super::super::progress::{Answer, Ending, Progress, Status};
use super::{Actions, Begun, Engine, Happened, Ignored, RERUNS_MAX};
use crate::model::Timestamp;

/// What conditions and begins give, and what the engine has asked for.
#[derive(Default)]
struct Recorder {
    conditions: BTreeMap<StepId, Result<bool, String>>,
    /// The steps that cannot begin.
    broken: BTreeSet<StepId>,
    log: Vec<(&'static str, StepId, u32)>,
}

impl Actions for Recorder {
    fn holds(&mut self, step: StepId) -> Result<bool, String> {
        self.conditions[&step].clone()
    }

    fn begin(&mut self, step: StepId, Begun { attempt, .. }: Begun) -> Result<(), String> {
        self.log.push(("begin", step, attempt));
        if self.broken.contains(&step) { Err("it cannot".to_owned()) } else { Ok(()) }
    }

    fn tell(&mut self, step: StepId, happened: Happened) {
        match happened {
            Happened::Held => self.log.push(("told of", step, 0)),
            Happened::Reminded => self.log.push(("reminded of", step, 0)),
            Happened::Reset => {}
        }
    }
}

/// A flow that is run by text.
struct Run {
    graph: Graph,
    progress: Progress,
    recorder: Recorder,
    now: Timestamp,
}

fn trouble(word: &str) -> Trouble {
    Trouble::ALL.into_iter().find(|trouble| trouble.as_str() == word).unwrap()
}

fn seconds(text: &str) -> Duration {
    Duration::from_secs(text.parse().unwrap())
}

impl Run {
    /// The flow of a graph, which has not begun.
    fn new(text: &str) -> Self {
        let (mut graph, mut recorder) = (Graph::default(), Recorder::default());
        // The lines around the next one: the indent, the scope of its steps, the step that it is of.
        let mut around: Vec<(usize, ScopeId, Option<StepId>)> = Vec::new();
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            let indent = line.len() - line.trim_start().len();
            while around.last().is_some_and(|(outer, ..)| *outer >= indent) {
                around.pop();
            }
            let (scope, owner) = around.last().map_or((Graph::ROOT, None), |(_, scope, owner)| (*scope, *owner));
            let words: Vec<&str> = line.split_whitespace().collect();
            let inner = match words[..] {
                ["on", word] => {
                    let scope = graph.add_scope(Owner::Handler(owner.unwrap(), trouble(word)));
                    graph.step_mut(owner.unwrap()).handlers.push((trouble(word), scope));
                    (scope, owner)
                }
                ["undo", "by"] => {
                    let scope = graph.add_scope(Owner::Undo(owner.unwrap()));
                    graph.step_mut(owner.unwrap()).undo = Some(scope);
                    (scope, owner)
                }
                _ => {
                    let id = step(&mut graph, scope, &words, &mut recorder);
                    let inner = if let Kind::Scope(inner) = graph.step(id).kind { inner } else { Graph::ROOT };
                    (inner, Some(id))
                }
            };
            around.push((indent, inner.0, inner.1));
        }
        let now = Timestamp::from_millis(0);
        Self { progress: Progress::new(&graph, now), graph, recorder, now }
    }

    /// Gives the flow an input, and returns what it has changed.
    fn input(&mut self, text: &str) -> String {
        let before = self.progress.clone();
        let ignored = self.give(text).err();
        let mut words: Vec<String> = ignored.iter().map(|why| format!("{why:?}")).collect();
        assert!(ignored.is_none() || self.progress == before, "{text}: ignored, and something has changed");
        for (id, step) in self.graph.steps() {
            let status = self.progress.status(id);
            if status != before.status(id) {
                words.push(format!("{}={}", step.name, status_word(status)));
            }
        }
        if self.progress.ending != before.ending {
            words.push(match &self.progress.ending {
                None => "open".to_owned(),
                Some(Ending::Completed) => "completed".to_owned(),
                Some(Ending::Failed(reason)) => format!("failed({reason})"),
                Some(Ending::Cancelled) => "cancelled".to_owned(),
            });
        }
        for (what, id, attempt) in std::mem::take(&mut self.recorder.log) {
            let attempt = if attempt == 0 { String::new() } else { format!("@{attempt}") };
            words.push(format!("{what} {}{attempt}", self.graph.step(id).name));
        }
        if words.is_empty() { "-".to_owned() } else { words.join(" ") }
    }

    fn give(&mut self, text: &str) -> Result<(), Ignored> {
        let (word, of) = text.split_once(' ').unwrap_or((text, ""));
        let (name, attempt) = of.split_once('@').unwrap_or((of, ""));
        let id = self.graph.find(None, name);
        let step = || id.unwrap_or_else(|| panic!("`{text}`: no such step"));
        if let Some(time) = word.strip_prefix('+') {
            self.now = self.now.saturating_add(seconds(time));
        }
        let why = || "why".to_owned();
        let mut engine = Engine::new(&self.graph, &mut self.progress, self.now, &mut self.recorder);
        let mut answer = |answer| engine.answer(step(), attempt.parse().ok(), answer);
        match word {
            "done" => return answer(Answer::Done),
            "failed" => return answer(Answer::Failed(why())),
            "refused" => return answer(Answer::Refused(why())),
            "complete" => return engine.answer_of_person(step(), Answer::Done),
            "fail" => return engine.answer_of_person(step(), Answer::Refused(why())),
            "again" => return engine.again(step()),
            "rerun" => return engine.rerun(step(), false),
            "rerun-all" => return engine.rerun(step(), true),
            "skip" => return engine.skip(step()),
            "cancel" => return engine.cancel(),
            "start" => engine.start(),
            "watermark" => engine.on_deadline(self.now),
            "mend" => {
                self.recorder.broken.remove(&step());
                self.recorder.conditions.insert(step(), Ok(true));
            }
            time if time.starts_with('+') => engine.on_delay(),
            other => panic!("unknown input {other}"),
        }
        Ok(())
    }
}

/// Adds the step of a line.
fn step(graph: &mut Graph, scope: ScopeId, words: &[&str], recorder: &mut Recorder) -> StepId {
    let id = graph.next_step();
    let (kind, argument) = words[1].split_once('=').unwrap_or((words[1], ""));
    let kind = match kind {
        "once" => Kind::Once,
        "request" => Kind::Request,
        "sleep" => Kind::Sleep(seconds(argument)),
        "stage" => Kind::Scope(graph.add_scope(Owner::Step(id))),
        "undo" => Kind::Undo,
        "rerun" => Kind::Rerun(graph.find(None, argument).unwrap()),
        "fail" => Kind::Fail(argument.into()),
        other => panic!("unknown kind {other}"),
    };
    let mut step = Step::new(words[0], scope, kind);
    for word in &words[2..] {
        match word.split_once('=').unwrap() {
            ("needs", names) => step.needs = names.split(',').map(|name| graph.find(None, name).unwrap()).collect(),
            ("if", value) => {
                step.has_condition = true;
                recorder.conditions.insert(id, value.parse().map_err(|_not_a_boolean| "no such variable".to_owned()));
            }
            ("tries", value) => {
                let (tries, delay) = value.split_once('/').unwrap();
                step.retry = Retry { tries: tries.parse().unwrap(), delay: seconds(delay) };
            }
            ("within", value) => step.within = Some(seconds(value)),
            ("remind", value) => step.remind_after = Some(seconds(value)),
            ("begin", "broken") => drop(recorder.broken.insert(id)),
            other => panic!("unknown word {other:?}"),
        }
    }
    graph.add_step(step)
}

/// A status, with its trouble.
fn status_word(status: Status) -> String {
    match status {
        Status::Failing(trouble) | Status::Held(trouble) | Status::Failed(trouble) => {
            format!("{}({})", status.as_str(), trouble.as_str())
        }
        Status::Waiting
        | Status::Active
        | Status::Resting
        | Status::Undoing
        | Status::Done
        | Status::Skipped
        | Status::Undone => status.as_str().to_owned(),
    }
}

/// Runs a flow: a graph, and lines of inputs with what each changes. It starts with the first.
fn check(what: &str, graph: &str, inputs: &str) -> Run {
    let mut run = Run::new(graph);
    let lines: Vec<&str> = inputs.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let told = lines.iter().map(|line| {
        let input = line.split_once(" -> ").unwrap_or_else(|| panic!("`{line}` has no `->`")).0;
        format!("{input} -> {}", run.input(input))
    });
    let told: Vec<String> = told.collect();
    assert_eq!(told.join("\n"), lines.join("\n"), "{what}");
    run
}
