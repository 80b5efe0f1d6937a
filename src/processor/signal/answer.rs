//! What Control-M's sink tells of an attempt, as an outcome of a call.

use crate::model::Verdict;
use crate::processor::call;
use crate::processor::delivery::control_m::Answer;

/// The verdict in the words of a call.
pub(super) fn of_call(verdict: Verdict) -> Verdict {
    let Verdict::Answered(answer) = verdict else { return verdict };
    match serde_json::from_str(&answer) {
        Ok(Answer::Added) => call::Answer::Executed { detail: String::new() }.verdict(),
        Ok(Answer::Refused { status, message }) => {
            call::Answer::Refused { detail: format!("HTTP {status}: {message}") }.verdict()
        }
        Ok(Answer::Busy { status, message, retry_after_ms }) => {
            call::Answer::Busy { detail: format!("HTTP {status}: {message}"), retry_after_ms }.verdict()
        }
        Ok(Answer::Accepted { .. } | Answer::Found { .. } | Answer::Absent) => {
            Verdict::Unknown("this is no answer to an event".to_owned())
        }
        Err(error) => Verdict::Unknown(format!("the answer is invalid: {error}")),
    }
}
