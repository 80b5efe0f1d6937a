//! A thread of a script.

use serde::{Deserialize, Serialize};

use crate::model::Timestamp;
use crate::processor::flow::Digest;

/// A thread that waits: its inputs are all that there is of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Thread {
    /// The script with which it has begun.
    pub code: Digest,
    /// A hash of all inputs and of all that came of them: what it was, when it is run again, has to be the same.
    pub chain: [u8; 16],
    /// What it was given, in order.
    pub journal: Vec<Entered>,
}

/// What a thread was given, which is a part of its entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entered {
    /// The id of the step: the offset of the record.
    pub step: String,
    /// The timestamp of the record.
    pub at: Timestamp,
    /// True if it has begun the thread.
    pub is_new: bool,
    /// The argument of `main`, or the event, as JSON.
    pub text: String,
}

impl Thread {
    /// The time of its first input.
    pub fn begun_at(&self) -> Timestamp {
        self.journal.first().map_or(Timestamp::MIN, |first| first.at)
    }
}
