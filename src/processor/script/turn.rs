//! One step of a thread.

use std::sync::Arc;

use bytes::Bytes;
use uuid::Uuid;

use super::engine::{self, Limits, Realm, Step};
use super::thread::{Entered, Thread};
use super::versions::Script;
use super::{count, stored};
use crate::model::{Headers, Key, Reject, RejectReason};
use crate::processor::{Effect, Forward, Transition};

/// A thread, before a step.
pub(super) struct Turn {
    script: Arc<Script>,
    thread: Thread,
    /// True if a thread of this id was there, which ends by this one.
    replaces: bool,
}

impl Turn {
    /// A thread that begins.
    pub(super) fn begin(script: Arc<Script>, replaces: bool) -> Self {
        let thread = Thread { code: script.digest, chain: [0; 16], journal: Vec::new() };
        Self { script, thread, replaces }
    }

    /// A thread that waits.
    pub(super) fn go_on(script: Arc<Script>, thread: Thread) -> Self {
        Self { script, thread, replaces: false }
    }

    /// Runs what the thread was given, and then one input more.
    pub(super) fn run(self, key: &Key, entered: Entered) -> Result<Transition<Thread>, Reject> {
        let Self { script, mut thread, replaces } = self;
        let (mut realm, _) = replay(&script, key, &thread)?;
        let step = step(&mut realm, key, &entered)?;
        if !step.known {
            return Ok(Transition::to(thread).with(Effect::Count(count::UNKNOWN_REF)));
        }
        let mut effects = if replaces { vec![Effect::DropParts] } else { Vec::new() };
        effects.extend(records(&script, &step)?);
        if step.ended {
            effects.push(Effect::Count(count::ENDED));
            return Ok(Transition { state: None, effects });
        }
        if step.refs.is_empty() {
            let message = "the script waits for what nobody can give it: for no `W.suspend`";
            return Err(Reject::new(RejectReason::BadValue, message));
        }
        thread.chain = next(thread.chain, &entered, &step);
        effects.push(Effect::AddPart(stored::part(&entered)?));
        effects.push(Effect::Count(if entered.is_new { count::BEGUN } else { count::RESUMED }));
        thread.journal.push(entered);
        Ok(Transition { state: Some(thread), effects })
    }
}

/// A realm that stands where the thread does, and its last step. It has to come to what it came to before.
pub(super) fn replay(script: &Script, key: &Key, thread: &Thread) -> Result<(Realm, Option<Step>), Reject> {
    let mut realm = Realm::new(&script.code, Limits::default()).map_err(|failure| rejected(&failure))?;
    let (mut chain, mut last) = ([0; 16], None);
    for entered in &thread.journal {
        let step = step(&mut realm, key, entered)?;
        chain = next(chain, entered, &step);
        last = Some(step);
    }
    if chain != thread.chain {
        let message = "the script has come to something else than before with the same inputs: it depends on what it is not given";
        return Err(Reject::new(RejectReason::Unreadable, message));
    }
    Ok((realm, last))
}

fn step(realm: &mut Realm, key: &Key, entered: &Entered) -> Result<Step, Reject> {
    let Entered { step, at, is_new, text } = entered;
    let input = engine::Input { step, at: at.as_millis(), is_new: *is_new, text };
    realm.step(&key.text(), input).map_err(|failure| rejected(&failure))
}

fn rejected(failure: &engine::Failure) -> Reject {
    Reject::new(RejectReason::BadValue, format!("the step of the script has failed: {failure}"))
}

/// The records of a step; the outputs of the processor have the names of their topics.
fn records(script: &Script, step: &Step) -> Result<Vec<Effect>, Reject> {
    let record = |(topic, key, value): &engine::Output| {
        if !script.topics.contains(topic) {
            let message = format!(
                "the script writes to the topic `{topic}`, which it has not declared: add it to W.config.outputTopics"
            );
            return Err(Reject::new(RejectReason::BadValue, message));
        }
        Ok(Effect::Forward(Forward {
            output: topic.as_str().into(),
            key: Some(Key::new(key)),
            value: value.as_ref().map(|value| Bytes::copy_from_slice(value.as_bytes())),
            headers: Headers::new(),
            timestamp: None,
        }))
    };
    step.outputs.iter().map(record).collect()
}

/// The chain after a step.
fn next(chain: [u8; 16], entered: &Entered, step: &Step) -> [u8; 16] {
    let mut text = entered.step.clone().into_bytes();
    for part in [&entered.text].into_iter().chain(&step.refs) {
        text.push(0);
        text.extend_from_slice(part.as_bytes());
    }
    for (topic, key, value) in &step.outputs {
        for part in [topic, key, value.as_deref().unwrap_or("\0")] {
            text.push(1);
            text.extend_from_slice(part.as_bytes());
        }
    }
    *Uuid::new_v5(&Uuid::from_bytes(chain), &text).as_bytes()
}
