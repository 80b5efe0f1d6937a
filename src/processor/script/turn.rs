//! One step of a thread.

use std::sync::Arc;

use bytes::Bytes;

use super::engine::{ENGINE, Limits, Output, Realm, Step};
use super::event::Format;
use super::replay::{self, rejected};
use super::thread::{Entered, Given, Thread};
use super::versions::{Script, Versions};
use super::{cache, count};
use crate::model::{Headers, Key, Reject, RejectReason, Timestamp};
use crate::processor::{Effect, Forward, Transition};

/// The most inputs of a thread: each step may have to run all of them again.
const STEPS_MAX: usize = 10_000;

/// What the threads of a processor share.
#[derive(Clone, Debug)]
pub(super) struct Place {
    /// The scripts.
    pub versions: Versions,
    /// The topic that is read, to which each script may write.
    pub reads: String,
    /// How the records are written.
    pub format: Format,
    /// The most memory of the realms that a thread of the system holds, in bytes.
    pub cache: usize,
}

/// A thread, before a step.
pub(super) struct Turn<'a> {
    script: Arc<Script>,
    place: &'a Place,
    thread: Thread,
    /// True if a thread of this id was there, which ends by this one.
    replaces: bool,
}

/// A thread that has been given nothing yet.
fn begun(script: &Script, at: Timestamp) -> Thread {
    Thread {
        engine: ENGINE,
        code: script.digest,
        begun: at,
        chain: [0; 16],
        refs: Vec::new(),
        versions: Vec::new(),
        journal: Vec::new(),
    }
}

impl<'a> Turn<'a> {
    /// A thread that begins.
    pub(super) fn begin(place: &'a Place, at: Timestamp, replaces: bool) -> Self {
        let script = place.versions.newest();
        Self { thread: begun(&script, at), script, place, replaces }
    }

    /// A thread that waits.
    pub(super) fn go_on(place: &'a Place, thread: Thread) -> Result<Self, Reject> {
        Ok(Self { script: place.versions.of(thread.code)?, place, thread, replaces: false })
    }

    /// Runs what the thread was given, as far as its realm is not there any more, and then one input more.
    pub(super) fn run(mut self, key: &Key, mut entered: Entered) -> Result<Transition<Thread>, Reject> {
        if self.thread.journal.len() >= STEPS_MAX {
            let message = format!(
                "the thread has {STEPS_MAX} inputs, which is the most: have `main` return W.continueAsNew before, which begins it anew"
            );
            return Err(Reject::new(RejectReason::BadValue, message));
        }
        let mut realm = match cache::take(key, &self.thread) {
            Some(realm) => realm,
            None => replay::replay(&self.script, key, &self.thread)?,
        };
        let mut step = replay::run(&mut realm, key, &entered, false).map_err(|failure| rejected(&failure))?;
        let mut records = self.records(&step)?;
        let mut counts = vec![Effect::Count(counted(&entered.given))];
        if let Some(value) = step.continues.take() {
            // By the script of today. Ids of this step are not those of the step that begins anew.
            let at = entered.at;
            entered = Entered { step: format!("{}+1", entered.step), at, given: Given::Begin(value) };
            self = Self { replaces: true, ..Self::begin(self.place, at, true) };
            realm = Realm::new(&self.script.code, Limits::default(), &self.thread.versions)
                .map_err(|failure| rejected(&failure))?;
            step = replay::run(&mut realm, key, &entered, false).map_err(|failure| rejected(&failure))?;
            if step.continues.is_some() {
                let message = "the script continues as new without waiting for anything: it would do so for ever";
                return Err(Reject::new(RejectReason::BadValue, message));
            }
            records.extend(self.records(&step)?);
            counts.push(Effect::Count(count::CONTINUED));
        }
        if !step.ended && step.refs.is_empty() {
            let message = "the script waits for what nobody can give it: for no `W.suspend`";
            return Err(Reject::new(RejectReason::BadValue, message));
        }
        let Self { place, mut thread, replaces, .. } = self;
        let mut effects = if replaces { vec![Effect::DropParts] } else { Vec::new() };
        effects.append(&mut records);
        effects.append(&mut counts);
        if step.ended {
            effects.push(Effect::Count(count::ENDED));
            return Ok(Transition { state: None, effects });
        }
        thread.chain = replay::next(thread.chain, &entered, &step);
        thread.refs = step.refs;
        thread.versions = step.versions;
        let stored = entered.stored()?;
        effects.push(Effect::AddPart(stored.clone()));
        thread.journal.push(stored);
        cache::put(key, &thread, realm, place.cache);
        Ok(Transition { state: Some(thread), effects })
    }

    /// The records of a step; the outputs of the processor have the names of their topics.
    fn records(&self, step: &Step) -> Result<Vec<Effect>, Reject> {
        let Self { place, script, .. } = self;
        let record = |(topic, key, value): &Output| {
            let refused = |why: &str| {
                let message = format!("the script writes to the topic `{topic}`, {why}");
                Err(Reject::new(RejectReason::BadValue, message))
            };
            if !script.topics.contains(topic) && *topic != place.reads {
                let at = step.undeclared.iter().find(|(undeclared, _)| undeclared == topic);
                let at = at.map_or_else(String::new, |(_, place)| format!(" at {place}"));
                return refused(&format!("which it has not declared{at}: add it to W.config.outputTopics"));
            }
            if !place.versions.is_wired(topic) && *topic != place.reads {
                return refused("which the script of this instance had not declared when it started: restart it");
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
}

/// What an input is counted as.
const fn counted(given: &Given) -> super::super::Count {
    match given {
        Given::Begin(_) => count::BEGUN,
        Given::Event(..) => count::RESUMED,
        Given::Cancel => count::CANCELLED,
    }
}
