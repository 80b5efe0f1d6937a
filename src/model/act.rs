//! Acts: calls to outside systems, their outcomes, and the contract between the deciding step and the executing sink.
//!
//! A step *decides* an act; the runtime commits the decision with the entry and only then hands the act to a [`Sink`]; the
//! result returns to the step as an [`Outcome`]. An act whose transaction was aborted is never executed.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Key, TaskId, TraceContext};

/// The slot of an act within its entry, numbered by the processor. An entry has at most one act per slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ActSlot(pub u8);

/// The outside system of an act, by its name in the configuration.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Target(Arc<str>);

impl Target {
    /// A target from its name.
    pub fn new(name: &str) -> Self {
        Self(Arc::from(name))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A call to an outside system, decided by a step and stored in its entry until a step has processed the outcome.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Act {
    /// The slot within the entry.
    pub slot: ActSlot,
    /// The attempt, incremented with each act of a key; an outcome of another attempt is ignored.
    pub attempt: u32,
    /// The target of the call.
    pub to: Target,
    /// The validity from the decision on, or from the release of an act that was queued for want of capacity. The sink checks it against [`Clock::uptime`](super::Clock::uptime) just before it
    /// writes, so that a process that was suspended in between does not send.
    pub valid_for: Duration,
    /// The call, encoded by the processor for its sink (JSON).
    pub request: String,
}

/// The result of an act, as an input of the step that decided it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The slot of the act within its entry.
    pub slot: ActSlot,
    /// The attempt of the act.
    pub attempt: u32,
    /// How the act ended.
    pub verdict: Verdict,
}

/// How an act ended, as far as this process can tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The target responded; the response is encoded by the sink for the processor (JSON).
    Answered(String),
    /// Nothing was sent, with the reason as text.
    NotSent(String),
    /// Nothing was sent, because the target refuses everybody or fails: the sink is suspended, with the reason as text. The attempt
    /// does not count.
    Suspended(String),
    /// The request may have been sent and executed, with the reason as text.
    Unknown(String),
    /// The act was restored with its entry after a crash or a rebalance; the previous owner may have executed it.
    Inherited,
}

impl Verdict {
    /// The verdict of a response that is encoded as JSON. Texts and numbers always are; for what is not the outcome is unknown.
    pub fn answered(answer: &impl Serialize) -> Self {
        match serde_json::to_string(answer) {
            Ok(json) => Self::Answered(json),
            Err(error) => Self::Unknown(format!("the response cannot be encoded: {error}")),
        }
    }
}

/// A committed act, handed to its sink.
#[derive(Clone, Debug)]
pub struct Execution {
    /// The task.
    pub task: TaskId,
    /// The key of the act's entry.
    pub key: Key,
    /// The act.
    pub act: Act,
    /// The time on [`Clock::uptime`](super::Clock::uptime) after which nothing is sent: if it passes before the first byte is
    /// written, the verdict is [`Verdict::NotSent`].
    pub expires_at: Duration,
    /// The trace that the call belongs to, for a target that takes its headers.
    pub trace: Option<TraceContext>,
}

/// The callback with the outcome of an act, called exactly once, from any thread.
pub type Completion = Box<dyn FnOnce(Outcome) + Send>;

/// Executes acts. Implemented on floor 6 by `sink`, called by `runtime`, wired by `cli`.
pub trait Sink: Send + Sync + fmt::Debug {
    /// Starts the call and returns at once.
    fn execute(&self, execution: Execution, done: Completion);

    /// The free capacity for a target, in acts; further acts are not handed over until there is some. Unlimited for an unknown
    /// target, whose acts complete with [`Verdict::NotSent`].
    fn capacity(&self, to: &Target) -> usize;

    /// The targets that refuse everybody, each with the reason and since when: their acts wait.
    fn suspensions(&self) -> BTreeMap<Target, String> {
        BTreeMap::new()
    }
}
