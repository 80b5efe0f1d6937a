//! The state of a signal, and its encoding.

use serde::{Deserialize, Serialize};

use crate::codec::{self, Versioned, binary};
use crate::model::Timestamp;
use crate::processor::call::Call;

/// The state of one signal.
///
/// This type with all that it contains is version 1 of the stored form: bincode identifies fields by their order, so a change
/// needs a version 2 beside a frozen copy of this one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Signal {
    /// It has not ended.
    Adding(Adding),
    /// The event is there, or was.
    Added(Ended),
    /// The event is not there; final.
    Failed(Ended),
}

/// A signal that has not ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Adding {
    /// The bundle whose member has come.
    pub bundle_id: String,
    /// The coordinates of the record: `topic-partition@offset`.
    pub origin: String,
    /// The attempts.
    pub call: Call,
}

/// A signal that has ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    /// The time of the end.
    pub at: Timestamp,
}

impl Versioned for Signal {
    const VERSION: u16 = 1;
    const NAME: &'static str = "signal";

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), codec::Error> {
        binary::encode(self, out)
    }

    fn decode(_version: u16, bytes: &[u8]) -> Result<Self, codec::Error> {
        binary::decode(bytes)
    }
}
