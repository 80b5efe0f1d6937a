//! The rules that a definition has to keep, on its JSON.
//!
//! This is the one place that refuses a definition for its contents; what the real server checks beyond these rules is not
//! published.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::super::answer::Problem;
use super::defaults;
use super::field::{inner, text};

/// The longest name of a folder or a job, in characters.
const NAME_MAX: usize = 64;
/// The most events in one list.
const EVENTS_MAX: usize = 99;
/// The types of objects with a list of events.
const EVENT_LISTS: [&str; 3] = ["WaitForEvents", "AddEvents", "DeleteEvents"];
/// The characters that no folder's name may contain.
const NOT_IN_FOLDERS: [char; 7] = [' ', '\'', '$', '/', '*', '?', '"'];

/// All broken rules. `servers` are the known names; empty means any.
pub(super) fn check(definition: &Map<String, Value>, servers: &[String]) -> Vec<Problem> {
    let (mut found, mut problems) = (false, Vec::new());
    for (name, value) in definition.iter().filter(|(name, _)| *name != "Defaults") {
        found = true;
        match value.as_object() {
            Some(body) => folder(name, &defaults::applied(body, definition), servers, &mut problems),
            None => problems.push(Problem::of(name, "A folder must be an object")),
        }
    }
    if !found {
        problems.push(Problem::new("The definition contains no folder"));
    }
    problems
}

/// The folders of a definition, by name.
pub(super) fn folders(definition: &Map<String, Value>) -> impl Iterator<Item = (&str, &Map<String, Value>)> {
    let objects = definition.iter().filter_map(|(name, value)| Some((name.as_str(), value.as_object()?)));
    objects.filter(|(name, _)| *name != "Defaults")
}

fn folder(name: &str, body: &Map<String, Value>, servers: &[String], problems: &mut Vec<Problem>) {
    folder_name(name, problems);
    let kind = text(body, "Type");
    if !matches!(kind.as_str(), "Folder" | "SimpleFolder") {
        problems.push(Problem::of(name, format!("Unknown folder type '{kind}': expected Folder or SimpleFolder")));
    }
    let server = text(body, "ControlmServer");
    if server.is_empty() {
        problems.push(Problem::of(name, "ControlmServer is missing"));
    } else if !servers.is_empty() && !servers.contains(&server) {
        problems.push(Problem::of(name, format!("Control-M Server '{server}' does not exist")));
    }
    event_lists(name, body, problems);
    let mut jobs = Vec::new();
    job_names(body, &mut jobs);
    if jobs.is_empty() {
        problems.push(Problem::of(name, "The folder contains no job"));
    }
    let mut seen = BTreeSet::from([name]);
    for job in jobs {
        if job.is_empty() || job.chars().count() > NAME_MAX {
            problems.push(Problem::of(job, format!("A job name must have 1 to {NAME_MAX} characters")));
        }
        if !seen.insert(job) {
            problems.push(Problem::of(job, "The job name is not unique in its folder, or is the folder's"));
        }
    }
}

fn folder_name(name: &str, problems: &mut Vec<Problem>) {
    if name.is_empty() || name.chars().count() > NAME_MAX {
        problems.push(Problem::of(name, format!("A folder name must have 1 to {NAME_MAX} characters")));
    }
    if name.contains(NOT_IN_FOLDERS) {
        problems.push(Problem::of(name, "The folder name contains an invalid character"));
    }
}

/// Refuses lists of events that are too long, at any depth. `serde_json` bounds how deep they can be.
fn event_lists(name: &str, object: &Map<String, Value>, problems: &mut Vec<Problem>) {
    let events = object.get("Events").and_then(Value::as_array).into_iter().flatten().filter(|event| event.is_object());
    if EVENT_LISTS.contains(&text(object, "Type").as_str()) && events.count() > EVENTS_MAX {
        problems.push(Problem::of(name, format!("The list has more than {EVENTS_MAX} events")));
    }
    for (inner_name, body) in inner(object) {
        event_lists(if inner_name.is_empty() { name } else { inner_name }, body, problems);
    }
}

/// Appends the names of the jobs of an object and of the sub-folders in it.
fn job_names<'a>(object: &'a Map<String, Value>, names: &mut Vec<&'a str>) {
    for (name, body) in inner(object) {
        let kind = body.get("Type").and_then(Value::as_str).unwrap_or_default();
        if kind.starts_with("Job:") {
            names.push(name);
        } else if kind == "SubFolder" {
            job_names(body, names);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::read;

    fn problems(text: &str) -> Vec<String> {
        match read(text.as_bytes(), &["smprod".to_owned()]) {
            Ok(_) => Vec::new(),
            Err(problems) => problems.into_iter().map(|problem| problem.message).collect(),
        }
    }

    #[test]
    fn a_list_with_more_events_than_control_m_takes_is_refused() {
        let with = |kind: &str, events: usize| {
            let events = vec![r#"{"Event":"e"}"#; events].join(",");
            let list = format!(r#"{{"Type":"{kind}","Events":["(",{events},")"]}}"#);
            problems(&format!(
                r#"{{"f":{{"Type":"Folder","ControlmServer":"smprod","a":{{"Type":"Job:Dummy","list":{list}}}}}}}"#
            ))
        };
        assert_eq!(with("WaitForEvents", 99), Vec::<String>::new());
        for kind in ["WaitForEvents", "AddEvents", "DeleteEvents"] {
            assert_eq!(with(kind, 100), ["The list has more than 99 events"]);
        }
    }

    #[test]
    fn each_rule_has_its_words() {
        let job = r#""a":{"Type":"Job:Dummy"}"#;
        let cases = [
            ("{", "Failed to parse JSON"),
            ("[]", "Failed to parse JSON"),
            ("{}", "contains no folder"),
            (r#"{"Defaults":{}}"#, "contains no folder"),
            (r#"{"f":7}"#, "must be an object"),
            (&format!(r#"{{"f":{{"ControlmServer":"smprod",{job}}}}}"#), "Unknown folder type ''"),
            (&format!(r#"{{"f":{{"Type":"Folder",{job}}}}}"#), "ControlmServer is missing"),
            (&format!(r#"{{"f":{{"Type":"Folder","ControlmServer":"x",{job}}}}}"#), "'x' does not exist"),
            (r#"{"f":{"Type":"Folder","ControlmServer":"smprod"}}"#, "contains no job"),
            (r#"{"a":{"Type":"Folder","ControlmServer":"smprod","a":{"Type":"Job:Dummy"}}}"#, "or is the folder's"),
            (&format!(r#"{{"f g":{{"Type":"Folder","ControlmServer":"smprod",{job}}}}}"#), "invalid character"),
            (
                &format!(r#"{{"{}":{{"Type":"Folder","ControlmServer":"smprod",{job}}}}}"#, "f".repeat(65)),
                "1 to 64 characters",
            ),
        ];
        for (text, words) in cases {
            let found = problems(text);
            assert!(found.len() == 1 && found[0].contains(words), "{text}: {found:?}");
        }
    }
}
