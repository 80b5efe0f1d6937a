//! The paths of pages.

use crate::codec::percent_encode;
use crate::processor::dead_letter::DEAD_LETTER;
use crate::processor::flow::FLOW;

/// The list of a processor. Dead letters have pages of their own.
pub(super) fn entries(application: &str, processor: &str) -> String {
    if processor == DEAD_LETTER {
        return format!("/dead-letters/{}", percent_encode(application));
    }
    of(application, processor)
}

fn of(application: &str, processor: &str) -> String {
    format!("/entries/{}/{}", percent_encode(application), percent_encode(processor))
}

/// The list of a processor with this filter.
pub(super) fn filtered(application: &str, processor: &str, filter: &[(&str, &str)]) -> String {
    with_query(&entries(application, processor), filter)
}

/// A path with parameters. Those without a value are left out.
pub(super) fn with_query(path: &str, parameters: &[(&str, &str)]) -> String {
    let parameters = parameters.iter().filter(|(_, value)| !value.is_empty());
    let query: Vec<String> = parameters.map(|(name, value)| format!("{name}={}", percent_encode(value))).collect();
    if query.is_empty() { path.to_owned() } else { format!("{path}?{}", query.join("&")) }
}

/// The page of an entry.
pub(super) fn entry(application: &str, processor: &str, key: &str) -> String {
    let page = if processor == DEAD_LETTER { "letter" } else { "entry" };
    format!("{}/{page}?key={}", entries(application, processor), percent_encode(key))
}

/// Where commands are sent.
pub(super) fn commands(application: &str, processor: &str) -> String {
    of(application, processor) + "/command"
}

/// The form of a command.
pub(super) fn command(application: &str, processor: &str, (key, name): (&str, &str)) -> String {
    format!("{}?name={}&key={}", commands(application, processor), percent_encode(name), percent_encode(key))
}

/// The form of a command to a step of an entry.
pub(super) fn command_at(application: &str, processor: &str, command: (&str, &str), step: &str) -> String {
    format!("{}&step={}", self::command(application, processor, command), percent_encode(step))
}

/// The definitions of flows of an application.
pub(super) fn flows(application: &str) -> String {
    with_query("/flows", &[("application", application)])
}

/// A definition of flows.
pub(super) fn flow(application: &str, name: &str) -> String {
    with_query(&definition(name), &[("application", application)])
}

fn definition(name: &str) -> String {
    // A path with another spelling than that of the tasks of people.
    let name = if name == "tasks" { "%74asks".to_owned() } else { percent_encode(name) };
    format!("/flows/{name}")
}

/// The picture of a definition; `version` changes with what it shows.
pub(super) fn picture(application: &str, name: &str, version: &str) -> String {
    with_query(&(definition(name) + "/picture"), &[("application", application), ("v", version)])
}

/// The picture of a flow; `version` changes with what it shows.
pub(super) fn entry_picture(application: &str, key: &str, version: &str) -> String {
    with_query(&(of(application, FLOW) + "/picture"), &[("key", key), ("v", version)])
}

/// A picture of the API.
pub(super) fn api_picture(kind: &str, name: &str) -> String {
    format!("/api/v1/{FLOW}/{kind}/{}/picture", percent_encode(name))
}

/// The path of the tasks of people.
pub(super) const TASKS: &str = "/flows/tasks";

/// The tasks of people of an application.
pub(super) fn tasks(application: &str) -> String {
    with_query(TASKS, &[("application", application)])
}

/// The page of a trace, by its id alone.
pub(super) fn trace(id: &str) -> String {
    format!("/traces/{}", percent_encode(id))
}
