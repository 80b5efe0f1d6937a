//! What a sink tells of an attempt: JSON in [`Verdict::Answered`](crate::model::Verdict).

use serde::{Deserialize, Serialize};

use crate::model::Verdict;

/// The response to a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case", deny_unknown_fields)]
pub enum Answer {
    /// The call was executed.
    Executed {
        /// The response as text.
        detail: String,
    },
    /// The call was not executed, and a retry would be refused too.
    Refused {
        /// The reason.
        detail: String,
    },
    /// The call was not executed, and a retry may succeed.
    Busy {
        /// The reason.
        detail: String,
        /// The wait that the receiver asks for, in milliseconds.
        retry_after_ms: Option<u64>,
    },
}

impl Answer {
    /// The verdict with this answer.
    pub fn verdict(&self) -> Verdict {
        Verdict::answered(self)
    }
}
