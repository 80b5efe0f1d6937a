//! The messages between the delivery processor and Control-M's sink: JSON in [`Act`](crate::model::Act) and
//! [`Verdict::Answered`](crate::model::Verdict).

use serde::{Deserialize, Serialize};

/// A call to Control-M.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub enum Request {
    /// Submit a job definition (`POST /run/ondemand`). Not idempotent: sent at most once per attempt.
    Submit {
        /// The unique name of the folder in the definition, by which a submit in doubt is looked up.
        folder: String,
        /// The definition, validated as JSON.
        definition: String,
    },
    /// Deploy a job definition and run it (`POST /run`), so that it is kept in Planning. Not idempotent: sent at most once per
    /// attempt.
    Run {
        /// The unique name of the folder in the definition, by which a submit in doubt is looked up.
        folder: String,
        /// The definition, validated as JSON.
        definition: String,
    },
    /// Order a deployed folder (`POST /run/order`). Neither idempotent, nor can it be looked up: sent at most once per attempt.
    Order {
        /// The name of the delivery.
        name: String,
        /// The body, a JSON object with the name of the deployed folder.
        order: String,
    },
    /// Add an event without a date (`POST /run/event/{server}`). One that is there already is no error, so this is idempotent.
    AddEvent {
        /// The name of the event.
        event: String,
        /// The Control-M server.
        server: String,
    },
    /// Look a folder up by its name (`GET /run/jobs/status`). Idempotent.
    LookUp {
        /// The folder's name.
        folder: String,
        /// The Control-M server.
        server: String,
    },
}

impl Request {
    /// The request as JSON.
    pub(in crate::processor) fn encode(&self) -> String {
        // Strings and a tag always serialize; the sink would refuse an empty request without sending it.
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// Control-M's response to a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case", deny_unknown_fields)]
pub enum Answer {
    /// The submit was accepted.
    Accepted {
        /// Control-M's id of the run.
        run_id: String,
    },
    /// The look-up found the folder: the submit was executed.
    Found {
        /// The id of the folder or of its first job.
        job_id: String,
    },
    /// The look-up found nothing.
    Absent,
    /// The event is there: it was added, or was there before.
    Added,
    /// Control-M did not execute the request, and would refuse a retry: the answer is about this definition.
    Refused {
        /// The HTTP status.
        status: u16,
        /// Control-M's message.
        message: String,
    },
    /// Control-M did not execute the request, and may execute a retry (429, 503 with its own list of errors).
    Busy {
        /// The HTTP status.
        status: u16,
        /// Control-M's message.
        message: String,
        /// The value of `Retry-After`, in milliseconds.
        retry_after_ms: Option<u64>,
    },
}
