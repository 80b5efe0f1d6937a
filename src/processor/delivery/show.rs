//! A delivery as JSON: where it stands, and what became of its submits; without the content.

use serde_json::{Value, json};

use super::{Journal, Proof, status};
use crate::model::{Key, Timestamp};

/// The delivery as JSON.
///
/// `status`, `name` of what is submitted, `revision` of its template, `source` of the submission, `attempts`. Of an open delivery
/// `since`, `last_submit_at`, `last_answer` with its time, why it goes on, and, while a submit is in doubt, `doubtful_since`; of an ended one `ended_at`, `id` at the target if
/// there is one, and `reason` if it failed.
pub(super) fn show(key: &Key, journal: &Journal) -> Value {
    let statuses = status::listing(journal).statuses;
    let statuses = statuses.as_slice().iter().map(|status| status::name(*status));
    let (key, status) = (key.text(), statuses.collect::<Vec<_>>().join(" "));
    let text = |at: Timestamp| at.to_string();
    let mut shown = match journal {
        Journal::Submitting(open) | Journal::Waiting(open) | Journal::Unsure(open) | Journal::LookingUp(open) => {
            json!({
                "key": key,
                "status": status,
                "name": open.deliverable.name,
                "revision": open.deliverable.revision,
                "source": open.origin,
                "attempts": open.attempts,
                "since": text(open.since),
                "last_submit_at": text(open.intended_at),
                "doubtful_since": open.doubtful_since.map(text),
                "last_answer": open.last_answer.as_ref().map(|answer| &answer.text),
                "last_answer_at": open.last_answer.as_ref().map(|answer| text(answer.at)),
            })
        }
        Journal::Submitted(end) | Journal::Failed(end) | Journal::Unknown(end) | Journal::Held(end) => {
            let id = end.proof.as_ref().map(|(Proof::Accepted(id) | Proof::Found(id))| id);
            json!({
                "key": key,
                "status": status,
                "name": end.name,
                "revision": end.revision,
                "source": end.origin,
                "attempts": end.attempts,
                "ended_at": text(end.at),
                "id": id,
                "reason": end.detail,
            })
        }
    };
    if let Some(shown) = shown.as_object_mut() {
        shown.retain(|_, value| !value.is_null());
    }
    shown
}
