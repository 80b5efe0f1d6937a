//! The state of tracking, and its encoding.

use serde::{Deserialize, Serialize};

use crate::codec::{self, Versioned, binary};
use crate::model::Timestamp;

/// The run of one bundle.
///
/// This type with all that it contains is version 2 of the stored form: bincode identifies fields by their order, so a change
/// needs a version 3 beside a frozen copy of this one, as there is of version 1.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Tracking {
    /// It has not ended.
    Followed(Run),
    /// It has ended.
    Ended(Ended),
}

/// The failure of a job: its id, and the number of its runs.
pub type Failure = (String, u64);

/// The most failures of one run that are told until all are mended.
pub const TOLD_MAX: usize = 100;

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
    /// The failed job that a rerun would run again, while one has failed.
    pub failed_job: Option<Failure>,
    /// The failures that were told, while a job has failed; at most [`TOLD_MAX`].
    pub told_jobs: Vec<Failure>,
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
            told_jobs: Vec::new(),
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
    const VERSION: u16 = 2;
    const NAME: &'static str = "run";

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), codec::Error> {
        binary::encode(self, out)
    }

    fn decode(version: u16, bytes: &[u8]) -> Result<Self, codec::Error> {
        if version == 1 { binary::decode::<TrackingV1>(bytes).map(Self::from) } else { binary::decode(bytes) }
    }
}

#[derive(Deserialize)]
enum TrackingV1 {
    Followed(RunV1),
    Ended(Ended),
}

#[derive(Deserialize)]
struct RunV1 {
    folder: String,
    run_id: String,
    submitted_at: Timestamp,
    status: String,
    call: u32,
    records: u32,
    failed_job: Option<Failure>,
    is_rerun: bool,
    told_waiting: bool,
    told_late: bool,
}

impl From<TrackingV1> for Tracking {
    fn from(tracking: TrackingV1) -> Self {
        match tracking {
            TrackingV1::Ended(ended) => Self::Ended(ended),
            TrackingV1::Followed(run) => Self::Followed(Run {
                folder: run.folder,
                run_id: run.run_id,
                submitted_at: run.submitted_at,
                status: run.status,
                call: run.call,
                records: run.records,
                told_jobs: run.failed_job.iter().cloned().collect(),
                failed_job: run.failed_job,
                is_rerun: run.is_rerun,
                told_waiting: run.told_waiting,
                told_late: run.told_late,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A run with a failed job, as version 1 has stored it.
    const FAILED_V1: [u8; 20] = [0, 1, b'f', 1, b'r', 10, 2, b'N', b'O', 3, 1, 1, 3, b's', b':', b'1', 2, 0, 1, 0];

    #[test]
    fn a_run_of_version_1_has_told_its_failed_job() {
        let Tracking::Followed(run) = Tracking::decode(1, &FAILED_V1).unwrap() else { panic!("it is followed") };
        let failure = ("s:1".to_owned(), 2);
        assert_eq!((run.failed_job.as_ref(), run.told_jobs.as_slice()), (Some(&failure), &[failure.clone()][..]));
        assert_eq!((run.call, run.records, run.is_rerun, run.told_waiting, run.told_late), (3, 1, false, true, false));
        let mut encoded = Vec::new();
        let tracking = Tracking::Followed(run);
        tracking.encode(&mut encoded).unwrap();
        assert_eq!(Tracking::decode(2, &encoded).unwrap(), tracking);
    }
}
