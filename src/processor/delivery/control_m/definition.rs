//! Renders the job definition of a submission, and makes sure that it can be looked up.

use serde::Serialize;
use serde_json::{Map, Value};

use super::{Folders, count};
use crate::processor::Count;
use crate::processor::delivery::Submission;
use crate::template;

/// The variable `ctmsla` of a template: the time in which the folder's service is to complete, in hours and minutes, as the
/// original consumer set it.
pub const SLA: &str = "23:59";

/// Why a definition could not be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Error {
    /// The template could not be rendered.
    #[error(transparent)]
    Template(#[from] template::Error),
    /// The definition has no folder of the name by which it would be looked up.
    #[error("template {template}: the definition has no folder `{folder}`: name its folder {{{{ folder }}}}")]
    NoFolder { template: String, folder: String },
}

impl Error {
    /// How the failure is counted.
    pub(super) const fn count(&self) -> Count {
        match self {
            Self::Template(error) => count::render(error.kind()),
            Self::NoFolder { .. } => count::NO_FOLDER,
        }
    }
}

/// The variables of a template; the first six are the original consumer's.
#[derive(Serialize)]
struct Context<'a> {
    server_name: &'a str,
    retention_days: u32,
    job_name: &'a str,
    parentid: &'a str,
    ctmsla: &'a str,
    parent_job_name: &'a str,
    bundle_id: &'a str,
    parent: &'a Value,
    children: &'a [Value],
    folder: &'a str,
    first_event_at: &'a Value,
    completed_at: &'a Value,
    late: &'a Value,
}

/// The definition of one submission: a JSON object with the folder in it.
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
        folder,
        first_event_at: &submission.first_event_at,
        completed_at: &submission.completed_at,
        late: &submission.late,
    })?;
    // A look-up asks for this name: a definition without it would never be found, and be submitted again.
    let members: Map<String, Value> = serde_json::from_str(&definition).unwrap_or_default();
    if !members.contains_key(folder) {
        let template = folders.template.name().to_owned();
        return Err(Error::NoFolder { template, folder: folder.to_owned() });
    }
    Ok(definition)
}
