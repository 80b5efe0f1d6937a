//! Acts: calls to the outside, what came of them, and the contract between who decides and who calls.
//!
//! A step *decides* an act; the runtime commits the decision as part of the entry and hands the act to a [`Sink`]
//! afterwards; what came of it returns to the step as an [`Outcome`]. What was not committed never happened.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Key, TaskId};

/// Which of its entry's acts an act is; the processor's own numbering. An entry has at most one act per slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ActSlot(pub u8);

/// The outside system that an act is for, by the name that the configuration gives it.
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

/// An outside call that a step asks for. It is stored with its entry until its outcome was processed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Act {
    /// Which act of its entry.
    pub slot: ActSlot,
    /// Counts up with each act that a key's processor decides; an outcome of another attempt is ignored.
    pub attempt: u32,
    /// The target of the call.
    pub to: Target,
    /// How long after the decision the call may still be begun. The sender checks it just before it writes, on
    /// [`Clock::uptime`](super::Clock::uptime), so a process that was stopped meanwhile does not send.
    pub valid_for: Duration,
    /// The call itself, encoded by the processor for its sink (JSON).
    pub request: String,
}

/// What came of an act, as an input of the step that asked for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Which act of the entry.
    pub slot: ActSlot,
    /// Which attempt.
    pub attempt: u32,
    /// What came of it.
    pub verdict: Verdict,
}

/// How an act ended, as far as this process can know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The other side answered; the answer is encoded by the sink for the processor (JSON).
    Answered(String),
    /// Certainly nothing was sent; the reason is for people.
    NotSent(String),
    /// Something may have been sent and may have been executed; the reason is for people.
    Unknown(String),
    /// The act was found in the state by an owner that did not begin it, after a crash or a hand-over.
    Inherited,
}

/// How a sink reports: called once, from any thread.
pub type Completion = Box<dyn FnOnce(Outcome) + Send>;

/// Executes acts. Implemented on floor 6 by `sink`, called by `runtime`, wired by `cli`.
pub trait Sink: Send + Sync + fmt::Debug {
    /// Begins the call and returns at once. `expires_at` is on [`Clock::uptime`](super::Clock::uptime): when it has
    /// passed before the first byte is written, nothing is sent and the verdict is [`Verdict::NotSent`].
    #[expect(clippy::too_many_arguments, reason = "whose act, which act, until when, and where its outcome goes")]
    fn execute(&self, task: &TaskId, key: &Key, act: Act, expires_at: Duration, done: Completion);

    /// How many more acts for a target it takes at the moment; the rest wait in the act index. A target that it does not
    /// know takes any number: each comes back as [`Verdict::NotSent`].
    fn capacity(&self, to: &Target) -> usize;
}
