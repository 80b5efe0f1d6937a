//! A job or folder as the API shows it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::order::Order;
use crate::model::Timestamp;

/// A row of `GET /run/jobs/status` and `GET /run/status/{id}`. Source of the shape: real answers in
/// `facts/control-m.md` section 1.5.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Row {
    /// `<server>:<five characters in base 36>`.
    pub job_id: String,
    /// The same of the folder; `<server>:` in the row of a folder, `<server>:00000` in a simple folder.
    pub folder_id: String,
    /// The number of its runs; always 1.
    pub number_of_runs: u32,
    /// The job's name, or the folder's in its own row.
    pub name: String,
    /// The folder's name.
    pub folder: String,
    /// `Folder`, or the job's type.
    #[serde(rename = "type")]
    pub kind: String,
    /// `Executing` or `Ended OK`.
    pub status: String,
    /// Always false.
    pub held: bool,
    /// Always false.
    pub deleted: bool,
    /// The time of its start, in the call's form.
    pub start_time: String,
    /// The time of its end; empty while it executes.
    pub end_time: String,
    /// The order date, `yymmdd`.
    pub order_date: String,
    /// The Control-M server.
    pub ctm: String,
    /// Its application.
    pub application: String,
    /// Its sub-application.
    pub sub_application: String,
}

/// The id of a folder that has none.
const NO_FOLDER: u64 = 0;

/// The rows of a submitted folder: its own, when it has one, and its jobs', with times as `jobs/status` writes them.
pub(super) fn of(order: &Order, now: Timestamp, job_duration: Duration) -> Vec<Row> {
    let folder = &order.folder;
    let end = order.ordered_at.saturating_add(job_duration);
    let id = |number| format!("{}:{}", folder.server, base36(number));
    let row = |job_id: String, folder_id: String, name: &str, kind: &str| Row {
        job_id,
        folder_id,
        number_of_runs: 1,
        name: name.to_owned(),
        folder: folder.name.clone(),
        kind: kind.to_owned(),
        status: if end <= now { "Ended OK" } else { "Executing" }.to_owned(),
        held: false,
        deleted: false,
        start_time: written(order.ordered_at, "%Y%m%d%H%M%S"),
        end_time: if end <= now { written(end, "%Y%m%d%H%M%S") } else { String::new() },
        order_date: written(order.ordered_at, "%y%m%d"),
        ctm: folder.server.clone(),
        application: folder.application.clone(),
        sub_application: folder.sub_application.clone(),
    };
    let mut rows = Vec::new();
    if folder.smart {
        rows.push(row(id(order.first_id), format!("{}:", folder.server), &folder.name, "Folder"));
    }
    let folder_id = id(if folder.smart { order.first_id } else { NO_FOLDER });
    for (job, number) in folder.jobs.iter().zip(order.first_id + 1..) {
        let mut row = row(id(number), folder_id.clone(), &job.name, &job.kind);
        row.application.clone_from(&job.application);
        row.sub_application.clone_from(&job.sub_application);
        rows.push(row);
    }
    rows
}

impl Row {
    /// The same row with times as `run/status` writes them (`Jul 29, 2019 7:17:33 PM`).
    pub(super) fn with_long_times(mut self) -> Self {
        self.start_time = long(&self.start_time);
        self.end_time = long(&self.end_time);
        self
    }
}

fn long(compact: &str) -> String {
    jiff::civil::DateTime::strptime("%Y%m%d%H%M%S", compact)
        .map(|time| time.strftime("%b %-d, %Y %-I:%M:%S %p").to_string())
        .unwrap_or_default()
}

fn written(at: Timestamp, format: &str) -> String {
    jiff::Timestamp::from_millisecond(at.as_millis()).map(|at| at.strftime(format).to_string()).unwrap_or_default()
}

/// Five characters, as Control-M's order ids have; more when five are not enough.
fn base36(mut number: u64) -> String {
    let mut digits = Vec::new();
    while number > 0 || digits.len() < 5 {
        let digit = u32::try_from(number % 36).unwrap_or(0);
        digits.push(char::from_digit(digit, 36).unwrap_or('0'));
        number /= 36;
    }
    digits.iter().rev().collect()
}

#[cfg(test)]
mod tests {
    use super::{base36, long};

    #[test]
    fn order_ids_count_in_base_36() {
        assert_eq!([base36(0), base36(35), base36(36), base36(52)], ["00000", "0000z", "00010", "0001g"]);
        assert_eq!(base36(36_u64.pow(5)), "100000");
    }

    #[test]
    fn both_forms_of_time_say_the_same() {
        assert_eq!(long("20190729191733"), "Jul 29, 2019 7:17:33 PM");
        assert_eq!(long(""), "");
    }
}
