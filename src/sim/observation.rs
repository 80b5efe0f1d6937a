//! What a demo shows: operations, and records that are committed to Kafka.

use serde::Serialize;
use serde_json::Value;

/// An observation from outside of the instances.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Observation {
    /// An event was written.
    Event {
        /// The bundle's id.
        bundle: String,
        /// `parent`, `child 2`.
        member: String,
        /// True if the same event was written before.
        duplicate: bool,
    },
    /// An instance was started.
    Started {
        /// Its name.
        instance: String,
    },
    /// An instance was killed.
    Killed {
        /// Its name.
        instance: String,
        /// The incomplete bundles of its tasks.
        open_bundles: u64,
        /// The events that were written and are not committed.
        uncommitted_events: usize,
        /// The submissions that it has written and not committed.
        uncommitted_submissions: usize,
        /// Calls to Control-M without an answer.
        calls_in_flight: usize,
    },
    /// All partitions are assigned, and all tasks run.
    Assigned {
        /// The names of the running instances.
        instances: Vec<String>,
    },
    /// Control-M will execute the next submit, and its answer will be lost.
    AnswerLossInjected,
    /// A submission was committed.
    Complete {
        /// The bundle's id.
        bundle: String,
        /// The number of its children.
        children: usize,
        /// True if it was completed after its deadline, by its members' times.
        late: bool,
    },
    /// A delivery has ended.
    Delivered {
        /// The bundle's id.
        bundle: String,
        /// `submitted`, `failed`, `unknown`.
        outcome: String,
        /// The folder at Control-M.
        folder: String,
        /// True if the answer was lost and a look-up found the folder.
        looked_up: bool,
    },
    /// An alert was raised.
    Alert {
        /// The bundle's id.
        bundle: String,
        /// The kind of alert.
        kind: String,
        /// Its message.
        message: String,
    },
    /// An input was rejected.
    DeadLetter {
        /// The reason, a word of [`RejectReason`](crate::model::RejectReason).
        reason: String,
    },
}

fn text(value: &Value, name: &str) -> String {
    value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// From a record of submissions.
pub(super) fn complete(value: &Value) -> Observation {
    Observation::Complete {
        bundle: text(value, "bundle_id"),
        children: value.get("children").and_then(Value::as_array).map_or(0, Vec::len),
        late: value.get("late").and_then(Value::as_bool).unwrap_or(false),
    }
}

/// From a record of outcomes.
pub(super) fn delivered(value: &Value) -> Observation {
    Observation::Delivered {
        bundle: text(value, "bundle_id"),
        outcome: text(value, "outcome"),
        folder: text(value, "folder"),
        looked_up: value.get("job_id").is_some(),
    }
}

/// From a record of alerts.
pub(super) fn alert(value: &Value) -> Observation {
    Observation::Alert { bundle: text(value, "key"), kind: text(value, "kind"), message: text(value, "message") }
}
