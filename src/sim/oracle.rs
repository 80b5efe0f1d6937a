//! The truth about a day, computed from what was written alone, and compared with what came out.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;
use uuid::Uuid;

use super::day::Sent;
use crate::model::{Record, Timestamp};

/// What must have become of one bundle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expected {
    /// The members' events by place, the first writing of each.
    pub members: BTreeMap<u32, Value>,
    /// How many children the parent asks for; `None` when it never came.
    pub children: Option<u32>,
    /// The earliest member's time.
    pub first: Timestamp,
    /// When the last member came that was needed; `None` when the bundle is incomplete.
    pub completed: Option<Timestamp>,
}

/// What came out of a run.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// Committed records of the submissions topic.
    pub submissions: Vec<Record>,
    /// Committed records of the alerts topic.
    pub alerts: Vec<Record>,
    /// Committed records of the dead-letters topic.
    pub dead_letters: Vec<Record>,
    /// How many runs Control-M has of each folder.
    pub folders: BTreeMap<String, usize>,
    /// The time at the end of the run.
    pub end: Timestamp,
}

/// The truth, bundle by bundle.
pub fn expected(sent: &[Sent]) -> BTreeMap<Uuid, Expected> {
    let mut bundles: BTreeMap<Uuid, Expected> = BTreeMap::new();
    for Sent { at, event } in sent {
        let bundle = bundles.entry(event.bundle).or_insert_with(|| Expected {
            members: BTreeMap::new(),
            children: None,
            first: *at,
            completed: None,
        });
        bundle.members.entry(event.place).or_insert_with(|| event.value.clone());
        if event.is_parent() {
            bundle.children = event.value.get("children").and_then(Value::as_u64).and_then(|n| u32::try_from(n).ok());
        }
        let wanted = bundle.children.map(|children| usize::try_from(children).unwrap_or(usize::MAX) + 1);
        if bundle.completed.is_none() && wanted == Some(bundle.members.len()) {
            bundle.completed = Some(*at);
        }
    }
    bundles
}

/// Everything in which a run differs from the truth, in sentences; empty when it is right.
pub fn judge(sent: &[Sent], outcome: &Outcome, sla: Duration) -> Vec<String> {
    let truth = expected(sent);
    let mut wrong = Vec::new();
    let mut submissions: BTreeMap<String, Vec<&Record>> = BTreeMap::new();
    for record in &outcome.submissions {
        let key = record.key.as_deref().map(String::from_utf8_lossy).unwrap_or_default().into_owned();
        submissions.entry(key).or_default().push(record);
    }
    let mut folders = outcome.folders.clone();
    for (id, bundle) in &truth {
        let found = submissions.remove(&id.to_string()).unwrap_or_default();
        let runs = folders.remove(&format!("folder-{id}")).unwrap_or(0);
        let wanted = usize::from(bundle.completed.is_some());
        if found.len() != wanted {
            wrong.push(format!("bundle {id}: {} submissions instead of {wanted}", found.len()));
        }
        if runs != wanted {
            wrong.push(format!("bundle {id}: {runs} runs at Control-M instead of {wanted}"));
        }
        if found.iter().any(|record| !holds(record, bundle)) {
            wrong.push(format!("bundle {id}: the submission does not hold what was written"));
        }
        let breaches = outcome.alerts.iter().filter(|alert| is_breach(alert, &id.to_string())).count();
        let due = bundle.first.saturating_add(sla);
        let breaches_wanted =
            usize::from(outcome.end > due && bundle.completed.is_none_or(|completed| completed > due));
        if breaches != breaches_wanted {
            wrong.push(format!("bundle {id}: {breaches} breach alerts instead of {breaches_wanted}"));
        }
    }
    wrong.extend(submissions.keys().map(|key| format!("bundle {key}: submitted, but nobody wrote it")));
    wrong.extend(folders.keys().map(|folder| format!("{folder}: run at Control-M, but nobody wrote it")));
    if !outcome.dead_letters.is_empty() {
        wrong.push(format!("{} dead letters, but every event was good", outcome.dead_letters.len()));
    }
    wrong
}

fn value(record: &Record) -> Value {
    record.value.as_deref().and_then(|bytes| serde_json::from_slice(bytes).ok()).unwrap_or(Value::Null)
}

fn is_breach(record: &Record, id: &str) -> bool {
    record.key.as_deref() == Some(id.as_bytes()) && value(record).get("kind") == Some(&Value::from("sla_breach"))
}

/// True when the submission has the parent as it was written, and the children as they were written, in their order.
fn holds(record: &Record, bundle: &Expected) -> bool {
    let value = value(record);
    let children: Vec<&Value> = bundle.members.iter().filter(|(place, _)| **place > 0).map(|(_, it)| it).collect();
    let found: Option<Vec<&Value>> =
        value.get("children").and_then(Value::as_array).map(|found| found.iter().collect());
    value.get("parent") == bundle.members.get(&0) && found == Some(children)
}
