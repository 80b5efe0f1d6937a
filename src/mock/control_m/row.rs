//! A job or folder as the API shows it.

use serde::{Deserialize, Serialize};

use super::definition::Kind;
use super::engine::{self, Engine, Unit};
use crate::model::Timestamp;

/// A row of `GET /run/jobs/status` and `GET /run/status/{id}`. Source of the shape: real answers in
/// `facts/control-m.md` section 1.5.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Row {
    /// `<server>:<five characters in base 36>`.
    pub job_id: String,
    /// The same of the folder; `<server>:` in the row of a folder, `<server>:00000` in a simple folder.
    pub folder_id: String,
    /// The number of its runs; 0 while it waits for the first one.
    pub number_of_runs: u32,
    /// The job's name, or the folder's in its own row.
    pub name: String,
    /// The path of the folder (`folder/sub-folder`).
    pub folder: String,
    /// `Folder`, `SubFolder`, or the job's type.
    #[serde(rename = "type")]
    pub kind: String,
    /// `Wait User`, `Wait Condition`, `Wait Resource`, `Wait Host`, `Executing`, `Ended OK` or `Ended Not OK`.
    pub status: String,
    /// Whether a user holds it.
    pub held: bool,
    /// Whether a user has deleted it.
    pub deleted: bool,
    /// Always false.
    #[serde(default)]
    pub cyclic: bool,
    /// The time of its start, in the call's form; empty while it waits.
    pub start_time: String,
    /// The time of its end; empty while it waits or executes.
    pub end_time: String,
    /// The order date, `yymmdd`.
    pub order_date: String,
    /// The Control-M server.
    pub ctm: String,
    /// Its description.
    #[serde(default)]
    pub description: String,
    /// Its host.
    #[serde(default)]
    pub host: String,
    /// Its application.
    pub application: String,
    /// Its sub-application.
    pub sub_application: String,
    /// The address of its output; none in a dump.
    #[serde(rename = "outputURI", default, skip_serializing_if = "Option::is_none")]
    pub output_uri: Option<String>,
    /// The same of its log.
    #[serde(rename = "logURI", default, skip_serializing_if = "Option::is_none")]
    pub log_uri: Option<String>,
}

/// How the times of a row are written.
#[derive(Clone, Copy, Debug)]
pub(super) enum Times {
    /// `20190729191733`, as in `jobs/status`.
    Compact,
    /// `Jul 29, 2019 7:17:33 PM`, as in `run/status` and `job/status`.
    Long,
}

impl Times {
    const fn format(self) -> &'static str {
        match self {
            Self::Compact => "%Y%m%d%H%M%S",
            Self::Long => "%b %-d, %Y %-I:%M:%S %p",
        }
    }
}

impl Row {
    /// The row of a unit.
    pub(super) fn new(engine: &Engine, unit: &Unit, times: Times) -> Self {
        let (node, folder) = (unit.node(), unit.folder());
        let time =
            |at: Option<Timestamp>| at.map(|at| engine.calendar().written(at, times.format())).unwrap_or_default();
        let folder_id = match unit.parent_id() {
            None => format!("{}:", folder.server),
            Some(parent) => engine::job_id(&folder.server, parent),
        };
        let kind = match &node.kind {
            Kind::Folder => "Folder",
            Kind::SubFolder => "SubFolder",
            Kind::Job(kind) => kind,
        };
        Self {
            job_id: unit.job_id(),
            folder_id,
            number_of_runs: unit.runs,
            name: node.name.clone(),
            folder: node.path.clone(),
            kind: kind.to_owned(),
            status: engine.status(unit).to_owned(),
            held: unit.held,
            deleted: unit.deleted,
            cyclic: false,
            start_time: time(unit.started_at),
            end_time: time(unit.ended_at),
            order_date: unit.order_date.strftime("%y%m%d").to_string(),
            ctm: folder.server.clone(),
            description: node.labels.description.clone(),
            host: node.labels.host.clone(),
            application: node.labels.application.clone(),
            sub_application: node.labels.sub_application.clone(),
            output_uri: None,
            log_uri: None,
        }
    }

    /// The same row with the addresses of its output and log below `base` (`http://host/automation-api`).
    pub(super) fn with_addresses(mut self, base: &str) -> Self {
        let of = |what| Some(format!("{base}/run/job/{}/{what}", self.job_id));
        (self.output_uri, self.log_uri) = (of("output"), of("log"));
        self
    }
}
