//! Evaluates the rows of `GET /run/jobs/status` for one folder.
//!
//! Irrelevant fields may be missing, null or of any type. Relevant ones may not: "absent" leads to a second submit, so
//! it requires a response that is certainly complete.

use serde::Deserialize;
use serde_json::Value;

use super::job_list::JobList;

/// Finds the folder in the rows: the id of the folder's own row, or else of its first job; `None` if the complete
/// response has no row of exactly that folder. `truncated` is the status 206.
pub(super) fn read(body: &str, folder: &str, truncated: bool) -> Result<Option<String>, String> {
    let JobList { rows, is_complete } = JobList::<Row>::read(body, truncated).map_err(|error| format!("it {error}"))?;
    let ours: Vec<&Row> = rows.iter().filter(|row| row.belongs_to(folder)).collect();
    if let Some(row) = ours.iter().find(|row| row.is_folder(folder)).or_else(|| ours.first()) {
        return Ok(Some(row.id().to_owned()));
    }
    // Rows of other folders may fill the page if the server takes the name as a pattern or ignores the filter.
    if !is_complete {
        return Err(format!("it lists only {} jobs, none of them of {folder}, and there are more", rows.len()));
    }
    Ok(None)
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
