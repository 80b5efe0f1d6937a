//! What an outcome means: for a submit, and for a look-up.
//!
//! An answer of the wrong kind or one that cannot be read is no answer: a submit may have been executed, and a look-up
//! tells nothing.

use super::control_m::Answer;
use crate::model::{ActSlot, Outcome, Verdict};

/// The slot of submits.
pub(super) const SUBMIT: ActSlot = ActSlot(0);
/// The slot of look-ups.
pub(super) const LOOK_UP: ActSlot = ActSlot(1);

/// Which call of an entry, by the number of its act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Call {
    Submit(u32),
    LookUp(u32),
}

impl Call {
    /// The call that an outcome is of; `None` for a slot that this processor does not use.
    pub(super) const fn of(outcome: &Outcome) -> Option<Self> {
        match outcome.slot {
            SUBMIT => Some(Self::Submit(outcome.attempt)),
            LOOK_UP => Some(Self::LookUp(outcome.attempt)),
            ActSlot(_) => None,
        }
    }
}

/// What is known of a submit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Submitted {
    Accepted { run_id: String },
    Refused { detail: String },
    Busy { detail: String, retry_after_ms: Option<u64> },
    NotSent { detail: String },
    Unknown { detail: String },
    Inherited,
}

/// What a look-up told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum LookedUp {
    Found { job_id: String },
    Absent,
    Failed { detail: String, retry_after_ms: Option<u64> },
}

/// Reads the verdict on a submit.
pub(super) fn submitted(verdict: Verdict) -> Submitted {
    let answer = match verdict {
        Verdict::NotSent(detail) => return Submitted::NotSent { detail },
        Verdict::Unknown(detail) => return Submitted::Unknown { detail },
        Verdict::Inherited => return Submitted::Inherited,
        Verdict::Answered(answer) => answer,
    };
    match serde_json::from_str(&answer) {
        Ok(Answer::Accepted { run_id }) => Submitted::Accepted { run_id },
        Ok(Answer::Refused { status, message }) => Submitted::Refused { detail: http(status, &message) },
        Ok(Answer::Busy { status, message, retry_after_ms }) => {
            Submitted::Busy { detail: http(status, &message), retry_after_ms }
        }
        Ok(Answer::Found { .. } | Answer::Absent) => Submitted::Unknown { detail: "a look-up's answer".to_owned() },
        Err(error) => Submitted::Unknown { detail: format!("an answer that cannot be read: {error}") },
    }
}

/// Reads the verdict on a look-up.
pub(super) fn looked_up(verdict: Verdict) -> LookedUp {
    let failed = |detail| LookedUp::Failed { detail, retry_after_ms: None };
    let answer = match verdict {
        Verdict::NotSent(detail) | Verdict::Unknown(detail) => return failed(detail),
        Verdict::Inherited => return failed("the look-up was begun by another owner".to_owned()),
        Verdict::Answered(answer) => answer,
    };
    match serde_json::from_str(&answer) {
        Ok(Answer::Found { job_id }) => LookedUp::Found { job_id },
        Ok(Answer::Absent) => LookedUp::Absent,
        Ok(Answer::Refused { status, message }) => failed(http(status, &message)),
        Ok(Answer::Busy { status, message, retry_after_ms }) => {
            LookedUp::Failed { detail: http(status, &message), retry_after_ms }
        }
        Ok(Answer::Accepted { .. }) => failed("a submit's answer".to_owned()),
        Err(error) => failed(format!("an answer that cannot be read: {error}")),
    }
}

fn http(status: u16, message: &str) -> String {
    format!("HTTP {status}: {message}")
}
