//! A thread of a script.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::engine::Answered;
use crate::codec::{self, binary};
use crate::model::{Reject, RejectReason, Timestamp};
use crate::processor::flow::Digest;

/// A thread that waits: its inputs are all that there is of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Thread {
    /// The number of the engine with which it has begun ([`ENGINE`](super::engine::ENGINE)).
    pub engine: u16,
    /// The script with which it has begun.
    pub code: Digest,
    /// The time of its first input.
    pub begun: Timestamp,
    /// A hash of all inputs and of all that came of them: what it was, when it is run again, has to be the same.
    pub chain: [u8; 16],
    /// The ids of what it waits for.
    pub refs: Vec<String>,
    /// What `W.version` has answered, by name.
    pub versions: Answered,
    /// What it was given, in order, as it is stored: most steps do not read it.
    pub journal: Vec<Bytes>,
}

/// What a thread was given, which is a part of its entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entered {
    /// The id of the step: the offset of the record.
    pub step: String,
    /// The timestamp of the record.
    pub at: Timestamp,
    /// What it does.
    pub given: Given,
}

/// What a thread can be given. The order is that of the stored form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Given {
    /// It begins, with the argument of `main` as JSON.
    Begin(String),
    /// An event as JSON, for what waits for an id.
    Event(String, String),
    /// It is cancelled.
    Cancel,
}

impl Thread {
    /// What it was given, in order.
    pub fn entered(&self) -> impl Iterator<Item = Result<Entered, Reject>> {
        self.journal.iter().map(|stored| binary::decode(stored).map_err(|error| unreadable(&error)))
    }
}

impl Entered {
    /// True for an event that the thread waits for.
    pub(super) fn is_for(&self, thread: &Thread) -> bool {
        matches!(&self.given, Given::Event(waits, _) if thread.refs.contains(waits))
    }

    /// Its stored form.
    pub(super) fn stored(&self) -> Result<Bytes, Reject> {
        let mut bytes = Vec::new();
        binary::encode(self, &mut bytes).map_err(|error| unreadable(&error))?;
        Ok(Bytes::from(bytes))
    }
}

fn unreadable(error: &codec::Error) -> Reject {
    Reject::new(RejectReason::Unreadable, format!("an input of the thread: {error}"))
}
