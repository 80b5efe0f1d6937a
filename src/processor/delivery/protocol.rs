//! The interface of a delivery to its target: requests, answers, and the names and texts in records.

use std::fmt;
use std::time::Duration;

use serde_json::{Value, json};

use super::journal::Deliverable;
use super::submission::Submission;
use crate::model::Reject;
use crate::processor::call::Certainty;
use crate::processor::{Count, Family};

/// Prepares deliverables, and encodes and decodes the calls that submit them and look them up.
///
/// Pure, like a step: the result depends on the arguments only. Requests and answers are opaque to the journal, between the
/// protocol and the target's sink.
pub trait Protocol: fmt::Debug + Send + Sync + 'static {
    /// Prepares the deliverable of a submission, for its first series of submits. After an `Err` the delivery has failed, under the bundle's id.
    fn prepare(&self, submission: &Submission) -> Result<Prepared, Reject>;

    /// Encodes the request of a submit.
    fn submit_request(&self, deliverable: &Deliverable) -> String;

    /// The request of a submit, for a person: `method`, `path`, `headers` and `body`, as far as the deliverable has them. The address and the
    /// credential are the sink's own. By default the content of the deliverable as `body`.
    fn shown_request(&self, deliverable: &Deliverable) -> Value {
        json!({ "body": deliverable.content })
    }

    /// What is known of a submit in doubt: it is looked up, repeated as it is, or Unknown at once.
    fn certainty(&self, deliverable: &Deliverable) -> Certainty;

    /// Encodes the request of a look-up, which finds out if a submit of this deliverable was executed. Idempotent. `None` unless
    /// the certainty is [`Certainty::LookUp`].
    fn look_up_request(&self, deliverable: &Deliverable) -> Option<String>;

    /// The deliverable for the series of submits with this number, from 2, after a certain end of all submits of the former ones
    /// without an execution. With [`Certainty::Idempotent`] each series has another key, as a receiver may repeat its answer to the
    /// former one, or refuse another content with the same key.
    fn renew(&self, deliverable: Deliverable, _series: u32) -> Deliverable {
        deliverable
    }

    /// Decodes the answer to a submit.
    fn submit_answer(&self, answer: &str) -> SubmitAnswer;

    /// Decodes the answer to a look-up.
    fn look_up_answer(&self, answer: &str) -> LookUpAnswer;

    /// The target's field names and texts in records, alerts and errors about a deliverable of this name.
    fn words(&self, name: &str) -> &'static Words;

    /// The families of [`Prepared::count`], each with all its series.
    fn metrics(&self) -> Vec<Family>;
}

/// A new [`Deliverable`], or the error of preparing its content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prepared {
    /// The unique name.
    pub name: String,
    /// The content. An `Err` ends the delivery as Failed, with an alert and a dead letter of this reason.
    pub content: Result<String, Reject>,
    /// The revision of the template, or of another origin of the content.
    pub revision: String,
    /// The increment for the preparation or its failure.
    pub count: Option<Count>,
}

/// A decoded answer to a submit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SubmitAnswer {
    /// The submit was executed.
    Accepted {
        /// The id of the submit at the target.
        id: String,
    },
    /// The submit was not executed, and a retry would be refused too.
    Refused {
        /// The reason.
        detail: String,
    },
    /// The submit was not executed, and a retry may succeed.
    Busy {
        /// The reason.
        detail: String,
        /// The wait requested by the target.
        retry_after: Option<Duration>,
    },
    /// The submit is in doubt: the answer is invalid, belongs to another call, or does not tell.
    Unclear {
        /// The reason.
        detail: String,
        /// The wait requested by the target.
        retry_after: Option<Duration>,
    },
}

/// A decoded answer to a look-up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LookUpAnswer {
    /// A submit was executed.
    Found {
        /// The id of the submit at the target.
        id: String,
    },
    /// The target has no submit.
    Absent,
    /// No result: the target is busy, or the answer is invalid or belongs to another call.
    Unclear {
        /// The reason.
        detail: String,
        /// The wait requested by the target.
        retry_after: Option<Duration>,
    },
}

/// A target's field names and texts in outcome records, alerts, and the details of failures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Words {
    /// The field name of the deliverable's name in records and alerts (`folder`).
    pub name: &'static str,
    /// The field name of the deliverable's revision in records and alerts (`template_revision`).
    pub revision: &'static str,
    /// The field name of the id of [`SubmitAnswer::Accepted`] in records (`run_id`).
    pub accepted_id: &'static str,
    /// The field name of the id of [`LookUpAnswer::Found`] in records (`job_id`).
    pub found_id: &'static str,
    /// The text for [`LookUpAnswer::Absent`] (`no folder was found`).
    pub absent: &'static str,
    /// The remedy for an empty look-up after the horizon (`look for it in the archive`).
    pub remedy: &'static str,
}
