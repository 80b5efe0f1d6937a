//! Tries a script, without any broker: what it declares, what it uses, and where it comes to with some values.

use std::collections::{BTreeSet, VecDeque};

use serde_json::{Value, json};

use super::engine::{Answered, Failure, Limits, Realm, Step, foreign_names};
use super::replay;
use super::thread::{Entered, Given};
use super::versions::Script;
use crate::model::{Key, Timestamp};

/// The most threads that are begun, each of which is given one value more than another.
const THREADS_MAX: usize = 500;
/// The most inputs of a thread.
const STEPS_MAX: usize = 8;

/// What is found of a script.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// What has to be mended.
    pub mistakes: BTreeSet<String>,
    /// The topics that it declares.
    pub topics: Vec<String>,
    /// The topics that it wrote to in the trials.
    pub written: BTreeSet<String>,
    /// The threads that were tried.
    pub threads: usize,
    /// How threads have ended: with a result, or with this error.
    pub ends: BTreeSet<String>,
    /// What it waited for in the trials.
    pub waits: BTreeSet<String>,
}

/// Checks a script, and runs threads of it: `main` is called with the argument, and each value is given to each thing that a thread waits for.
///
/// # Errors
/// The script cannot be loaded; all mistakes, each with its place.
pub fn check(name: &str, text: &str, argument: &Value, values: &[Value]) -> Result<Findings, String> {
    let script = Script::new(name, text)?;
    let mut findings = Findings { topics: script.topics.clone(), ..Findings::default() };
    let globals = Realm::globals().map_err(|failure| failure.to_string())?;
    for (foreign, places) in foreign_names(name, text).map_err(|mistake| mistake.to_string())? {
        let what = if globals.refused.contains(&foreign) {
            format!("`{foreign}` is not there for workflows")
        } else if globals.known.contains(&foreign) {
            continue;
        } else {
            format!("`{foreign}` is declared nowhere")
        };
        findings.mistakes.extend(places.iter().map(|place| format!("{place}: {what}")));
    }
    try_threads(&script, argument, values, &mut findings);
    Ok(findings)
}

fn try_threads(script: &Script, argument: &Value, values: &[Value], findings: &mut Findings) {
    let key = Key::new("thread-1");
    let entered = |number: usize, given: Given| Entered {
        step: number.to_string(),
        at: Timestamp::from_millis(i64::try_from(number).unwrap_or_default() * 1000),
        given,
    };
    let mut open = VecDeque::from([vec![entered(0, Given::Begin(argument.to_string()))]]);
    while let Some(inputs) = open.pop_front() {
        if findings.threads == THREADS_MAX {
            return;
        }
        findings.threads += 1;
        let number = inputs.len();
        let step = match last_step(script, &key, &inputs) {
            Ok(step) => step,
            Err(why) => {
                findings.mistakes.insert(why);
                continue;
            }
        };
        note(script, &step, findings);
        for id in step.refs.iter().filter(|_| number < STEPS_MAX) {
            findings.waits.insert(id.clone());
            for value in values {
                let event = json!({ "ref": id, "value": value }).to_string();
                let more = entered(number, Given::Event(id.clone(), event));
                open.push_back(inputs.iter().cloned().chain([more]).collect());
            }
        }
    }
}

/// The last step of a thread with these inputs.
fn last_step(script: &Script, key: &Key, inputs: &[Entered]) -> Result<Step, String> {
    let run = || {
        let mut realm = Realm::new(&script.code, Limits::default(), &Answered::new())?;
        let mut last = Err(Failure::Engine("the thread has no input".to_owned()));
        for entered in inputs {
            last = Ok(replay::run(&mut realm, key, entered, false)?);
        }
        last
    };
    run().map_err(|failure| format!("{}: {failure}", script.source.name))
}

/// Notes what a step has led to.
fn note(script: &Script, step: &Step, findings: &mut Findings) {
    for (topic, ..) in &step.outputs {
        findings.written.insert(topic.clone());
        if !script.topics.contains(topic) {
            let place = step.undeclared.iter().find(|(undeclared, _)| undeclared == topic);
            let place = place.map_or(script.source.name.as_str(), |(_, place)| place.as_str());
            findings.mistakes.insert(format!(
                "{place}: it writes to the topic `{topic}`, which it has not declared: add it to W.config.outputTopics (the topic that the topology reads needs no declaration)"
            ));
        }
    }
    if step.ended && step.continues.is_none() {
        let failed = step.outputs.last().filter(|(topic, ..)| topic == "workflow-error");
        findings
            .ends
            .insert(failed.map_or_else(|| "a result".to_owned(), |(_, _, value)| value.clone().unwrap_or_default()));
    }
}
