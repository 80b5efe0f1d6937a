//! A list of jobs, the answer of `GET /run/jobs/status`, and whether it has all rows that were asked for.

use serde::Deserialize;
use serde::de::DeserializeOwned;

/// A list of jobs.
#[derive(Debug)]
pub(super) struct JobList<R> {
    /// Its rows.
    pub(super) rows: Vec<R>,
    /// True if there are no further rows of what was asked for.
    pub(super) is_complete: bool,
}

impl<R: DeserializeOwned> JobList<R> {
    /// Reads a list; `is_truncated` is the status 206. The error says what the answer is or lacks (`is not a list of jobs`).
    pub(super) fn read(body: &str, is_truncated: bool) -> Result<Self, String> {
        let Page { statuses, returned, total } =
            serde_json::from_str(body).map_err(|error| format!("is not a list of jobs: {error}"))?;
        let rows: Vec<R> = match (statuses, returned) {
            (Some(rows), _) => rows,
            (None, Some(0)) => Vec::new(),
            (None, _) => return Err("has neither `statuses` nor `returned`: 0".to_owned()),
        };
        let all = total.unwrap_or(0).max(returned.unwrap_or(0));
        let is_complete = !is_truncated && u64::try_from(rows.len()).is_ok_and(|found| found >= all);
        Ok(Self { rows, is_complete })
    }
}

#[derive(Deserialize)]
struct Page<R> {
    #[serde(default = "none")]
    statuses: Option<Vec<R>>,
    #[serde(default)]
    returned: Option<u64>,
    #[serde(default)]
    total: Option<u64>,
}

const fn none<T>() -> Option<T> {
    None
}
