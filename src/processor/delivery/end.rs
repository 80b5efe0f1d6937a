//! The transitions to a final state: the outcome record, and on failure an alert and a dead letter.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};
use serde_json::json;

use super::super::call::Certainty;
use super::super::{Count, Effect, Forward, Observation, Transition};
use super::journal::{Content, Deliverable, End, Journal, Open, Proof};
use super::protocol::Words;
use super::submit::schedule;
use super::{Delivery, count};
use crate::model::{Alert, Headers, Key, Reject, Severity, Timestamp};

/// The output of outcome records, one for each delivery.
///
/// Value: JSON `{"bundle_id", "outcome": "submitted" | "failed" | "unknown", <name>, <id>?, "attempts", <revision>, "at",
/// "detail"?}`; the names of the three fields in angle brackets are the target's [`Words`]. The id is from the answer or the
/// look-up that proves the submit. Headers: `CloudEvents` 1.0 in binary mode (its Kafka protocol binding, section 3.2).
pub const OUTCOMES: &str = "outcomes";

impl Delivery {
    /// To Submitted: a submit was executed.
    pub(super) fn succeed(&self, key: &Key, open: Open, proof: Proof, now: Timestamp) -> Transition<Journal> {
        let counted = match proof {
            Proof::Accepted(_) => count::ACCEPTED,
            Proof::Found(_) => count::FOUND,
        };
        let lasted = Observation { histogram: count::DURATION, lasted: now.since(open.since) };
        let end = End { proof: Some(proof), content: None, ..end(open, None, now) };
        let forward = self.outcome(key, "submitted", &end);
        self.ended(Journal::Submitted(end), forward, counted, now).with(Effect::Observe(lasted))
    }

    /// To Failed: no submit was executed, and a retry would fail too.
    pub(super) fn fail(&self, key: &Key, open: Open, reject: Reject, now: Timestamp) -> Transition<Journal> {
        let end = end(open, Some(reject.detail), now);
        let forward = self.outcome(key, "failed", &end);
        let remedy = format!(
            "mend the cause and run `sheaf deliveries retry {key}`, or `sheaf deliveries resubmit {key}` after a change of the template"
        );
        let alert = self.alert("delivery_failed", "was not submitted", &end, &remedy);
        // The input of this step may be an outcome and not a record, so the detail has the submission's coordinates.
        let detail = format!("submission {}: {}", end.origin, end.detail.as_deref().unwrap_or_default());
        self.ended(Journal::Failed(end), forward, count::FAILED, now)
            .with(alert)
            .with(Effect::DeadLetter(Reject { reason: reject.reason, detail }))
    }

    /// To Unknown: a submit stays in doubt.
    pub(super) fn give_up(&self, key: &Key, open: Open, detail: String, now: Timestamp) -> Transition<Journal> {
        let certainty = self.protocol.certainty(&open.deliverable);
        let end = end(open, Some(detail), now);
        let forward = self.outcome(key, "unknown", &end);
        let sentence = "may or may not have been submitted and is not submitted again";
        let resolve = format!("look whether it is there, then run `sheaf deliveries resolve {key}");
        let remedy = match certainty {
            Certainty::LookUp => format!("{resolve}`; or `sheaf deliveries retry {key}`, which looks first"),
            Certainty::Idempotent => {
                format!("{resolve}`; or `sheaf deliveries retry {key}`, which repeats it with the same key")
            }
            Certainty::Once => format!(
                "{resolve} --as submitted`, or `--as failed` and `sheaf deliveries retry {key}`, which submits it again"
            ),
        };
        let alert = self.alert("delivery_unknown", sentence, &end, &remedy);
        self.ended(Journal::Unknown(end), forward, count::UNKNOWN, now).with(alert)
    }

    /// To Submitted or Failed by the statement of an operator. Nobody else has to be told, so there is no alert.
    pub(super) fn resolve(&self, key: &Key, end: End, is_submitted: bool, now: Timestamp) -> Transition<Journal> {
        let outcome = if is_submitted { "submitted" } else { "failed" };
        let end = End { at: now, content: if is_submitted { None } else { end.content }, ..end };
        let forward = self.outcome(key, outcome, &end);
        let journal = if is_submitted { Journal::Submitted(end) } else { Journal::Failed(end) };
        self.ended(journal, forward, count::RESOLVED, now)
    }

    fn ended(&self, journal: Journal, forward: Effect, counted: Count, now: Timestamp) -> Transition<Journal> {
        Transition::to(journal)
            .with(schedule(now.saturating_add(self.settings.keep)))
            .with(forward)
            .with(Effect::Count(counted))
    }

    fn outcome(&self, key: &Key, outcome: &'static str, end: &End) -> Effect {
        let record = Record { bundle_id: &key.text(), outcome, end, words: self.protocol.words(&end.name) };
        // A map of strings and numbers always serializes.
        let value = serde_json::to_vec(&record).unwrap_or_default();
        // A delivery ends once, and once more after each command that reopens it, so its name with the outcome and the number of
        // commands is a unique id, equal when the step is run again.
        let again = if end.commands == 0 { String::new() } else { format!("-{}", end.commands) };
        let headers = Headers::new()
            .with("content-type", "application/json")
            .with("ce_specversion", "1.0")
            .with("ce_id", format!("{}-{outcome}{again}", end.name))
            .with("ce_source", "sheaf/delivery")
            .with("ce_type", format!("sheaf.delivery.{outcome}.v1"))
            .with("ce_time", end.at.to_string())
            .about(key);
        Effect::Forward(Forward::new(OUTCOMES, Bytes::from(value)).with_headers(headers))
    }

    fn alert(&self, kind: &str, sentence: &str, end: &End, remedy: &str) -> Effect {
        let words = self.protocol.words(&end.name);
        let detail = end.detail.as_deref().unwrap_or_default();
        let details = BTreeMap::from([
            (words.name.to_owned(), json!(end.name)),
            ("attempts".to_owned(), json!(end.attempts)),
            ("submission".to_owned(), json!(end.origin)),
            (words.revision.to_owned(), json!(end.revision)),
            ("detail".to_owned(), json!(detail)),
        ]);
        let message = format!("{} {sentence}: {detail}", end.name);
        let alert = Alert { kind: kind.to_owned(), severity: Severity::Critical, at: end.at, message, details };
        Effect::Alert(alert.with_remedy(remedy))
    }
}

/// The end of an open delivery, which keeps the content.
pub(super) fn end(open: Open, detail: Option<String>, at: Timestamp) -> End {
    let Open { deliverable: Deliverable { name, content, revision }, origin, attempts, call, commands, .. } = open;
    let content = Some(Content::Made(content));
    End { name, revision, origin, attempts, at, content, call, commands, proof: None, detail }
}

/// The value of an outcome record.
struct Record<'a> {
    bundle_id: &'a str,
    outcome: &'static str,
    end: &'a End,
    words: &'static Words,
}

impl Serialize for Record<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { bundle_id, outcome, end, words } = self;
        let mut fields = serializer.serialize_map(None)?;
        fields.serialize_entry("bundle_id", bundle_id)?;
        fields.serialize_entry("outcome", outcome)?;
        fields.serialize_entry(words.name, &end.name)?;
        match &end.proof {
            Some(Proof::Accepted(id)) => fields.serialize_entry(words.accepted_id, id)?,
            Some(Proof::Found(id)) => fields.serialize_entry(words.found_id, id)?,
            None => {}
        }
        fields.serialize_entry("attempts", &end.attempts)?;
        fields.serialize_entry(words.revision, &end.revision)?;
        fields.serialize_entry("at", &end.at.to_string())?;
        if let Some(detail) = &end.detail {
            fields.serialize_entry("detail", detail)?;
        }
        fields.end()
    }
}
