//! One step of a thread.

use std::sync::Arc;

use bytes::Bytes;
use uuid::Uuid;

use super::engine::{self, ENGINE, Failure, Limits, Realm, Step};
use super::thread::{Entered, Thread};
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

impl<'a> Turn<'a> {
    /// A thread that begins.
    pub(super) fn begin(place: &'a Place, at: Timestamp, replaces: bool) -> Self {
        let script = place.versions.newest();
        let thread = Thread {
            engine: ENGINE,
            code: script.digest,
            begun: at,
            chain: [0; 16],
            refs: Vec::new(),
            journal: Vec::new(),
        };
        Self { script, place, thread, replaces }
    }

    /// A thread that waits.
    pub(super) fn go_on(place: &'a Place, thread: Thread) -> Result<Self, Reject> {
        Ok(Self { script: place.versions.of(thread.code)?, place, thread, replaces: false })
    }

    /// Runs what the thread was given, as far as its realm is not there any more, and then one input more.
    pub(super) fn run(self, key: &Key, entered: &Entered) -> Result<Transition<Thread>, Reject> {
        let Self { script, place, mut thread, replaces } = self;
        if thread.journal.len() >= STEPS_MAX {
            let message =
                format!("the thread has {STEPS_MAX} inputs, which is the most: have it return, and begin another one");
            return Err(Reject::new(RejectReason::BadValue, message));
        }
        let mut realm = cache::take(key, &thread).map_or_else(|| replay(&script, key, &thread), Ok)?;
        let step = step(&mut realm, key, entered).map_err(|failure| rejected(&failure))?;
        let mut effects = if replaces { vec![Effect::DropParts] } else { Vec::new() };
        effects.extend(records(&script, place, &step)?);
        if step.ended {
            effects.push(Effect::Count(count::ENDED));
            return Ok(Transition { state: None, effects });
        }
        if step.refs.is_empty() {
            let message = "the script waits for what nobody can give it: for no `W.suspend`";
            return Err(Reject::new(RejectReason::BadValue, message));
        }
        thread.chain = next(thread.chain, entered, &step);
        thread.refs = step.refs;
        let stored = entered.stored()?;
        effects.push(Effect::AddPart(stored.clone()));
        effects.push(Effect::Count(if entered.waits.is_none() { count::BEGUN } else { count::RESUMED }));
        thread.journal.push(stored);
        cache::put(key, &thread, realm, place.cache);
        Ok(Transition { state: Some(thread), effects })
    }
}

/// A realm that stands where the thread does. It has to come to what it came to before.
pub(super) fn replay(script: &Script, key: &Key, thread: &Thread) -> Result<Realm, Reject> {
    let mut realm = Realm::new(&script.code, Limits::default()).map_err(|failure| rejected(&failure))?;
    let mut chain = [0; 16];
    for entered in thread.entered() {
        let entered = entered?;
        let step = step(&mut realm, key, &entered)
            .map_err(|failure| other(thread, &format!("a step that was done before fails: {failure}")))?;
        chain = next(chain, &entered, &step);
    }
    if chain == thread.chain {
        Ok(realm)
    } else {
        Err(other(thread, "it has come to other records or waits for other ids"))
    }
}

/// The mistake of a thread that is not what it was.
fn other(thread: &Thread, what: &str) -> Reject {
    let engines = if thread.engine == ENGINE {
        "it depends on what it is not given".to_owned()
    } else {
        format!(
            "it has begun with engine {} and this is {ENGINE}: run the version of sheaf that it has begun with",
            thread.engine
        )
    };
    let message = format!("the script has not come to the same with the same inputs: {what}; {engines}");
    Reject::new(RejectReason::Unreadable, message)
}

fn step(realm: &mut Realm, key: &Key, entered: &Entered) -> Result<Step, Failure> {
    let Entered { step, at, waits, text } = entered;
    realm.step(&key.text(), engine::Input { step, at: at.as_millis(), waits: waits.as_deref(), text })
}

fn rejected(failure: &Failure) -> Reject {
    Reject::new(RejectReason::BadValue, format!("the step of the script has failed: {failure}"))
}

/// The records of a step; the outputs of the processor have the names of their topics.
fn records(script: &Script, place: &Place, step: &Step) -> Result<Vec<Effect>, Reject> {
    let record = |(topic, key, value): &engine::Output| {
        let refused = |why: &str| {
            let message = format!("the script writes to the topic `{topic}`, {why}");
            Err(Reject::new(RejectReason::BadValue, message))
        };
        if !script.topics.contains(topic) && *topic != place.reads {
            return refused("which it has not declared: add it to W.config.outputTopics");
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

/// The chain after a step. Each text is preceded by its length, so that no two steps have one.
fn next(chain: [u8; 16], entered: &Entered, step: &Step) -> [u8; 16] {
    let Entered { step: id, at, waits, text } = entered;
    let mut bytes = at.as_millis().to_be_bytes().to_vec();
    let mut add = |text: Option<&str>| {
        let length = text.map_or(u64::MAX, |text| u64::try_from(text.len()).unwrap_or(u64::MAX - 1));
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(text.unwrap_or_default().as_bytes());
    };
    for text in [Some(id.as_str()), waits.as_deref(), Some(text.as_str())] {
        add(text);
    }
    for (topic, key, value) in &step.outputs {
        for text in [Some(topic.as_str()), Some(key.as_str()), value.as_deref()] {
            add(text);
        }
    }
    for text in &step.refs {
        add(Some(text.as_str()));
    }
    *Uuid::new_v5(&Uuid::from_bytes(chain), &bytes).as_bytes()
}
