//! The messages between the tracking processor and the sink of its target: JSON in [`Act`](crate::model::Act) and
//! [`Verdict::Answered`](crate::model::Verdict).

use serde::{Deserialize, Deserializer, Serialize};

use super::state::Failure;
use crate::model::Verdict;

/// A call to the target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub enum Request {
    /// Ask for the state of a run. Idempotent.
    Ask {
        /// The unique name of the run's folder.
        folder: String,
        /// The server.
        server: String,
        /// The failures that were told already: another one is answered before them, and their logs are not needed again.
        #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "told")]
        told: Vec<Failure>,
    },
    /// Run a failed job again. Not idempotent; how it went is seen by the next [`Request::Ask`].
    Rerun {
        /// The id of the job.
        job_id: String,
    },
}

/// The failures that were told; a former version named one.
fn told<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Failure>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Told {
        One(Failure),
        Many(Vec<Failure>),
    }
    Ok(match Told::deserialize(deserializer)? {
        Told::One(failure) => vec![failure],
        Told::Many(failures) => failures,
    })
}

impl Request {
    /// The request as JSON.
    pub(super) fn encode(&self) -> String {
        // Strings and a tag always serialize; the sink would refuse an empty request without sending it.
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// The target's answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case", deny_unknown_fields)]
pub enum Answer {
    /// The run has not ended, and none of its jobs has failed.
    Active {
        /// The target's word for its state (`Executing`).
        status: String,
        /// True if it waits for something and nothing of it is executing.
        is_waiting: bool,
        /// What the target says of its SLA service, if it is late.
        late: Option<String>,
    },
    /// A job has failed. The run may go on, or be run again.
    Failed {
        /// The job: one that was not told, if there is one.
        job: FailedJob,
    },
    /// All jobs have ended well.
    Ended {
        /// The times of the run.
        times: Times,
    },
    /// The target does not list the run.
    Absent,
    /// The rerun was accepted.
    Rerun,
    /// The target did not take the request, with its message.
    Refused {
        /// The message.
        message: String,
    },
}

impl Answer {
    /// The verdict with this answer.
    pub fn verdict(&self) -> Verdict {
        Verdict::answered(self)
    }
}

/// A job that has failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailedJob {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The target's word for its state.
    pub status: String,
    /// The number of its runs: another failure of the same job is a new one.
    pub runs: u64,
    /// The last lines of its log; empty if they could not be read, or if the failure was told already.
    pub log: String,
    /// The times of its run.
    pub times: Times,
}

/// The times of a run, in RFC 3339, or in the target's words if they cannot be interpreted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Times {
    /// The start.
    pub started: Option<String>,
    /// The end.
    pub ended: Option<String>,
}
