//! Records for the alerts topic.

use std::borrow::Cow;
use std::fmt::Display;

use bytes::Bytes;
use serde::Serialize;
use uuid::Uuid;

use super::topology_plan::TopologyPlan;
use crate::model::{Alert, Headers, Key, OutRecord, Timestamp};

/// The origin of an alert.
#[derive(Clone, Copy)]
pub(super) struct Origin<'a> {
    /// The processor.
    pub processor: &'a str,
    /// The task, or another name of its part of the application, for the id of the record.
    pub part: &'a dyn Display,
    /// The wall clock.
    pub raised_at: Timestamp,
}

/// The value of a record.
#[derive(Serialize)]
struct Value<'a> {
    key: Cow<'a, str>,
    topology: &'a str,
    processor: &'a str,
    raised_at: String,
    occurred_at: String,
    #[serde(flatten)]
    alert: &'a Alert,
}

/// The record of an alert of a key, in the form of `CloudEvents`. It has the same id if the step is repeated.
pub(super) fn record(plan: &TopologyPlan, origin: Origin<'_>, key: &Key, alert: &Alert) -> OutRecord {
    let topology = &plan.topology.name;
    let Origin { processor, part, raised_at } = origin;
    let (raised_at, occurred_at) = (raised_at.to_string(), alert.at.to_string());
    let value = Value { key: key.text(), topology, processor, raised_at, occurred_at, alert };
    let value = serde_json::to_vec(&value).unwrap_or_default();
    let name = format!("{part}/{key}/{}/{}", alert.kind, alert.at.as_millis());
    let headers = Headers::new()
        .with("ce_specversion", "1.0")
        .with("ce_id", Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes()).to_string())
        .with("ce_type", format!("sheaf.alert.{}.v1", alert.kind))
        .with("ce_source", format!("/sheaf/{topology}/{processor}"))
        .with("ce_time", alert.at.to_string())
        .about(key)
        .with("content-type", "application/json");
    OutRecord::keyed(&plan.alerts, key, Bytes::from(value)).with_headers(headers)
}
