//! Renders the job definition of a submission, and checks that it can be looked up.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value};

use super::{Folders, count};
use crate::processor::Count;
use crate::processor::delivery::Submission;
use crate::template::{self, Payload, Template};

/// The variable `ctmsla` of a template: the SLA of the folder's service in hours and minutes, with the value of the original
/// consumer.
pub const SLA: &str = "23:59";

/// The most events in one list of a job or a folder that Control-M takes.
pub const EVENTS_MAX: usize = 99;

/// The types of objects with a list of events.
const EVENT_LISTS: [&str; 3] = ["WaitForEvents", "AddEvents", "DeleteEvents"];

/// Errors of rendering a definition.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Error {
    /// The template could not be rendered.
    #[error(transparent)]
    Template(#[from] template::Error),
    /// The definition does not have the folder for look-ups.
    #[error("template {template}: the definition has no folder `{folder}`: name its folder {{{{ folder }}}}")]
    NoFolder { template: String, folder: String },
    /// A list of events is longer than Control-M takes.
    #[error(
        "template {template}: `{list}` has {events} events, and Control-M takes at most {EVENTS_MAX} in one list: let jobs \
         in between wait for groups of children"
    )]
    TooManyEvents { template: String, list: String, events: usize },
}

impl Error {
    /// The increment for this error.
    pub(super) const fn count(&self) -> Count {
        match self {
            Self::Template(error) => count::render(error.kind()),
            Self::NoFolder { .. } => count::NO_FOLDER,
            Self::TooManyEvents { .. } => count::TOO_MANY_EVENTS,
        }
    }
}

/// A bundle as a template sees it, with payloads of type `P`.
pub(super) struct Content<'a, P> {
    pub(super) bundle_id: &'a str,
    /// `None`: the bundle has no parent.
    pub(super) parent: Option<&'a P>,
    pub(super) children: &'a [P],
    pub(super) members: BTreeMap<&'a str, Vec<&'a P>>,
    pub(super) folder: &'a str,
    pub(super) first_event_at: &'a Value,
    pub(super) completed_at: &'a Value,
    pub(super) late: &'a Value,
}

/// The variables of a template; the first six are those of the original consumer.
#[derive(Serialize)]
struct Context<'a, P: Serialize> {
    server_name: &'a str,
    retention_days: u32,
    job_name: &'a str,
    parentid: &'a str,
    ctmsla: &'a str,
    parent_job_name: &'a str,
    bundle_id: &'a str,
    parent: Option<&'a P>,
    children: &'a [P],
    members: BTreeMap<&'a str, Vec<&'a P>>,
    folder: &'a str,
    first_event_at: &'a Value,
    completed_at: &'a Value,
    late: &'a Value,
}

/// The names of the variables.
pub(super) const VARIABLES: [&str; 14] = [
    "server_name",
    "retention_days",
    "job_name",
    "parentid",
    "ctmsla",
    "parent_job_name",
    "bundle_id",
    "parent",
    "children",
    "members",
    "folder",
    "first_event_at",
    "completed_at",
    "late",
];

/// The children by name; none if they are not counted by name.
fn by_name(submission: &Submission) -> BTreeMap<&str, Vec<&Payload>> {
    let mut members: BTreeMap<&str, Vec<&Payload>> = BTreeMap::new();
    for (name, child) in submission.names.iter().zip(&submission.children) {
        members.entry(name).or_default().push(child);
    }
    members
}

/// Renders the definition of one submission: a JSON object with the folder as a key.
pub(super) fn render(folders: &Folders, submission: &Submission, folder: &str) -> Result<String, Error> {
    let content = Content {
        bundle_id: &submission.bundle_id,
        parent: Some(&submission.parent),
        children: &submission.children,
        members: by_name(submission),
        folder,
        first_event_at: &submission.first_event_at,
        completed_at: &submission.completed_at,
        late: &submission.late,
    };
    render_with(folders, &folders.template, content)
}

/// Renders a template, and checks what Control-M and a look-up demand of the definition.
pub(super) fn render_with<P: Serialize>(
    folders: &Folders,
    template: &Template,
    content: Content<'_, P>,
) -> Result<String, Error> {
    let Content { bundle_id, parent, children, members, folder, first_event_at, completed_at, late } = content;
    let job = format!("prnt-{bundle_id}");
    let definition = template.render(&Context {
        server_name: &folders.server,
        retention_days: folders.retention_days,
        job_name: &job,
        parentid: bundle_id,
        ctmsla: SLA,
        parent_job_name: &job,
        bundle_id,
        parent,
        children,
        members,
        folder,
        first_event_at,
        completed_at,
        late,
    })?;
    // A look-up searches for this name: a definition without it would not be found, and be submitted again.
    let members: Map<String, Value> = serde_json::from_str(&definition).unwrap_or_default();
    if !members.contains_key(folder) {
        let template = template.name().to_owned();
        return Err(Error::NoFolder { template, folder: folder.to_owned() });
    }
    match members.iter().find_map(|(name, value)| too_many_events(name, value)) {
        Some((list, events)) => Err(Error::TooManyEvents { template: template.name().to_owned(), list, events }),
        None => Ok(definition),
    }
}

/// The first list with more events than Control-M takes, by its path, and their number.
fn too_many_events(path: &str, value: &Value) -> Option<(String, usize)> {
    let object = value.as_object()?;
    let is_list = object.get("Type").and_then(Value::as_str).is_some_and(|kind| EVENT_LISTS.contains(&kind));
    // Parentheses and operators between the events are texts.
    let events = object.get("Events").and_then(Value::as_array).into_iter().flatten().filter(|event| event.is_object());
    let events = if is_list { events.count() } else { 0 };
    if events > EVENTS_MAX {
        return Some((path.to_owned(), events));
    }
    object.iter().find_map(|(name, value)| too_many_events(&format!("{path}/{name}"), value))
}
