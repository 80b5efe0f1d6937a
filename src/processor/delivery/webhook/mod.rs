//! The protocol of a service over HTTP: each submission becomes one request, whose body a template renders.
//!
//! | file | content |
//! |---|---|
//! | `rules` | what an answer means |
//! | `check` | renders the requests of sample bundles, before there is a bundle |
//! | `values` | a bundle as the templates of body and path see it |
//! | `count` | the metrics of rendering |
//!
//! # The key
//!
//! A request has a key by which its receiver recognizes a repetition (`Idempotency-Key`): a UUID of version 5 of the
//! application, the bundle and the number of the series of attempts. It is stored with the request, so all attempts of a series
//! send the same bytes. A new series begins only after a certain end without an execution, by an operator's command; its number
//! is that of the commands, so that no series has the number of a former one, whose bytes may be other ones.
//!
//! Outcome records have the deliverable's name in `request`, its revision in `template_revision`, and the beginning of the
//! answer in `answer`.

mod check;
mod count;
mod rules;
mod values;

pub use rules::{Rules, VARIABLES};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::protocol::{LookUpAnswer, Prepared, Protocol, SubmitAnswer, Words};
use super::{Deliverable, Submission};
use crate::model::{Reject, RejectReason};
use crate::processor::call::{Certainty, Http, Method, Request, Response};
use crate::processor::{Count, Family};
use crate::template::{PathTemplate, Template};
use values::Values;

/// The header of the key, in the form that is in use: without the quotes of draft-ietf-httpapi-idempotency-key-header.
pub const KEY_HEADER: &str = "Idempotency-Key";

const WORDS: Words = Words {
    name: "request",
    revision: "template_revision",
    accepted_id: "answer",
    found_id: "answer",
    absent: "it was not executed",
    remedy: "look at its receiver",
};

/// The protocol of a service over HTTP.
#[derive(Clone, Debug)]
pub struct Requests {
    /// The application, which is part of the keys.
    pub application: String,
    /// The method.
    pub method: Method,
    /// The path below the sink's URL.
    pub path: PathTemplate,
    /// The template of the body, which is one JSON object.
    pub template: Template,
    /// The header of the key.
    pub key_header: String,
    /// What becomes of a request in doubt: repeated, or told to a person.
    pub certainty: Certainty,
    /// What an answer means.
    pub rules: Rules,
}

/// The stored content of a deliverable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Content {
    /// The number of the series of attempts, from 1.
    series: u32,
    /// The bundle's id.
    bundle_id: String,
    request: Http,
}

impl Protocol for Requests {
    fn prepare(&self, submission: &Submission) -> Result<Prepared, Reject> {
        let fixed = Self { template: self.template.fixed(), ..self.clone() };
        let revision = fixed.template.revision();
        let (content, count) = match fixed.request(&Values::of(submission)) {
            Ok(request) => {
                let content = Content { series: 1, bundle_id: submission.bundle_id.clone(), request };
                (Ok(encode(&content)), super::count::RENDERED)
            }
            Err((detail, count)) => (Err(Reject::new(RejectReason::Render, detail)), count),
        };
        Ok(Prepared { name: format!("request-{}", submission.bundle_id), content, revision, count: Some(count) })
    }

    fn submit_request(&self, deliverable: &Deliverable) -> String {
        // What is no request is refused by the sink, without being sent.
        let content: Option<Content> = serde_json::from_str(&deliverable.content).ok();
        content.map(|content| Request::Http(content.request).encode()).unwrap_or_default()
    }

    fn shown_request(&self, deliverable: &Deliverable) -> Value {
        let Ok(Content { request, .. }) = serde_json::from_str(&deliverable.content) else {
            return json!({ "body": deliverable.content });
        };
        let Http { method, path, key_header, key, body } = request;
        json!({
            "method": method,
            "path": path,
            "headers": { "content-type": "application/json", key_header: key },
            "body": body,
        })
    }

    fn certainty(&self, _deliverable: &Deliverable) -> Certainty {
        self.certainty
    }

    fn look_up_request(&self, _deliverable: &Deliverable) -> Option<String> {
        None
    }

    fn renew(&self, deliverable: Deliverable, series: u32) -> Deliverable {
        let Ok(Content { bundle_id, request, .. }) = serde_json::from_str(&deliverable.content) else {
            return deliverable;
        };
        let request = Http { key: self.key(&bundle_id, series), ..request };
        Deliverable { content: encode(&Content { series, bundle_id, request }), ..deliverable }
    }

    fn submit_answer(&self, answer: &str) -> SubmitAnswer {
        match serde_json::from_str::<Response>(answer) {
            Ok(response) => self.rules.judge(&response, self.certainty),
            Err(error) => SubmitAnswer::Unclear { detail: format!("an invalid response: {error}"), retry_after: None },
        }
    }

    fn look_up_answer(&self, _answer: &str) -> LookUpAnswer {
        LookUpAnswer::Unclear { detail: "a request is not looked up".to_owned(), retry_after: None }
    }

    fn words(&self, _name: &str) -> &'static Words {
        &WORDS
    }

    fn metrics(&self) -> Vec<Family> {
        count::families()
    }
}

impl Requests {
    /// The request of a bundle's first series, or why there is none.
    fn request<P: Serialize>(&self, values: &Values<'_, P>) -> Result<Http, (String, Count)> {
        let path = self.path.render(values).map_err(|detail| (detail, count::PATH))?;
        let body = self.template.render(values);
        let body = body.map_err(|error| (error.to_string(), super::count::render(error.kind())))?.text;
        let key = self.key(values.bundle_id, 1);
        Ok(Http { method: self.method, path, key_header: self.key_header.clone(), key, body })
    }

    /// The body of a bundle's request, given as the value of a submission record.
    pub fn preview(&self, submission: &[u8]) -> Result<String, Reject> {
        let submission = Submission::decode(submission)?;
        let request = self.request(&Values::of(&submission));
        request.map(|request| request.body).map_err(|(detail, _)| Reject::new(RejectReason::Render, detail))
    }

    fn key(&self, bundle_id: &str, series: u32) -> String {
        let name = format!("{}/{bundle_id}/{series}", self.application);
        Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes()).to_string()
    }
}

fn encode(content: &Content) -> String {
    // Texts and a number always serialize.
    serde_json::to_string(content).unwrap_or_default()
}
