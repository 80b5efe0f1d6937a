//! What a sink tells of an attempt: JSON in [`Verdict::Answered`].

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::model::Verdict;

/// The longest quotation of a body, in characters.
const QUOTED_MAX: usize = 200;

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

/// An HTTP response to [`Request::Http`](super::Request::Http), whose meaning its processor knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Response {
    /// The status.
    pub status: u16,
    /// The wait that the receiver asks for, in milliseconds.
    pub retry_after_ms: Option<u64>,
    /// The body as text; `None` if it is incomplete or too long.
    pub body: Option<String>,
}

/// The status and the beginning of the body, in one line.
impl fmt::Display for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HTTP {}", self.status)?;
        let text: Vec<&str> = self.body.as_deref().unwrap_or_default().split_whitespace().collect();
        let text: String = text.join(" ").chars().take(QUOTED_MAX).collect();
        if text.is_empty() { Ok(()) } else { write!(f, ": {text}") }
    }
}
