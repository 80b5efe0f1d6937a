//! A thread that is run again from its inputs.

use uuid::Uuid;

use super::engine::{Deed, ENGINE, Failure, Input, Limits, Realm, Step};
use super::thread::{Entered, Given, Thread};
use super::versions::Script;
use crate::model::{Key, Reject, RejectReason};

/// A realm that stands where the thread does. It has to come to what it came to before.
pub(super) fn replay(script: &Script, key: &Key, thread: &Thread) -> Result<Realm, Reject> {
    let mut realm =
        Realm::new(&script.code, Limits::default(), &thread.versions).map_err(|failure| rejected(&failure))?;
    let mut chain = [0; 16];
    for entered in thread.entered() {
        let entered = entered?;
        let step = run(&mut realm, key, &entered, true)
            .map_err(|failure| other(thread, &format!("a step that was done before fails: {failure}")))?;
        chain = next(chain, &entered, &step);
    }
    if chain == thread.chain {
        Ok(realm)
    } else {
        Err(other(thread, "it has come to other records or waits for other ids"))
    }
}

/// The steps of a thread by a script, as far as they can be run, and why it goes no further.
pub(super) fn steps(script: &Script, key: &Key, thread: &Thread) -> (Vec<(Entered, Step)>, Option<String>) {
    let mut steps = Vec::new();
    let mut realm = match Realm::new(&script.code, Limits::default(), &thread.versions) {
        Ok(realm) => realm,
        Err(failure) => return (steps, Some(failure.to_string())),
    };
    for entered in thread.entered() {
        let step = entered.map_err(|error| error.to_string()).and_then(|entered| {
            let step = run(&mut realm, key, &entered, true).map_err(|failure| failure.to_string())?;
            Ok((entered, step))
        });
        match step {
            Ok(step) => steps.push(step),
            Err(why) => return (steps, Some(why)),
        }
    }
    (steps, None)
}

/// One step of a realm.
pub(super) fn run(realm: &mut Realm, key: &Key, entered: &Entered, is_past: bool) -> Result<Step, Failure> {
    let Entered { step, at, given } = entered;
    let deed = match given {
        Given::Begin(value) => Deed::Begin(value),
        Given::Event(waits, _) if !realm.waits_for(waits) => {
            return Err(Failure::Engine(format!("nothing waits for `{waits}`")));
        }
        Given::Event(waits, event) => Deed::Resume(waits, event),
        Given::Cancel => Deed::Cancel,
    };
    realm.step(&key.text(), Input { step, at: at.as_millis(), deed, is_past })
}

pub(super) fn rejected(failure: &Failure) -> Reject {
    Reject::new(RejectReason::BadValue, format!("the step of the script has failed: {failure}"))
}

/// The mistake of a thread that is not what it was.
fn other(thread: &Thread, what: &str) -> Reject {
    let why = if thread.engine == ENGINE {
        "it depends on what it is not given".to_owned()
    } else {
        let engine = thread.engine;
        format!(
            "it has begun with engine {engine} and this is {ENGINE}: run the version of sheaf that it has begun with"
        )
    };
    let message = format!("the script has not come to the same with the same inputs: {what}; {why}");
    Reject::new(RejectReason::Unreadable, message)
}

/// The chain after a step. Each list is preceded by its length, and each text too, so that no two steps have one.
pub(super) fn next(chain: [u8; 16], entered: &Entered, step: &Step) -> [u8; 16] {
    let Entered { step: id, at, given } = entered;
    let given = match given {
        Given::Begin(value) => [None, Some(value.as_str())],
        Given::Event(waits, event) => [Some(waits.as_str()), Some(event.as_str())],
        Given::Cancel => [None, None],
    };
    let outputs =
        step.outputs.iter().flat_map(|(topic, key, value)| [Some(topic.as_str()), Some(key), value.as_deref()]);
    let refs = step.refs.iter().map(|text| Some(text.as_str()));
    let mut bytes = at.as_millis().to_be_bytes().to_vec();
    let size = |length: usize| u64::try_from(length).unwrap_or(u64::MAX - 1).to_be_bytes();
    for list in [[Some(id.as_str())].into_iter().chain(given).collect::<Vec<_>>(), outputs.collect(), refs.collect()] {
        bytes.extend_from_slice(&size(list.len()));
        for text in list {
            bytes.extend_from_slice(&text.map_or_else(|| u64::MAX.to_be_bytes(), |text| size(text.len())));
            bytes.extend_from_slice(text.unwrap_or_default().as_bytes());
        }
    }
    *Uuid::new_v5(&Uuid::from_bytes(chain), &bytes).as_bytes()
}
