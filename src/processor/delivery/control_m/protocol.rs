//! What the delivery processor and the Control-M sink say to each other, inside [`Act`](crate::model::Act) and
//! [`Verdict::Answered`](crate::model::Verdict), as JSON.

use serde::{Deserialize, Serialize};

/// What the processor asks the sink to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub enum Request {
    /// Submit a job definition (`POST /run/ondemand`). Not idempotent: sent at most once per attempt.
    Submit {
        /// The unique name of the folder that the definition makes, by which a lost submit is looked up.
        folder: String,
        /// The definition, checked to be JSON.
        definition: String,
    },
    /// Ask whether a folder of that name was submitted (`GET /run/jobs/status`). Idempotent.
    LookUp {
        /// The folder's name.
        folder: String,
        /// The Control-M server.
        server: String,
    },
}

/// What the other side answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case", deny_unknown_fields)]
pub enum Answer {
    /// The submit was accepted.
    Accepted {
        /// Control-M's id of the run.
        run_id: String,
    },
    /// The look-up found the folder: the submit had been executed.
    Found {
        /// The id of the folder's job or of its first job.
        job_id: String,
    },
    /// The look-up found nothing.
    Absent,
    /// The other side did not execute the request and will not when it is repeated (400, 403, 404, 413, 422).
    Refused {
        /// The HTTP status.
        status: u16,
        /// Its words.
        message: String,
    },
    /// The other side did not execute the request and may when it is repeated (429, 401 after a fresh login, 503 in
    /// Control-M's own words).
    Busy {
        /// The HTTP status.
        status: u16,
        /// Its words.
        message: String,
        /// How long it asks to wait, in milliseconds (`Retry-After`).
        retry_after_ms: Option<u64>,
    },
}
