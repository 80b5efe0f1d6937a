//! The messages between the delivery processor and Control-M's sink: JSON inside of [`Act`](crate::model::Act) and
//! [`Verdict::Answered`](crate::model::Verdict).

use serde::{Deserialize, Serialize};

/// A call to Control-M.
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

impl Request {
    /// As JSON.
    pub(super) fn encode(&self) -> String {
        // Texts and a tag always have a form in JSON; a request without one would be refused by the sink, unsent.
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// Control-M's answer to a call.
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
    /// Control-M did not execute the request, and would not execute a repeated one (400, 403, 404, 413, 422).
    Refused {
        /// The HTTP status.
        status: u16,
        /// Control-M's words.
        message: String,
    },
    /// Control-M did not execute the request, and may execute a repeated one (429, 401, 503 with its own list of errors).
    Busy {
        /// The HTTP status.
        status: u16,
        /// Control-M's words.
        message: String,
        /// The wait that it asks for, in milliseconds (`Retry-After`).
        retry_after_ms: Option<u64>,
    },
}
