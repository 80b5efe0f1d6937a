//! The interface of a delivery to its target: requests, the meaning of answers, words for people.

use std::fmt;
use std::time::Duration;

use super::journal::Deliverable;
use super::submission::Submission;
use crate::model::Reject;
use crate::processor::{Count, Family};

/// The making of deliverables, and the calls to the target that submit them and look them up.
///
/// As pure as a step: the same arguments give the same result. Requests and answers are texts between the protocol and the
/// target's sink; the journal only passes them on.
pub trait Protocol: fmt::Debug + Send + Sync + 'static {
    /// The deliverable of a submission. An `Err` rejects the submission: there is no journal of it.
    fn prepare(&self, submission: &Submission) -> Result<Prepared, Reject>;

    /// The request of a submit.
    fn submit_request(&self, deliverable: &Deliverable) -> String;

    /// The request of a look-up: was a submit of this deliverable executed? It is idempotent.
    fn look_up_request(&self, deliverable: &Deliverable) -> String;

    /// The meaning of an answer to a submit.
    fn submit_answer(&self, answer: &str) -> SubmitAnswer;

    /// The meaning of an answer to a look-up.
    fn look_up_answer(&self, answer: &str) -> LookUpAnswer;

    /// The words of the target in records, alerts and errors.
    fn words(&self) -> &'static Words;

    /// The families of [`Prepared::count`], each with all its series.
    fn metrics(&self) -> Vec<Family>;
}

/// A new [`Deliverable`], or the reason why its content cannot be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prepared {
    /// The unique name.
    pub name: String,
    /// The content. An `Err` ends the delivery as Failed, with an alert and a dead letter of this reason.
    pub content: Result<String, Reject>,
    /// The revision of the template of the content, or of whatever else it is made with.
    pub revision: String,
    /// The count of the making, or of its failure.
    pub count: Option<Count>,
}

/// The meaning of an answer to a submit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SubmitAnswer {
    /// The submit was executed.
    Accepted {
        /// The target's id of it.
        id: String,
    },
    /// The submit was not executed, and a repeated one would not be.
    Refused {
        /// The reason.
        detail: String,
    },
    /// The submit was not executed, and a repeated one may be.
    Busy {
        /// The reason.
        detail: String,
        /// The wait that the target asks for.
        retry_after: Option<Duration>,
    },
    /// The submit may have been executed: the answer cannot be read, or is none to a submit.
    Unclear,
}

/// The meaning of an answer to a look-up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LookUpAnswer {
    /// A submit was executed.
    Found {
        /// The target's id of it.
        id: String,
    },
    /// The target shows no submit.
    Absent,
    /// Neither of the two is known: the target cannot tell now, or the answer cannot be read, or is none to a look-up.
    Unclear {
        /// The reason.
        detail: String,
        /// The wait that the target asks for.
        retry_after: Option<Duration>,
    },
}

/// The words of a target in outcome records, in alerts, and in the reasons of bad ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Words {
    /// The field with the deliverable's name, of records and alerts (`folder`).
    pub name: &'static str,
    /// The field with the deliverable's revision, of records and alerts (`template_revision`).
    pub revision: &'static str,
    /// The field with the id of [`SubmitAnswer::Accepted`], of records (`run_id`).
    pub accepted_id: &'static str,
    /// The field with the id of [`LookUpAnswer::Found`], of records (`job_id`).
    pub found_id: &'static str,
    /// The sentence for [`LookUpAnswer::Absent`] (`no folder was found`).
    pub absent: &'static str,
    /// The remedy when an empty look-up comes too late to tell (`look for it in the archive`).
    pub remedy: &'static str,
}
