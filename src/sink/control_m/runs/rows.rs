//! The state of each folder, from the rows of `GET /run/jobs/status`.
//!
//! A folder of type `Folder` has a row of its own, whose status stays `Executing` while any of its jobs is unfinished, also if one
//! has failed; a `SimpleFolder` has rows of its jobs only.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::Value;

use super::time::RawTimes;
use crate::sink::control_m::job_list::JobList;

const ENDED_OK: &str = "Ended OK";
const ENDED_NOT_OK: &str = "Ended Not OK";

/// The rows of a list, by folder.
#[derive(Debug, Default)]
pub(super) struct Listed {
    by_folder: BTreeMap<String, Vec<Row>>,
    /// True if the list has all rows that were asked for.
    pub(super) is_complete: bool,
}

/// The state of one folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum State {
    Absent,
    /// `sla_jobs`: the names and the ids of its SLA jobs, because no source says which of them a service has.
    Active {
        status: String,
        is_waiting: bool,
        sla_jobs: BTreeSet<String>,
    },
    /// The failed jobs, at least one.
    Failed(Vec<FailedRow>),
    Ended(RawTimes),
}

/// A job that has failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FailedRow {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) status: String,
    pub(super) runs: u64,
    pub(super) times: RawTimes,
}

/// Reads a list; `is_truncated` is the status 206.
pub(super) fn read(body: &str, is_truncated: bool) -> Result<Listed, String> {
    let JobList { rows, is_complete } =
        JobList::<Row>::read(body, is_truncated).map_err(|error| format!("the answer {error}"))?;
    let mut listed = Listed { is_complete, ..Listed::default() };
    for row in rows.into_iter().filter(|row| row.deleted != Some(true)) {
        let folder = if row.is_folder() { &row.name } else { &row.folder };
        // A job of a sub-folder has `folder/sub-folder`, and no folder's name has a slash.
        let folder = folder.as_str().and_then(|path| path.split('/').next()).unwrap_or_default().to_owned();
        listed.by_folder.entry(folder).or_default().push(row);
    }
    Ok(listed)
}

impl Listed {
    /// The rows of both lists.
    pub(super) fn and(mut self, other: Self) -> Self {
        for (folder, rows) in other.by_folder {
            self.by_folder.entry(folder).or_default().extend(rows);
        }
        Self { is_complete: self.is_complete && other.is_complete, ..self }
    }

    /// The state of a folder; `None` if it has no row.
    pub(super) fn state(&self, folder: &str) -> Option<State> {
        let rows = self.by_folder.get(folder)?;
        let (own, jobs): (Vec<&Row>, Vec<&Row>) = rows.iter().partition(|row| row.is_folder());
        let failed = |is_sub_folder: bool| {
            let failed = jobs.iter().filter(|job| job.status() == ENDED_NOT_OK);
            failed.filter(|job| job.is_sub_folder() == is_sub_folder).map(|job| job.failed()).collect::<Vec<_>>()
        };
        // The jobs rather than the sub-folder, which has failed with them and cannot be rerun.
        if let Some(failed) = [false, true].map(failed).into_iter().find(|failed| !failed.is_empty()) {
            return Some(State::Failed(failed));
        }
        let is_ended = match own.first() {
            Some(own) => own.status() == ENDED_OK,
            None => jobs.iter().all(|job| job.status() == ENDED_OK),
        };
        if is_ended {
            let times =
                own.first().map_or_else(|| RawTimes::of_all(jobs.iter().map(|job| job.times())), |own| own.times());
            return Some(State::Ended(times));
        }
        if let Some(own) = own.first().filter(|own| own.status() == ENDED_NOT_OK) {
            return Some(State::Failed(vec![own.failed()]));
        }
        let open = || jobs.iter().filter(|job| job.status() != ENDED_OK);
        let waits = |job: &&&Row| job.status().starts_with("Wait") || job.held == Some(true);
        let is_waiting = open().next().is_some() && open().all(|job| waits(&job));
        let status = if is_waiting { open().next() } else { own.first().or_else(|| open().next()) };
        let sla_jobs = jobs.iter().filter(|job| job.is_sla()).flat_map(|job| [job.name(), job.id()]);
        let sla_jobs = sla_jobs.map(str::to_owned).collect();
        Some(State::Active { status: status.map(|row| row.words()).unwrap_or_default(), is_waiting, sla_jobs })
    }
}

/// A row. Fields that are missing or of another type are as if they were empty.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Row {
    job_id: Value,
    name: Value,
    folder: Value,
    r#type: Value,
    status: Value,
    number_of_runs: Value,
    start_time: Value,
    end_time: Value,
    held: Option<bool>,
    deleted: Option<bool>,
}

impl Row {
    fn is_folder(&self) -> bool {
        self.r#type.as_str() == Some("Folder")
    }

    /// `SubFolder`, or `Sub-Folder`.
    fn is_sub_folder(&self) -> bool {
        self.r#type.as_str().is_some_and(|kind| kind.to_ascii_lowercase().ends_with("folder"))
    }

    /// The words for the type differ between versions (`SLAManagement`, `Job:SLAManagement`).
    fn is_sla(&self) -> bool {
        self.r#type.as_str().is_some_and(|kind| kind.contains("SLA"))
    }

    fn name(&self) -> &str {
        self.name.as_str().unwrap_or_default()
    }

    fn id(&self) -> &str {
        self.job_id.as_str().unwrap_or_default()
    }

    fn status(&self) -> &str {
        self.status.as_str().unwrap_or_default()
    }

    /// The status with the job's name, for people.
    fn words(&self) -> String {
        let held = if self.held == Some(true) { ", held" } else { "" };
        if self.is_folder() {
            format!("{}{held}", self.status())
        } else {
            format!("{} ({}{held})", self.status(), self.name())
        }
    }

    fn times(&self) -> RawTimes {
        let text = |value: &Value| value.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
        RawTimes { started: text(&self.start_time), ended: text(&self.end_time) }
    }

    fn failed(&self) -> FailedRow {
        FailedRow {
            id: self.id().to_owned(),
            name: self.name().to_owned(),
            status: self.status().to_owned(),
            runs: self.number_of_runs.as_u64().unwrap_or_default(),
            times: self.times(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(rows: &str) -> Option<State> {
        read(&format!(r#"{{"statuses":[{rows}],"returned":9,"total":9}}"#), false).unwrap().state("f")
    }

    fn row(name: &str, kind: &str, status: &str) -> String {
        format!(
            r#"{{"jobId":"c:{name}","name":"{name}","folder":"f","type":"{kind}","status":"{status}","numberOfRuns":1,
                "startTime":"20261129120000","endTime":"20261129120005","held":false,"deleted":false}}"#
        )
    }

    fn all(rows: &[(&str, &str, &str)]) -> Option<State> {
        state(&rows.iter().map(|(name, kind, status)| row(name, kind, status)).collect::<Vec<_>>().join(","))
    }

    fn active(status: &str, is_waiting: bool) -> State {
        State::Active { status: status.to_owned(), is_waiting, sla_jobs: BTreeSet::new() }
    }

    #[test]
    fn a_folder_has_failed_as_soon_as_one_of_its_jobs_has() {
        let rows = [("f", "Folder", "Executing"), ("a", "Command", ENDED_NOT_OK), ("b", "Command", "Wait Condition")];
        let Some(State::Failed(failed)) = all(&rows) else { panic!("{:?}", all(&rows)) };
        let [FailedRow { id, name, runs, .. }] = &failed[..] else { panic!("{failed:?}") };
        assert_eq!((id.as_str(), name.as_str(), *runs), ("c:a", "a", 1));
    }

    #[test]
    fn a_folder_has_ended_with_its_own_row_or_with_all_its_jobs() {
        let ended = |rows: &[(&str, &str, &str)]| matches!(all(rows), Some(State::Ended(_)));
        assert!(ended(&[("f", "Folder", ENDED_OK), ("a", "Command", ENDED_OK)]));
        assert!(ended(&[("a", "Command", ENDED_OK), ("b", "Command", ENDED_OK)]));
        assert!(!ended(&[("f", "Folder", "Executing"), ("a", "Command", ENDED_OK)]), "more jobs may follow");
        assert!(!ended(&[("a", "Command", ENDED_OK), ("b", "Command", "Executing")]));
    }

    #[test]
    fn a_folder_waits_if_all_its_open_jobs_wait() {
        let rows = [("f", "Folder", "Executing"), ("a", "Command", ENDED_OK), ("b", "Command", "Wait Condition")];
        assert_eq!(all(&rows).unwrap(), active("Wait Condition (b)", true));
        let rows = [("f", "Folder", "Executing"), ("a", "Command", "Executing"), ("b", "Command", "Wait Host")];
        assert_eq!(all(&rows).unwrap(), active("Executing", false));
        assert_eq!(all(&[("a", "Command", "Status Unknown")]).unwrap(), active("Status Unknown (a)", false));
    }

    #[test]
    fn rows_of_others_and_deleted_ones_do_not_count() {
        assert_eq!(state(r#"{"name":"x","folder":"g","type":"Command","status":"Ended OK"},{}"#), None);
        assert_eq!(state(r#"{"name":"a","folder":"f","status":"Ended Not OK","deleted":true}"#), None);
    }

    #[test]
    fn only_a_complete_list_is_complete() {
        let is_complete = |body: &str, truncated| read(body, truncated).map(|listed| listed.is_complete);
        assert_eq!(is_complete(r#"{"statuses":[],"returned":0}"#, false), Ok(true));
        assert_eq!(is_complete(r#"{"statuses":[],"returned":0}"#, true), Ok(false));
        assert_eq!(is_complete(r#"{"statuses":[{}],"total":2}"#, false), Ok(false));
        assert!(is_complete("<html>", false).is_err() && is_complete("{}", false).is_err());
    }
}
