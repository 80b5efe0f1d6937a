//! The journal of one bundle: the intents to submit it and their outcomes.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::model::Timestamp;

/// The state of one bundle's delivery. See the [module](super) for the transitions.
///
/// This type with all that it contains is versions 3 and 4 of the stored form: bincode identifies fields by their order, so a change
/// needs a version 5 beside a frozen copy of this one, as `stored` has of versions 1 and 2.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Journal {
    /// The intent to submit is committed; its outcome is awaited.
    Submitting(Open),
    /// The last submit was not executed; the timer starts the next one.
    Waiting(Open),
    /// The last submit is in doubt; the timer starts the look-up.
    Unsure(Open),
    /// The look-up's outcome is awaited.
    LookingUp(Open),
    /// A submit was executed.
    Submitted(End),
    /// No submit was executed; final.
    Failed(End),
    /// A submit stays in doubt; final.
    Unknown(End),
    /// A submission of a replay that is not known: nothing is submitted before a person says so. Only version 4 has it.
    Held(End),
}

/// The object of all submits of one bundle. It is prepared once and stored, so all attempts send the same bytes, also after a
/// change of the settings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deliverable {
    /// The unique name, by which a submit in doubt is looked up.
    pub name: String,
    /// The content, in the form of the protocol.
    pub content: String,
    /// The revision of the template, or of another origin of the content.
    pub revision: String,
}

/// A delivery that has not ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Open {
    /// The object of the submits.
    pub deliverable: Deliverable,
    /// The coordinates of the submission: `topic-partition@offset`.
    pub origin: String,
    /// The number of intended submits, without those that a suspended sink did not make.
    pub attempts: u32,
    /// The start of the time that counts against `give_up_after`: the first intent to submit, moved by the time in which the sink
    /// was suspended or no instance fired the timer.
    pub since: Timestamp,
    /// The number of commands that have changed the delivery.
    pub commands: u32,
    /// The number of the entry's latest act, submit or look-up.
    pub call: u32,
    /// The number of the latest submit's act.
    pub submit: u32,
    /// The time of the latest intent to submit.
    pub intended_at: Timestamp,
    /// The time of the intent of the first submit in doubt.
    pub doubtful_since: Option<Timestamp>,
    /// The number of consecutive unclear look-ups.
    pub lookup_failures: u32,
    /// Why the latest call has not ended the delivery; `None` before the first answer.
    pub last_answer: Option<LastAnswer>,
}

/// What is kept of the answer to a call: for a person who asks what was tried.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastAnswer {
    /// The time of its step.
    pub at: Timestamp,
    /// The answer, or why there is none; its beginning, if it is long.
    pub text: String,
}

/// The longest text that is kept of an answer, in characters.
const ANSWER_CHARS_MAX: usize = 300;

impl LastAnswer {
    /// The answer of this text.
    pub(super) fn new(at: Timestamp, text: &str) -> Self {
        Self { at, text: text.chars().take(ANSWER_CHARS_MAX).collect() }
    }
}

impl Open {
    /// The number of the series of submits that the latest command begins. No former series has it: each but the first was begun by
    /// a command.
    pub(super) const fn next_series(&self) -> u32 {
        self.commands.saturating_add(1)
    }

    /// The delivery after a pause of this length, which does not count against the time for attempts.
    pub(super) fn paused(self, pause: Duration, now: Timestamp) -> Self {
        Self { since: self.since.saturating_add(pause).min(now), ..self }
    }

    /// The delivery after this answer.
    pub(super) fn answered(self, now: Timestamp, text: &str) -> Self {
        Self { last_answer: Some(LastAnswer::new(now, text)), ..self }
    }
}

/// A delivery that has ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct End {
    /// The deliverable's name.
    pub name: String,
    /// The deliverable's revision.
    pub revision: String,
    /// The coordinates of the submission.
    pub origin: String,
    /// The number of intended submits.
    pub attempts: u32,
    /// The time of the end.
    pub at: Timestamp,
    /// The content to send again by a command; `None` for Submitted.
    pub content: Option<Content>,
    /// The number of the entry's latest act.
    pub call: u32,
    /// The number of commands that have changed the delivery.
    pub commands: u32,
    /// The proof that a submit was executed; `Some` for Submitted only, unless an operator stated it.
    pub proof: Option<Proof>,
    /// The reason of the end; `None` for Submitted.
    pub detail: Option<String>,
}

/// What an ended delivery keeps, so that a command can send it again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Content {
    /// The content of the deliverable.
    Made(String),
    /// The value of the submission record: its content could not be made.
    Submission(String),
}

/// The proof that a submit was executed: its id at the target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Proof {
    /// The id in the answer to the submit.
    Accepted(String),
    /// The id found by a look-up.
    Found(String),
}
