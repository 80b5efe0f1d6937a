//! Tries a script, without any broker: what it declares, what it uses, and where it comes to with some values.

use std::collections::{BTreeSet, VecDeque};

use super::engine::{Realm, Step, foreign_names};
use super::replay;
use super::thread::{Entered, Given, Thread};
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

/// Checks a script, and runs threads of it: `main` is called with the argument, and each value is given to each thing that a thread waits for. Both are JSON.
///
/// # Errors
/// The script cannot be loaded; all mistakes, each with its place.
pub fn check(name: &str, text: &str, argument: &str, values: &[String]) -> Result<Findings, String> {
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

fn try_threads(script: &Script, argument: &str, values: &[String], findings: &mut Findings) {
    let key = Key::new("thread-1");
    let entered = |number: usize, given: Given| Entered {
        step: number.to_string(),
        at: Timestamp::from_millis(i64::try_from(number).unwrap_or_default() * 1000),
        given,
    };
    let mut open = VecDeque::from([vec![entered(0, Given::Begin(argument.to_owned()))]]);
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
                let event = serde_json::json!({ "ref": id }).to_string();
                let event = event.replacen('}', &format!(",\"value\":{value}}}"), 1);
                let more = entered(number, Given::Event(id.clone(), event));
                open.push_back(inputs.iter().cloned().chain([more]).collect());
            }
        }
    }
}

/// The last step of a thread with these inputs.
fn last_step(script: &Script, key: &Key, inputs: &[Entered]) -> Result<Step, String> {
    let stored: Result<_, _> = inputs.iter().map(Entered::stored).collect();
    let journal = stored.map_err(|reject| reject.to_string())?;
    let thread = Thread {
        engine: super::engine::ENGINE,
        code: script.digest,
        begun: Timestamp::MIN,
        chain: [0; 16],
        refs: Vec::new(),
        versions: Vec::new(),
        journal,
    };
    let (mut steps, why) = replay::steps(script, key, &thread, &Vec::new());
    match (steps.pop(), why) {
        (Some((_, step)), None) => Ok(step),
        (_, why) => Err(format!("{}: {}", script.source.name, why.unwrap_or_default())),
    }
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
