//! Control-M's protocol: each submission becomes one folder, and a submit in doubt is looked up by the folder's unique name; or
//! it becomes an order of a deployed folder, which has no name that could be looked up ([`Mode`]).
//!
//! | file | content |
//! |---|---|
//! | `settings` | [`Folders`], [`Mode`], [`Submit`]; the usual durations and limits |
//! | `folder` | the folder's name |
//! | `order` | the name of an order, and what its body must have |
//! | `definition` | renders the job definition of a submission |
//! | [`jobs_as_code`] | the rules that a definition must obey |
//! | `preview` | renders the definition of one bundle, without a delivery |
//! | `check` | renders the definitions of sample bundles, before there is a bundle |
//! | `protocol` | the messages between the delivery processor and Control-M's sink |
//! | `count` | the metrics of rendering |
//!
//! Outcome records have the deliverable's name in `folder`, its revision in `template_revision`, the id of the run in `run_id` if
//! the submit was answered, and the id of the folder's job in `job_id` if a look-up found it.

mod check;
mod count;
mod definition;
mod folder;
pub mod jobs_as_code;
mod order;
mod preview;
mod protocol;
mod settings;

pub use definition::SLA;
pub use folder::{FOLDER_CHARS_MAX, is_folder_prefix};
pub use preview::Preview;
pub use protocol::{Answer, Request};
pub use settings::{CONTROL_M, CONTROL_M_RUNS, FOLDER_PREFIX, Folders, GIVE_UP_AFTER, Mode, Submit, usual_settings};

use std::time::Duration;

use serde_json::{Value, json};

use super::protocol::{LookUpAnswer, Prepared, Protocol, SubmitAnswer, Words};
use super::{Deliverable, Submission};
use crate::model::{Reject, RejectReason};
use crate::processor::Family;
use crate::processor::call::Certainty;

const WORDS: Words = Words {
    name: "folder",
    revision: "template_revision",
    accepted_id: "run_id",
    found_id: "job_id",
    absent: "no folder was found",
    remedy: "look for it in Control-M's archive",
};

const ORDER_WORDS: Words =
    Words { name: "order", remedy: "look for the run in Control-M, also in its archive", ..WORDS };

impl Protocol for Folders {
    fn prepare(&self, submission: &Submission) -> Result<Prepared, Reject> {
        let name = self.name(&submission.bundle_id)?;
        let folders = Self { template: self.template.fixed(), ..self.clone() };
        let revision = folders.template.revision();
        let (content, count) = match definition::render(&folders, submission, &name) {
            Ok(definition) => (Ok(definition), count::RENDERED),
            Err(error) => (Err(Reject::new(RejectReason::Render, error.to_string())), error.count()),
        };
        Ok(Prepared { name, content, revision, count: Some(count) })
    }

    fn submit_request(&self, deliverable: &Deliverable) -> String {
        let Deliverable { name, content, .. } = deliverable.clone();
        let request = match self.call(&name) {
            Mode::Order => Request::Order { name, order: content },
            Mode::Run => Request::Run { folder: name, definition: content },
            Mode::OnDemand => Request::Submit { folder: name, definition: content },
        };
        request.encode()
    }

    fn shown_request(&self, deliverable: &Deliverable) -> Value {
        let (path, kind) = match self.call(&deliverable.name) {
            Mode::OnDemand => ("/run/ondemand", "multipart/form-data"),
            Mode::Run => ("/run", "multipart/form-data"),
            Mode::Order => ("/run/order", "application/json"),
        };
        json!({ "method": "POST", "path": path, "headers": { "content-type": kind }, "body": deliverable.content })
    }

    fn certainty(&self, deliverable: &Deliverable) -> Certainty {
        if order::is_name(&deliverable.name) { Certainty::Once } else { Certainty::LookUp }
    }

    fn look_up_request(&self, deliverable: &Deliverable) -> Option<String> {
        let look_up = || Request::LookUp { folder: deliverable.name.clone(), server: self.server.clone() }.encode();
        (!order::is_name(&deliverable.name)).then(look_up)
    }

    fn submit_answer(&self, answer: &str) -> SubmitAnswer {
        match serde_json::from_str(answer) {
            Ok(Answer::Accepted { run_id }) => SubmitAnswer::Accepted { id: run_id },
            Ok(Answer::Refused { status, message }) => SubmitAnswer::Refused { detail: http(status, &message) },
            Ok(Answer::Busy { status, message, retry_after_ms }) => SubmitAnswer::Busy {
                detail: http(status, &message),
                retry_after: retry_after_ms.map(Duration::from_millis),
            },
            Ok(Answer::Found { .. } | Answer::Absent | Answer::Added) => {
                SubmitAnswer::Unclear { detail: "a response to another call".to_owned(), retry_after: None }
            }
            Err(error) => SubmitAnswer::Unclear { detail: format!("an invalid response: {error}"), retry_after: None },
        }
    }

    fn look_up_answer(&self, answer: &str) -> LookUpAnswer {
        let unclear = |detail| LookUpAnswer::Unclear { detail, retry_after: None };
        match serde_json::from_str(answer) {
            Ok(Answer::Found { job_id }) => LookUpAnswer::Found { id: job_id },
            Ok(Answer::Absent) => LookUpAnswer::Absent,
            Ok(Answer::Refused { status, message }) => unclear(http(status, &message)),
            Ok(Answer::Busy { status, message, retry_after_ms }) => LookUpAnswer::Unclear {
                detail: http(status, &message),
                retry_after: retry_after_ms.map(Duration::from_millis),
            },
            Ok(Answer::Accepted { .. } | Answer::Added) => unclear("a response to another request".to_owned()),
            Err(error) => unclear(format!("an invalid response: {error}")),
        }
    }

    fn words(&self, name: &str) -> &'static Words {
        if order::is_name(name) { &ORDER_WORDS } else { &WORDS }
    }

    fn metrics(&self) -> Vec<Family> {
        count::families()
    }
}

impl Folders {
    /// The call of a deliverable of this name. What was prepared before a change of the mode stays what it is: an order is told by
    /// its name.
    fn call(&self, name: &str) -> Mode {
        match self.mode {
            _ if order::is_name(name) => Mode::Order,
            Mode::Run => Mode::Run,
            Mode::OnDemand | Mode::Order => Mode::OnDemand,
        }
    }

    /// The name of a bundle's deliverable.
    fn name(&self, bundle_id: &str) -> Result<String, Reject> {
        match self.mode {
            Mode::OnDemand | Mode::Run => folder::name(&self.folder_prefix, bundle_id),
            Mode::Order => Ok(order::name(bundle_id)),
        }
    }
}

fn http(status: u16, message: &str) -> String {
    format!("HTTP {status}: {message}")
}
