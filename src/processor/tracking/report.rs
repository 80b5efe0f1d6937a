//! The records and alerts about runs.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde_json::{Value, json};

use super::super::{Effect, Forward};
use super::protocol::{FailedJob, Times};
use super::state::Run;
use crate::model::{Alert, Headers, Key, Severity, Timestamp};

/// The output of records about runs: one when a run has ended well, when a job has failed, and when a run is gone.
///
/// Value: JSON `{"bundle_id", "run": "ended_ok" | "ended_not_ok" | "gone", "folder", "run_id"?, "submitted_at", "started_at"?,
/// "ended_at"?, "job"?, "job_id"?, "job_status"?, "log"?, "at"}`. Headers: `CloudEvents` 1.0 in binary mode.
pub const RUNS: &str = "runs";

/// The kinds of alerts.
pub(super) const ALERTS: [&str; 4] = ["run_failed", "run_waiting", "run_late", "run_gone"];

/// A report of one run.
#[derive(Clone, Copy)]
pub(super) struct Report<'a> {
    key: &'a Key,
    run: &'a Run,
    now: Timestamp,
}

impl<'a> Report<'a> {
    /// About this run.
    pub(super) const fn of(key: &'a Key, run: &'a Run, now: Timestamp) -> Self {
        Self { key, run, now }
    }

    /// The record of an end.
    pub(super) fn record(&self, end: &'static str, times: Option<&Times>, job: Option<&FailedJob>) -> Effect {
        let Run { folder, run_id, submitted_at, records, .. } = self.run;
        let times = times.or(job.map(|job| &job.times));
        let text = |value: Option<&String>| value.map(|text| json!(text));
        let optional = [
            ("run_id", Some(run_id).filter(|id| !id.is_empty()).map(|id| json!(id))),
            ("started_at", text(times.and_then(|times| times.started.as_ref()))),
            ("ended_at", text(times.and_then(|times| times.ended.as_ref()))),
            ("job", text(job.map(|job| &job.name))),
            ("job_id", text(job.map(|job| &job.id))),
            ("job_status", text(job.map(|job| &job.status))),
            ("log", text(job.map(|job| &job.log).filter(|log| !log.is_empty()))),
        ];
        let mut value = json!({
            "bundle_id": self.key.text(),
            "run": end,
            "folder": folder,
            "submitted_at": submitted_at.to_string(),
            "at": self.now.to_string(),
        });
        for (name, field) in optional {
            if let (Some(fields), Some(field)) = (value.as_object_mut(), field) {
                fields.insert(name.to_owned(), field);
            }
        }
        let headers = Headers::new()
            .with("content-type", "application/json")
            .with("ce_specversion", "1.0")
            // Records of a bundle are counted, so the id is unique, and equal when the step is run again.
            .with("ce_id", format!("{folder}-run-{records}"))
            .with("ce_source", "sheaf/tracking")
            .with("ce_type", format!("sheaf.run.{end}.v1"))
            .with("ce_time", self.now.to_string())
            .about(self.key);
        Effect::Forward(Forward::new(RUNS, Bytes::from(value.to_string())).with_headers(headers))
    }

    /// A job has failed.
    pub(super) fn failed(&self, job: &FailedJob) -> Effect {
        let message = format!("job {} of {} has ended: {}", job.name, self.run.folder, job.status);
        let details = [
            ("job", json!(job.name)),
            ("job_id", json!(job.id)),
            ("job_status", json!(job.status)),
            ("runs", json!(job.runs)),
            ("log", json!(job.log)),
        ];
        let remedy = format!(
            "mend the cause, then run the job again in Control-M, or with `sheaf deliveries rerun {}`; it is followed further",
            self.key
        );
        self.alert("run_failed", Severity::Critical, (message, &remedy), &details)
    }

    /// It has waited for long.
    pub(super) fn waiting(&self, status: &str, since: Timestamp) -> Effect {
        let message = format!("{} was submitted at {since} and still waits: {status}", self.run.folder);
        let remedy = "look in Control-M what its jobs wait for: an event, a resource, a host, a confirmation";
        self.alert("run_waiting", Severity::Warning, (message, remedy), &[("status", json!(status))])
    }

    /// Its SLA service is late.
    pub(super) fn late(&self, text: &str) -> Effect {
        let message = format!("the SLA service of {} is late: {text}", self.run.folder);
        let remedy = "look at the service in Control-M's SLA management, and at the jobs that it names";
        self.alert("run_late", Severity::Warning, (message, remedy), &[("service", json!(text))])
    }

    /// It is no longer listed.
    pub(super) fn gone(&self) -> Effect {
        let message = format!("{} is gone from Control-M, and its end was not seen", self.run.folder);
        let remedy =
            "look for it in Control-M's archive; was it deleted, or does DaysKeepActive of its folder end too early?";
        let status = json!(self.run.status);
        self.alert("run_gone", Severity::Warning, (message, remedy), &[("status", status)])
    }

    fn alert(
        &self,
        kind: &str,
        severity: Severity,
        (message, remedy): (String, &str),
        details: &[(&str, Value)],
    ) -> Effect {
        let Run { folder, run_id, .. } = self.run;
        let own = [("folder", json!(folder)), ("run_id", json!(run_id))];
        let details = own.iter().chain(details).map(|(name, value)| ((*name).to_owned(), value.clone()));
        let details = details.collect::<BTreeMap<_, _>>();
        let alert = Alert { kind: kind.to_owned(), severity, at: self.now, message, details };
        Effect::Alert(alert.with_remedy(remedy))
    }
}
