//! What a delivery sends and what it was told, for the page of one delivery.

use serde_json::{Map, Value, json};

use super::{Content, Deliverable, End, Journal, LastAnswer, Open, Proof, Protocol};
use crate::model::Timestamp;

/// `request` with `method`, `path`, `headers` and `body`, while it is kept; `submission`, if the request could not be made; `answer` with `at` and
/// `text`, the latest one. Of what was submitted the request is not kept.
pub(super) fn content(protocol: &dyn Protocol, journal: &Journal) -> Value {
    let (request, submission, answer) = match journal {
        Journal::Submitting(open) | Journal::Waiting(open) | Journal::Unsure(open) | Journal::LookingUp(open) => {
            let Open { deliverable, last_answer, .. } = open;
            let answer = last_answer.as_ref().map(|LastAnswer { at, text }| shown(*at, text));
            (Some(protocol.shown_request(deliverable)), None, answer)
        }
        Journal::Submitted(end) | Journal::Failed(end) | Journal::Unknown(end) | Journal::Held(end) => {
            of_end(protocol, end)
        }
    };
    let parts = [("request", request), ("submission", submission), ("answer", answer)];
    let parts = parts.into_iter().filter_map(|(name, part)| Some((name.to_owned(), part?)));
    Value::Object(parts.collect::<Map<_, _>>())
}

fn of_end(protocol: &dyn Protocol, end: &End) -> (Option<Value>, Option<Value>, Option<Value>) {
    let End { name, revision, at, content, proof, detail, .. } = end;
    let (request, submission) = match content {
        Some(Content::Made(content)) => {
            let (name, content, revision) = (name.clone(), content.clone(), revision.clone());
            (Some(protocol.shown_request(&Deliverable { name, content, revision })), None)
        }
        Some(Content::Submission(text)) => (None, Some(Value::from(text.as_str()))),
        None => (None, None),
    };
    let text = match (proof, detail) {
        (_, Some(detail)) => Some(detail.clone()),
        (Some(Proof::Accepted(id)), None) => Some(format!("accepted: {id}")),
        (Some(Proof::Found(id)), None) => Some(format!("found by a look-up: {id}")),
        (None, None) => None,
    };
    (request, submission, text.map(|text| shown(*at, &text)))
}

fn shown(at: Timestamp, text: &str) -> Value {
    json!({ "at": at.to_string(), "text": text })
}
