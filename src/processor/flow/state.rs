//! The state of a flow, and its encoding.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::definition::Digest;
use super::graph::StepId;
use super::progress::Progress;
use crate::codec::{self, Versioned, binary};
use crate::model::Timestamp;

/// An instance of a flow.
///
/// This type with all that it contains is version 1 of the stored form: bincode identifies fields by their order, so a change
/// needs a version 2 beside a frozen copy of this one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flow {
    /// The status of each step.
    pub progress: Progress,
    /// What else is known of it.
    pub facts: Facts,
}

/// What is known of a flow beside its progress.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// The name of its definition.
    pub name: String,
    /// The definition with which it has begun.
    pub definition: Digest,
    /// The data of the message that has begun it, a JSON text.
    pub start: String,
    /// Attributes of that message which its own messages repeat, as JSON texts.
    pub carried: BTreeMap<String, String>,
    /// The results of steps, as JSON texts.
    pub results: BTreeMap<StepId, String>,
    /// The people who have claimed tasks, or to whom they were given.
    pub people: BTreeMap<StepId, String>,
    /// The time of the start.
    pub started_at: Timestamp,
    /// The time of the last change.
    pub changed_at: Timestamp,
    /// The number of changes.
    pub version: u32,
    /// The number of records about its ends, for their ids.
    pub ends: u32,
    /// The ids of the latest commands, at most [`COMMANDS_KEPT`]: a repeated one changes nothing.
    pub commands: Vec<Uuid>,
}

/// The most ids of commands that a flow keeps.
pub const COMMANDS_KEPT: usize = 8;

/// The most bytes of the results of a flow, with the data of its start: they are one entry.
pub(super) const RESULTS_MAX: usize = 512 << 10;

impl Facts {
    /// True if this result of a step can be kept beside the others.
    pub(super) fn has_room(&self, step: StepId, result: &str) -> bool {
        let others = self.results.iter().filter(|(id, _)| **id != step).map(|(_, result)| result.len());
        self.start.len() + others.sum::<usize>() + result.len() <= RESULTS_MAX
    }
}

impl Versioned for Flow {
    const VERSION: u16 = 1;
    const NAME: &'static str = "flow";

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), codec::Error> {
        binary::encode(self, out)
    }

    fn decode(version: u16, bytes: &[u8]) -> Result<Self, codec::Error> {
        if version != Self::VERSION {
            return Err(codec::Error::Corrupt(format!("unknown version {version} of a flow")));
        }
        binary::decode(bytes)
    }
}
