//! Checks a job definition and reads its folders.
//!
//! Rules: `facts/control-m.md` sections 1.6 and 2. What the real server checks beyond them is not published.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::answer::Problem;

/// The longest name of a folder or a job, in characters.
const NAME_MAX: usize = 64;
/// The most events in one list.
const EVENTS_MAX: usize = 99;
/// The types of objects with a list of events.
const EVENT_LISTS: [&str; 3] = ["WaitForEvents", "AddEvents", "DeleteEvents"];
/// The characters that no folder's name may contain.
const NOT_IN_FOLDERS: [char; 7] = [' ', '\'', '$', '/', '*', '?', '"'];

/// A folder of a definition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Folder {
    /// Its name.
    pub(super) name: String,
    /// `Folder` (smart) has a row of its own, `SimpleFolder` has none.
    pub(super) smart: bool,
    /// The Control-M server.
    pub(super) server: String,
    /// Its application, and that of its jobs without one.
    pub(super) application: String,
    /// The same for the sub-application.
    pub(super) sub_application: String,
    /// Its jobs, those of its sub-folders among them.
    pub(super) jobs: Vec<Job>,
}

/// A job of a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Job {
    /// Its name.
    pub(super) name: String,
    /// The API's word for its type (`Command` of `Job:Command`).
    pub(super) kind: String,
    /// Its application.
    pub(super) application: String,
    /// Its sub-application.
    pub(super) sub_application: String,
}

/// Reads a definition; all problems are found at once. `servers` are the known names; empty means any.
pub(super) fn read(text: &[u8], servers: &[String]) -> Result<Vec<Folder>, Vec<Problem>> {
    let object: Map<String, Value> =
        serde_json::from_slice(text).map_err(|error| vec![Problem::new(format!("Failed to parse JSON: {error}"))])?;
    let defaults = object.get("Defaults").and_then(Value::as_object);
    let (mut folders, mut problems) = (Vec::new(), Vec::new());
    for (name, value) in object.iter().filter(|(name, _)| *name != "Defaults") {
        match folder(name, value, defaults, servers) {
            Ok(folder) => folders.push(folder),
            Err(found) => problems.extend(found),
        }
    }
    if folders.is_empty() && problems.is_empty() {
        problems.push(Problem::new("The definition contains no folder"));
    }
    if problems.is_empty() { Ok(folders) } else { Err(problems) }
}

fn folder(
    name: &str,
    value: &Value,
    defaults: Option<&Map<String, Value>>,
    servers: &[String],
) -> Result<Folder, Vec<Problem>> {
    let Some(body) = value.as_object() else { return Err(vec![Problem::of(name, "A folder must be an object")]) };
    let mut problems = folder_name(name);
    let kind = text(body, "Type");
    if !matches!(kind, "Folder" | "SimpleFolder") {
        problems.push(Problem::of(name, format!("Unknown folder type '{kind}': expected Folder or SimpleFolder")));
    }
    let inherited = |field| match text(body, field) {
        "" => defaults.map_or("", |defaults| text(defaults, field)),
        own => own,
    };
    let server = inherited("ControlmServer");
    if server.is_empty() {
        problems.push(Problem::of(name, "ControlmServer is missing"));
    } else if !servers.is_empty() && !servers.iter().any(|known| known == server) {
        problems.push(Problem::of(name, format!("Control-M Server '{server}' does not exist")));
    }
    let mut folder = Folder {
        name: name.to_owned(),
        smart: kind == "Folder",
        server: server.to_owned(),
        application: inherited("Application").to_owned(),
        sub_application: inherited("SubApplication").to_owned(),
        jobs: Vec::new(),
    };
    collect(body, &mut folder);
    event_lists(name, body, &mut problems);
    problems.extend(job_names(&folder));
    if problems.is_empty() { Ok(folder) } else { Err(problems) }
}

fn folder_name(name: &str) -> Vec<Problem> {
    let mut problems = Vec::new();
    if name.is_empty() || name.chars().count() > NAME_MAX {
        problems.push(Problem::of(name, format!("A folder name must have 1 to {NAME_MAX} characters")));
    }
    if name.contains(NOT_IN_FOLDERS) {
        problems.push(Problem::of(name, "The folder name contains an invalid character"));
    }
    problems
}

/// Appends the jobs of an object and of the sub-folders in it. `serde_json` bounds how deep they can be.
fn collect(object: &Map<String, Value>, folder: &mut Folder) {
    for (name, value) in object {
        let Some(body) = value.as_object() else { continue };
        push(name, body, folder);
    }
    for body in object.get("Jobs").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_object) {
        push(text(body, "Name"), body, folder);
    }
}

/// Refuses lists of events that are too long, at any depth.
fn event_lists(name: &str, object: &Map<String, Value>, problems: &mut Vec<Problem>) {
    let events = object.get("Events").and_then(Value::as_array).into_iter().flatten().filter(|event| event.is_object());
    if EVENT_LISTS.contains(&text(object, "Type")) && events.count() > EVENTS_MAX {
        problems.push(Problem::of(name, format!("The list has more than {EVENTS_MAX} events")));
    }
    let jobs = object.get("Jobs").and_then(Value::as_array).into_iter().flatten();
    let inner = object.iter().map(|(name, value)| (name.as_str(), value)).chain(jobs.map(|job| (name, job)));
    for (name, body) in inner.filter_map(|(name, value)| Some((name, value.as_object()?))) {
        event_lists(name, body, problems);
    }
}

fn push(name: &str, body: &Map<String, Value>, folder: &mut Folder) {
    match text(body, "Type").split_once(':') {
        Some(("Job", kind)) => {
            let or_the_folders = |field, of_folder: &String| match text(body, field) {
                "" => of_folder.clone(),
                own => own.to_owned(),
            };
            folder.jobs.push(Job {
                name: name.to_owned(),
                kind: kind.to_owned(),
                application: or_the_folders("Application", &folder.application),
                sub_application: or_the_folders("SubApplication", &folder.sub_application),
            });
        }
        None if text(body, "Type") == "SubFolder" => collect(body, folder),
        // Flows, events, variables and conditions: not jobs.
        _ => {}
    }
}

fn job_names(folder: &Folder) -> Vec<Problem> {
    let mut problems = Vec::new();
    if folder.jobs.is_empty() {
        problems.push(Problem::of(&folder.name, "The folder contains no job"));
    }
    let mut seen = BTreeSet::from([folder.name.as_str()]);
    for Job { name, .. } in &folder.jobs {
        if name.is_empty() || name.chars().count() > NAME_MAX {
            problems.push(Problem::of(name, format!("A job name must have 1 to {NAME_MAX} characters")));
        }
        if !seen.insert(name) {
            problems.push(Problem::of(name, "The job name is not unique in its folder, or is the folder's"));
        }
    }
    problems
}

/// A text field; empty when there is none.
fn text<'a>(object: &'a Map<String, Value>, field: &str) -> &'a str {
    object.get(field).and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::read;

    fn problems(text: &str) -> Vec<String> {
        match read(text.as_bytes(), &["smprod".to_owned()]) {
            Ok(_) => Vec::new(),
            Err(problems) => problems.into_iter().map(|problem| problem.message).collect(),
        }
    }

    #[test]
    fn defaults_job_lists_and_sub_folders_are_understood() {
        let text = r#"{"Defaults":{"ControlmServer":"smprod","Application":"app"},
            "f":{"Type":"Folder","a":{"Type":"Job:Command","Command":"x"},"flow":{"Type":"Flow","Sequence":["a","b"]},
                 "Jobs":[{"Name":"b","Type":"Job:Dummy","Application":"own"}],
                 "s":{"Type":"SubFolder","c":{"Type":"Job:SLAManagement"}}},
            "g":{"Type":"SimpleFolder","ControlmServer":"smprod","a":{"Type":"Job:Dummy"}}}"#;
        let folders = read(text.as_bytes(), &["smprod".to_owned()]).unwrap();
        let jobs: Vec<_> = folders[0]
            .jobs
            .iter()
            .map(|job| (job.name.as_str(), job.kind.as_str(), job.application.as_str()))
            .collect();
        assert!(jobs.contains(&("a", "Command", "app")) && jobs.contains(&("b", "Dummy", "own")), "{jobs:?}");
        assert!(jobs.contains(&("c", "SLAManagement", "app")), "{jobs:?}");
        assert_eq!((folders[0].smart, folders[1].smart), (true, false));
    }

    #[test]
    fn a_list_with_more_events_than_control_m_takes_is_refused() {
        let with = |kind: &str, events: usize| {
            let events = vec![r#"{"Event":"e"}"#; events].join(",");
            let list = format!(r#"{{"Type":"{kind}","Events":[{events},"AND"]}}"#);
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
