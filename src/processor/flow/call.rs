//! Calls of services: the request of an attempt, and what its outcome means for the step.
//!
//! | outcome | the step |
//! |---|---|
//! | executed | is done; the answer's body is its result |
//! | refused, by the rule or by its status | refused: it is not tried again |
//! | busy, not sent | has failed: it is tried again as its `retry` says |
//! | in doubt: no answer, or one that does not tell | has failed, if the request has a key by which a repetition is recognized; else it is held |
//! | the target is suspended, or the task has moved | the try does not count, and is made again |

use std::sync::Arc;
use std::time::Duration;

use uuid::Uuid;

use super::definition::Definition;
use super::graph::StepId;
use super::mutation::Mutation;
use crate::model::{Act, ActSlot, Key, Target, Verdict};
use crate::processor::call::{Certainty, Http, Method, Request, Response};
use crate::processor::delivery::SubmitAnswer;
use crate::processor::delivery::webhook::Rules;
use crate::template::{PathTemplate, Template};

/// The most calls of a definition: each has a slot of its own.
pub const CALLS_MAX: usize = 200;
/// The time within which an attempt may begin after its commit.
const VALID_FOR: Duration = Duration::from_secs(30);
/// The wait before a try that did not count is made again.
const AGAIN_AFTER: Duration = Duration::from_secs(5);

/// A call of a service.
#[derive(Clone, Debug)]
pub struct Call {
    /// The name of the sink.
    pub to: Arc<str>,
    /// The method.
    pub method: Method,
    /// The path below the sink's URL.
    pub path: PathTemplate,
    /// The body; without one an empty object.
    pub body: Option<Template>,
    /// The header of the key by which a repetition is recognized.
    pub key_header: String,
    /// What becomes of a request in doubt.
    pub certainty: Certainty,
    /// What an answer means.
    pub rules: Rules,
}

/// What the outcome of an attempt means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Judged {
    /// It is done; the result, a JSON text.
    Done(String),
    /// It is refused.
    Refused(String),
    /// It has failed, and may be tried again.
    Failed(String),
    /// It may have been executed, and a repetition would be executed again.
    InDoubt(String),
    /// The try does not count, and is made again after this time.
    Again(Duration, String),
}

/// The attempt of a call.
pub(super) struct CallAttempt<'a> {
    pub(super) key: &'a Key,
    pub(super) definition: &'a Definition,
    pub(super) step: StepId,
    /// The number of the attempt.
    pub(super) number: u32,
    /// The number of the first one of its tries: all of them have one key.
    pub(super) first: u32,
}

impl Call {
    /// The act of an attempt.
    pub(super) fn act(&self, attempt: &CallAttempt<'_>, slot: ActSlot, (path, body): (String, String)) -> Act {
        let request = Http {
            method: self.method,
            path,
            key_header: self.key_header.clone(),
            key: attempt.idempotency_key(),
            body,
        };
        Act {
            slot,
            attempt: attempt.number,
            to: Target::new(&self.to),
            valid_for: VALID_FOR,
            request: Request::Http(request).encode(),
        }
    }

    /// What an outcome means.
    pub(super) fn judge(&self, verdict: Verdict) -> Judged {
        let in_doubt = |detail: String| match self.certainty {
            Certainty::Idempotent | Certainty::LookUp => Judged::Failed(detail),
            Certainty::Once => Judged::InDoubt(detail),
        };
        let answer = match verdict {
            Verdict::Answered(answer) => answer,
            Verdict::NotSent(detail) => return Judged::Failed(detail),
            Verdict::Suspended(detail) => return Judged::Again(AGAIN_AFTER, detail),
            Verdict::Unknown(detail) => return in_doubt(detail),
            Verdict::Inherited => {
                let detail = "a former owner of the task may have made the call".to_owned();
                return match self.certainty {
                    Certainty::Idempotent | Certainty::LookUp => Judged::Again(Duration::ZERO, detail),
                    Certainty::Once => Judged::InDoubt(detail),
                };
            }
        };
        let response: Response = match serde_json::from_str(&answer) {
            Ok(response) => response,
            Err(error) => return in_doubt(format!("the answer cannot be read: {error}")),
        };
        match self.rules.judge(&response, self.certainty) {
            SubmitAnswer::Accepted { .. } => Judged::Done(result(&response)),
            SubmitAnswer::Refused { detail } => Judged::Refused(detail),
            SubmitAnswer::Busy { detail, .. } => Judged::Failed(detail),
            SubmitAnswer::Unclear { detail, .. } => in_doubt(detail),
        }
    }
}

/// The body as JSON: as it is, or a text.
fn result(response: &Response) -> String {
    let body = response.body.as_deref().unwrap_or_default();
    match serde_json::from_str::<&serde_json::value::RawValue>(body) {
        Ok(json) => json.get().to_owned(),
        Err(_) => serde_json::Value::from(body).to_string(),
    }
}

impl CallAttempt<'_> {
    /// The key by which the receiver recognizes a repetition: a UUID of version 5 of flow, key, step and first try.
    fn idempotency_key(&self) -> String {
        let step = &self.definition.graph.step(self.step).name;
        let try_of_key = if self.definition.breaks(Mutation::TryHasNewKey) { self.number } else { self.first };
        let name = format!("{}\0{}\0call\0{step}\0{try_of_key}", self.definition.name, self.key.text());
        Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes()).to_string()
    }
}
