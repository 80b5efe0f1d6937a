//! Renders the job definition of a submission, and checks that it can be looked up.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value};

use super::{Folders, count};
use crate::processor::Count;
use crate::processor::delivery::Submission;
use crate::template::{self, Payload};

/// The variable `ctmsla` of a template: the SLA of the folder's service in hours and minutes, with the value of the original
/// consumer.
pub const SLA: &str = "23:59";

/// Errors of rendering a definition.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Error {
    /// The template could not be rendered.
    #[error(transparent)]
    Template(#[from] template::Error),
    /// The definition does not have the folder for look-ups.
    #[error("template {template}: the definition has no folder `{folder}`: name its folder {{{{ folder }}}}")]
    NoFolder { template: String, folder: String },
}

impl Error {
    /// The increment for this error.
    pub(super) const fn count(&self) -> Count {
        match self {
            Self::Template(error) => count::render(error.kind()),
            Self::NoFolder { .. } => count::NO_FOLDER,
        }
    }
}

/// The variables of a template; the first six are those of the original consumer.
#[derive(Serialize)]
struct Context<'a> {
    server_name: &'a str,
    retention_days: u32,
    job_name: &'a str,
    parentid: &'a str,
    ctmsla: &'a str,
    parent_job_name: &'a str,
    bundle_id: &'a str,
    parent: &'a Payload,
    children: &'a [Payload],
    members: BTreeMap<&'a str, Vec<&'a Payload>>,
    folder: &'a str,
    first_event_at: &'a Value,
    completed_at: &'a Value,
    late: &'a Value,
}

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
    let job = format!("prnt-{}", submission.bundle_id);
    let definition = folders.template.render(&Context {
        server_name: &folders.server,
        retention_days: folders.retention_days,
        job_name: &job,
        parentid: &submission.bundle_id,
        ctmsla: SLA,
        parent_job_name: &job,
        bundle_id: &submission.bundle_id,
        parent: &submission.parent,
        children: &submission.children,
        members: by_name(submission),
        folder,
        first_event_at: &submission.first_event_at,
        completed_at: &submission.completed_at,
        late: &submission.late,
    })?;
    // A look-up searches for this name: a definition without it would not be found, and be submitted again.
    let members: Map<String, Value> = serde_json::from_str(&definition).unwrap_or_default();
    if !members.contains_key(folder) {
        let template = folders.template.name().to_owned();
        return Err(Error::NoFolder { template, folder: folder.to_owned() });
    }
    Ok(definition)
}
