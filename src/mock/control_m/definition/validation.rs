//! The rules that a definition has to keep: those of jobs-as-code that Control-M checks itself, and that its server is there.
//!
//! This is the one place that refuses a definition for its contents; what the real server checks beyond these rules is not
//! published.

use serde_json::{Map, Value};

use super::super::answer::Problem;
use super::defaults;
use super::field::text;
use crate::processor::delivery::control_m::jobs_as_code::{self, Finding};

/// All broken rules of a definition and its text. `servers` are the known names; empty means any.
pub(super) fn check(json: &str, definition: &Map<String, Value>, servers: &[String]) -> Vec<Problem> {
    // The text has been parsed before, so there is no error.
    let findings = jobs_as_code::check_text(json).unwrap_or_default();
    let refused = findings.iter().filter(|finding| finding.rule.refused).map(problem);
    refused.chain(folders(definition).filter_map(|(name, body)| server(name, body, definition, servers))).collect()
}

/// The folders of a definition, by name.
pub(super) fn folders(definition: &Map<String, Value>) -> impl Iterator<Item = (&str, &Map<String, Value>)> {
    let objects = definition.iter().filter_map(|(name, value)| Some((name.as_str(), value.as_object()?)));
    objects.filter(|(name, _)| *name != "Defaults")
}

/// The item is the folder, which is the first part of the JSON pointer.
fn problem(finding: &Finding) -> Problem {
    let message = format!("{}: {}", finding.what, finding.rule.remedy);
    match finding.pointer.split('/').nth(1) {
        Some(folder) => Problem::of(&folder.replace("~1", "/").replace("~0", "~"), message),
        None => Problem::new(message),
    }
}

fn server(
    name: &str,
    body: &Map<String, Value>,
    definition: &Map<String, Value>,
    servers: &[String],
) -> Option<Problem> {
    let server = text(&defaults::applied(body, definition), "ControlmServer");
    if server.is_empty() {
        return Some(Problem::of(name, "ControlmServer is missing"));
    }
    let is_known = servers.is_empty() || servers.contains(&server);
    (!is_known).then(|| Problem::of(name, format!("Control-M Server '{server}' does not exist")))
}

#[cfg(test)]
mod tests {
    use super::super::read;

    #[test]
    fn a_definition_is_refused_for_each_rule_that_control_m_checks() {
        let job = r#""a":{"Type":"Job:Dummy"}"#;
        let folder = |inside: &str| format!(r#"{{"f":{{"Type":"Folder","ControlmServer":"smprod",{inside}}}}}"#);
        let flow = format!(r#"{job},"flow":{{"Type":"Flow","Sequence":["a","nowhere"]}}"#);
        let cases = [
            ("{".to_owned(), None, "Failed to parse JSON"),
            ("[]".to_owned(), None, "Failed to parse JSON"),
            (r#"{"Defaults":{}}"#.to_owned(), None, "there is no folder"),
            (format!(r#"{{"f/g":{{"Type":"Folder","ControlmServer":"smprod",{job}}}}}"#), Some("f/g"), "name has '/'"),
            (format!(r#"{{"f":{{"Type":"Folder",{job}}}}}"#), Some("f"), "ControlmServer is missing"),
            (folder(job).replace("smprod", "x"), Some("f"), "'x' does not exist"),
            (folder(&flow), Some("f"), "`nowhere` is no job of the folder"),
        ];
        for (text, item, words) in cases {
            let problems = read(text.as_bytes(), &["smprod".to_owned()]).unwrap_err();
            assert_eq!((problems.len(), problems[0].item.as_deref()), (1, item), "{text}: {problems:?}");
            assert!(problems[0].message.contains(words), "{text}: {problems:?}");
        }
        let waits = r#"{"Type":"WaitForEvents","Events":[{"Event":"nobodys"}]}"#;
        let accepted = folder(&format!(r#""a":{{"Type":"Job:Dummy","waits":{waits}}}"#));
        assert!(read(accepted.as_bytes(), &[]).is_ok(), "Control-M accepts what then never runs");
    }
}
