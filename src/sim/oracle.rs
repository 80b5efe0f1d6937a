//! The oracle: computes the expected outputs from the written events alone, and compares them with a run's.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;
use uuid::Uuid;

use super::day::Sent;
use crate::model::{Record, Timestamp};

/// The time within which a deadline fires on instances that work.
const JUDGED_WITHIN: Duration = Duration::from_secs(10);

/// The expected result of one bundle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expected {
    /// The members' events by position; of duplicates the first.
    pub members: BTreeMap<u32, Value>,
    /// The number of children that the parent names; `None` if no parent was written.
    pub children: Option<u32>,
    /// The time of the first member.
    pub first: Timestamp,
    /// The time of the member that completed it; `None` if it is incomplete.
    pub completed: Option<Timestamp>,
}

/// The outputs of a run.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// Committed records of the submissions topic.
    pub submissions: Vec<Record>,
    /// Committed records of the alerts topic.
    pub alerts: Vec<Record>,
    /// Committed records of the dead-letters topic.
    pub dead_letters: Vec<Record>,
    /// The number of runs of each folder at Control-M.
    pub folders: BTreeMap<String, usize>,
    /// The wall clock at the end of the run.
    pub end: Timestamp,
}

/// The expected result of each bundle.
pub fn expected(sent: &[Sent]) -> BTreeMap<Uuid, Expected> {
    let mut bundles: BTreeMap<Uuid, Expected> = BTreeMap::new();
    for Sent { at, event } in sent {
        let bundle = bundles.entry(event.bundle).or_insert_with(|| Expected {
            members: BTreeMap::new(),
            children: None,
            first: *at,
            completed: None,
        });
        bundle.members.entry(event.position).or_insert_with(|| event.value.clone());
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

/// Every violation of a run, as a sentence; empty if its outputs are the expected ones.
pub fn check(sent: &[Sent], outcome: &Outcome, sla: Duration) -> Vec<String> {
    let expected = expected(sent);
    let mut violations = Vec::new();
    let mut submissions: BTreeMap<String, Vec<&Record>> = BTreeMap::new();
    for record in &outcome.submissions {
        let key = record.key.as_deref().map(String::from_utf8_lossy).unwrap_or_default().into_owned();
        submissions.entry(key).or_default().push(record);
    }
    let mut folders = outcome.folders.clone();
    for (id, bundle) in &expected {
        let found = submissions.remove(&id.to_string()).unwrap_or_default();
        let runs = folders.remove(&format!("folder-{id}")).unwrap_or(0);
        let wanted = usize::from(bundle.completed.is_some());
        if found.len() != wanted {
            violations.push(format!("bundle {id}: {} submissions instead of {wanted}", found.len()));
        }
        if runs != wanted {
            violations.push(format!("bundle {id}: {runs} runs at Control-M instead of {wanted}"));
        }
        if found.iter().any(|record| !matches(record, bundle)) {
            violations.push(format!("bundle {id}: the submission differs from the written events"));
        }
        let breaches = outcome.alerts.iter().filter(|alert| is_breach(alert, &id.to_string())).count();
        let due = bundle.first.saturating_add(sla);
        let is_breached = outcome.end > due && bundle.completed.is_none_or(|completed| completed > due);
        let breaches_wanted = usize::from(is_breached);
        // A deadline fires a little later than it is due.
        let is_judged = bundle.completed.is_some() || outcome.end > due.saturating_add(JUDGED_WITHIN);
        if breaches > breaches_wanted || (is_judged && breaches < breaches_wanted) {
            violations.push(format!("bundle {id}: {breaches} breach alerts instead of {breaches_wanted}"));
        }
    }
    violations.extend(submissions.keys().map(|key| format!("bundle {key}: submitted, but no event of it was written")));
    violations
        .extend(folders.keys().map(|folder| format!("{folder}: run at Control-M, but no event of it was written")));
    if !outcome.dead_letters.is_empty() {
        violations.push(format!("{} dead letters, but every event was valid", outcome.dead_letters.len()));
    }
    violations
}

fn value(record: &Record) -> Value {
    record.value.as_deref().and_then(|bytes| serde_json::from_slice(bytes).ok()).unwrap_or(Value::Null)
}

fn is_breach(record: &Record, id: &str) -> bool {
    record.key.as_deref() == Some(id.as_bytes()) && value(record).get("kind") == Some(&Value::from("sla_breach"))
}

/// True if the submission has the parent and the children as they were written, the children in their order.
fn matches(record: &Record, bundle: &Expected) -> bool {
    let value = value(record);
    let children: Vec<&Value> =
        bundle.members.iter().filter(|(position, _)| **position > 0).map(|(_, it)| it).collect();
    let found: Option<Vec<&Value>> =
        value.get("children").and_then(Value::as_array).map(|found| found.iter().collect());
    value.get("parent") == bundle.members.get(&0) && found == Some(children)
}
