//! Evaluates the rows of `GET /run/jobs/status` for one folder.
//!
//! Irrelevant fields may be missing, null or of any type. Relevant ones may not: "absent" leads to a second submit, so
//! it requires a response that is certainly complete.

use serde::Deserialize;
use serde_json::Value;

/// Finds the folder in the rows: the id of the folder's own row, or else of its first job; `None` if the complete
/// response has no row of exactly that folder. `truncated` is the status 206.
pub(super) fn read(body: &str, folder: &str, truncated: bool) -> Result<Option<String>, String> {
    let answer: Page = serde_json::from_str(body).map_err(|error| format!("it is not a list of jobs: {error}"))?;
    let rows = match (answer.statuses, answer.returned) {
        (Some(rows), _) => rows,
        (None, Some(0)) => Vec::new(),
        (None, _) => return Err("it has neither `statuses` nor `returned`: 0".to_owned()),
    };
    let returned = rows.len();
    let ours: Vec<&Row> = rows.iter().filter(|row| row.belongs_to(folder)).collect();
    if let Some(row) = ours.iter().find(|row| row.is_folder(folder)).or_else(|| ours.first()) {
        return Ok(Some(row.id().to_owned()));
    }
    // Rows of other folders may fill the page if the server takes the name as a pattern or ignores the filter.
    let total = answer.total.unwrap_or(0).max(answer.returned.unwrap_or(0));
    if truncated || total > u64::try_from(returned).unwrap_or(u64::MAX) {
        return Err(format!("it lists only {returned} jobs, none of them of {folder}, and there are more"));
    }
    Ok(None)
}

#[derive(Deserialize)]
struct Page {
    #[serde(default)]
    statuses: Option<Vec<Row>>,
    #[serde(default)]
    returned: Option<u64>,
    #[serde(default)]
    total: Option<u64>,
}

#[derive(Deserialize)]
struct Row {
    #[serde(default)]
    folder: Value,
    #[serde(default)]
    name: Value,
    #[serde(default, rename = "type")]
    kind: Value,
    #[serde(default, rename = "jobId")]
    job_id: Value,
}

impl Row {
    fn belongs_to(&self, folder: &str) -> bool {
        self.folder.as_str() == Some(folder) || self.is_folder(folder)
    }

    fn is_folder(&self, folder: &str) -> bool {
        self.kind.as_str() == Some("Folder") && self.name.as_str() == Some(folder)
    }

    /// The folder exists even if its row has no id.
    fn id(&self) -> &str {
        self.job_id.as_str().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn the_folders_own_row_is_preferred_to_its_first_job() {
        let body = r#"{"statuses":[{"jobId":"c:2","name":"a","folder":"f","type":"Command"},
            {"jobId":"c:1","name":"f","folder":"f","type":"Folder"}],"returned":2,"total":2}"#;
        assert_eq!(read(body, "f", false), Ok(Some("c:1".to_owned())));
        assert_eq!(read(&body.replace("Folder", "Command"), "f", true), Ok(Some("c:2".to_owned())));
    }

    #[test]
    fn rows_of_other_folders_are_not_ours() {
        let body = r#"{"statuses":[{"jobId":"c:1","name":"f","folder":"f-child","type":"Command"},
            {"jobId":"c:2","name":"x","folder":"F"},{}],"returned":3}"#;
        assert_eq!(read(body, "f", false), Ok(None));
    }

    #[test]
    fn absent_is_said_only_of_a_complete_list() {
        let absent = [r#"{"statuses":[],"returned":0,"total":0}"#, r#"{"statuses":[]}"#, r#"{"returned":0}"#];
        for body in absent {
            assert_eq!(read(body, "f", false), Ok(None), "{body}");
            assert!(read(body, "f", true).is_err(), "{body} with 206");
        }
        let unsure = [
            "",
            "null",
            "[]",
            "{}",
            "<html>",
            r#"{"message":"hello"}"#,
            r#"{"statuses":null}"#,
            r#"{"returned":3}"#,
            r#"{"statuses":[{"folder":"g"}],"total":2}"#,
            r#"{"statuses":[],"returned":1}"#,
            r#"{"statuses":[}"#,
            r#"{"statuses":{},"returned":0}"#,
        ];
        for body in unsure {
            assert!(read(body, "f", false).is_err(), "{body}");
        }
    }

    #[test]
    fn a_row_without_an_id_is_found_all_the_same() {
        assert_eq!(read(r#"{"statuses":[{"folder":"f","jobId":null}]}"#, "f", false), Ok(Some(String::new())));
    }
}
