//! Renders the job definition of a submission, and checks that it can be looked up.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value};

use super::jobs_as_code::{self, Finding, Waiting};
use super::{Folders, Mode, Submit, count, order};
use crate::processor::Count;
use crate::processor::delivery::Submission;
use crate::template::{self, Rendered, Severity, Template};

/// The variable `ctmsla` of a template: the SLA of the folder's service in hours and minutes, with the value of the original
/// consumer.
pub const SLA: &str = "23:59";

/// The findings that an error names; more are counted.
const NAMED_MAX: usize = 3;

/// Errors of rendering a definition.
#[derive(Clone, Debug, thiserror::Error)]
pub(super) enum Error {
    /// The template could not be rendered.
    #[error(transparent)]
    Template(#[from] template::Error),
    /// The definition does not have the folder for look-ups.
    #[error("template {template}: the definition has no folder `{folder}`: name its folder {{{{ folder }}}}")]
    NoFolder { template: String, folder: String },
    /// The definition breaks rules of Control-M.
    #[error("template {template}: {}", words(.findings))]
    Invalid { template: String, findings: Vec<Finding> },
}

/// The first findings.
fn words(findings: &[Finding]) -> String {
    let named: Vec<String> = findings.iter().take(NAMED_MAX).map(ToString::to_string).collect();
    match findings.len().saturating_sub(NAMED_MAX) {
        0 => named.join("; "),
        more => format!("{}; and {more} more", named.join("; ")),
    }
}

impl Error {
    /// The increment for this error.
    pub(super) const fn count(&self) -> Count {
        match self {
            Self::Template(error) => count::render(error.kind()),
            Self::NoFolder { .. } => count::NO_FOLDER,
            Self::Invalid { .. } => count::INVALID,
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

/// The variables of every template; the first six are those of the original consumer.
#[derive(Serialize)]
struct Shared<'a> {
    server_name: &'a str,
    retention_days: u32,
    job_name: &'a str,
    parentid: &'a str,
    ctmsla: &'a str,
    parent_job_name: &'a str,
    bundle_id: &'a str,
}

impl<'a> Shared<'a> {
    /// `job` is the name of the parent's job.
    fn of(folders: &'a Folders, bundle_id: &'a str, job: &'a str) -> Self {
        Self {
            server_name: &folders.server,
            retention_days: folders.retention_days,
            job_name: job,
            parentid: bundle_id,
            ctmsla: SLA,
            parent_job_name: job,
            bundle_id,
        }
    }
}

/// The variables of a template for a bundle that is incomplete.
#[derive(Serialize)]
struct OpeningContext<'a> {
    #[serde(flatten)]
    shared: Shared<'a>,
    folder: &'a str,
    events: &'a [String],
}

/// The variables of a template.
#[derive(Serialize)]
struct Context<'a, P: Serialize> {
    #[serde(flatten)]
    shared: Shared<'a>,
    parent: Option<&'a P>,
    children: &'a [P],
    members: BTreeMap<&'a str, Vec<&'a P>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    folder: Option<&'a str>,
    first_event_at: &'a Value,
    completed_at: &'a Value,
    late: &'a Value,
}

/// The variable that an order does not have: its folder is deployed.
const FOLDER: &str = "folder";

/// The names of the variables.
const VARIABLES: [&str; 14] = [
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
    FOLDER,
    "first_event_at",
    "completed_at",
    "late",
];

/// The names of the variables of an incomplete bundle: nothing of its members, which are not there.
const OPENING_VARIABLES: [&str; 9] = [
    "server_name",
    "retention_days",
    "job_name",
    "parentid",
    "ctmsla",
    "parent_job_name",
    "bundle_id",
    FOLDER,
    "events",
];

/// The names of the variables in this mode.
pub(super) fn variables(mode: Mode, submit: Submit) -> Vec<&'static str> {
    match submit {
        Submit::Bundle => VARIABLES.into_iter().filter(|name| mode != Mode::Order || *name != FOLDER).collect(),
        Submit::Progressive => OPENING_VARIABLES.into(),
    }
}

/// The definition of one submission: a JSON object with the folder as a key, or an order, which breaks no rule.
pub(super) fn render(folders: &Folders, submission: &Submission, folder: &str) -> Result<String, Error> {
    let Checked { text, findings, .. } = render_checked(folders, submission, folder)?.named(folders, folder)?;
    let errors: Vec<Finding> =
        findings.into_iter().filter(|finding| finding.rule.severity == Severity::Error).collect();
    if errors.is_empty() {
        return Ok(text);
    }
    Err(Error::Invalid { template: folders.template.name().to_owned(), findings: errors })
}

/// The definition of one submission, with all findings in it.
pub(super) fn render_checked(folders: &Folders, submission: &Submission, folder: &str) -> Result<Checked, Error> {
    if !submission.events.is_empty() {
        return render_opening(folders, &submission.bundle_id, &submission.events, folder);
    }
    let content = Content {
        bundle_id: &submission.bundle_id,
        parent: Some(&submission.parent),
        children: &submission.children,
        members: submission.by_name(),
        folder,
        first_event_at: &submission.first_event_at,
        completed_at: &submission.completed_at,
        late: &submission.late,
    };
    render_with(folders, &folders.template, content)
}

/// A rendered definition with the rules that it breaks.
#[derive(Clone, Debug)]
pub(super) struct Checked {
    pub(super) text: String,
    pub(super) findings: Vec<Finding>,
    /// True if the definition has the folder for look-ups, or is an order, which is not looked up.
    can_be_looked_up: bool,
}

impl Checked {
    /// The same if it can be looked up by its folder: a definition without it would not be found, and be submitted again.
    pub(super) fn named(self, folders: &Folders, folder: &str) -> Result<Self, Error> {
        if self.can_be_looked_up {
            return Ok(self);
        }
        Err(Error::NoFolder { template: folders.template.name().to_owned(), folder: folder.to_owned() })
    }
}

/// Renders the definition of a bundle that is incomplete, whose jobs wait for these events.
pub(super) fn render_opening(
    folders: &Folders,
    bundle_id: &str,
    events: &[String],
    folder: &str,
) -> Result<Checked, Error> {
    let job = format!("prnt-{bundle_id}");
    let rendered =
        folders.template.render(&OpeningContext { shared: Shared::of(folders, bundle_id, &job), folder, events })?;
    let waiting = Waiting { signals: events, days: folders.retention_days };
    Ok(checked(folders, &folders.template, rendered, (folder, waiting)))
}

/// Checks what Control-M demands of a definition.
fn checked(
    folders: &Folders,
    template: &Template,
    rendered: Rendered,
    (folder, waiting): (&str, Waiting<'_>),
) -> Checked {
    let object: Map<String, Value> = serde_json::from_str(&rendered.text).unwrap_or_default();
    if folders.mode == Mode::Order {
        return Checked { text: rendered.text, findings: order::check(&object), can_be_looked_up: true };
    }
    let is_constant = |text: &str| template.is_constant(text);
    let findings = jobs_as_code::check(&rendered, &object, (&folders.external_events, waiting), &is_constant);
    Checked { text: rendered.text, findings, can_be_looked_up: object.contains_key(folder) }
}

/// Renders a template, and checks what Control-M demands of the definition.
pub(super) fn render_with<P: Serialize>(
    folders: &Folders,
    template: &Template,
    content: Content<'_, P>,
) -> Result<Checked, Error> {
    let Content { bundle_id, parent, children, members, folder, first_event_at, completed_at, late } = content;
    let job = format!("prnt-{bundle_id}");
    let rendered = template.render(&Context {
        shared: Shared::of(folders, bundle_id, &job),
        parent,
        children,
        members,
        folder: (folders.mode != Mode::Order).then_some(folder),
        first_event_at,
        completed_at,
        late,
    })?;
    Ok(checked(folders, template, rendered, (folder, Waiting::default())))
}
