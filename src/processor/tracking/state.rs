//! The state of tracking, and its encoding.

use serde::{Deserialize, Serialize};

use crate::codec::{self, Versioned, binary};
use crate::model::Timestamp;

/// The run of one bundle.
///
/// This type with all that it contains is version 1 of the stored form: bincode identifies fields by their order, so a change
/// needs a version 2 beside a frozen copy of this one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Tracking {
    /// It has not ended.
    Followed(Run),
    /// It has ended.
    Ended(Ended),
}

/// A run that has not ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// The unique name of its folder.
    pub folder: String,
    /// The id in the answer to the submit; empty if a look-up found the folder.
    pub run_id: String,
    /// The time of the submit's outcome.
    pub submitted_at: Timestamp,
    /// The target's latest word for its state; empty before the first answer.
    pub status: String,
    /// The number of the latest call.
    pub call: u32,
    /// The number of records written about runs of this bundle, for their ids.
    pub records: u32,
    /// The id of the failed job, while one has failed, and the number of its runs.
    pub failed_job: Option<(String, u64)>,
    /// True after a rerun, until an answer tells what became of it.
    pub is_rerun: bool,
    /// True after the alert about waiting.
    pub told_waiting: bool,
    /// True after the alert about its SLA service.
    pub told_late: bool,
}

impl Run {
    /// A run that was submitted at this time.
    pub const fn new(folder: String, run_id: String, submitted_at: Timestamp) -> Self {
        Self {
            folder,
            run_id,
            submitted_at,
            status: String::new(),
            call: 0,
            records: 0,
            failed_job: None,
            is_rerun: false,
            told_waiting: false,
            told_late: false,
        }
    }

    /// The run after its end, which a record tells.
    pub(super) fn ended(self, is_ok: bool, at: Timestamp) -> Ended {
        let Self { folder, call, records, .. } = self;
        Ended { folder, is_ok, at, call, records: records.saturating_add(1) }
    }
}

/// A run that has ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    /// The unique name of its folder.
    pub folder: String,
    /// True if it has ended well, false if it is gone.
    pub is_ok: bool,
    /// The time of the answer that told.
    pub at: Timestamp,
    /// The number of the latest call.
    pub call: u32,
    /// The number of records written about runs of this bundle.
    pub records: u32,
}

impl Versioned for Tracking {
    const VERSION: u16 = 1;
    const NAME: &'static str = "run";

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), codec::Error> {
        binary::encode(self, out)
    }

    fn decode(_version: u16, bytes: &[u8]) -> Result<Self, codec::Error> {
        binary::decode(bytes)
    }
}
