//! `deliver.control_m`: each submission becomes a folder at Control-M.

use std::path::PathBuf;

use super::track::{self, Track};
use crate::codec::yaml::Item;
use crate::processor::delivery::control_m::Folders;
use crate::template::Template;

/// The name of the processor: part of its topics, tasks and directories.
pub const DELIVERY: &str = "delivery";
/// The key of the section.
pub(super) const KEY: &str = "control_m";
/// The service's name in messages, and the setting that enables it.
pub(super) const SERVICE: (&str, &str) = ("Control-M", "control_m.base_url");

/// The largest `retention_days`.
const RETENTION_DAYS_MAX: i64 = 3_650;

/// Delivery to Control-M.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ControlM {
    /// The path of the job definition's template.
    pub template: PathBuf,
    /// The Control-M server on which the folder is ordered.
    pub server: String,
    /// How long Control-M keeps the jobs: a value of the template, in days, 0 to 3650.
    pub retention_days: u32,
    /// How the runs of the folders are followed; `None`: they are not.
    pub track: Option<Track>,
    /// The names of events that others add than the definition's jobs; `*` stands for any text.
    pub external_events: Vec<String>,
}

impl ControlM {
    /// The default of `retention_days`.
    pub const RETENTION_DAYS_DEFAULT: u32 = 14;

    /// The protocol of its processor; `template` is the compiled [`ControlM::template`].
    pub fn folders(&self, template: Template) -> Folders {
        Folders {
            template,
            server: self.server.clone(),
            retention_days: self.retention_days,
            external_events: self.external_events.clone(),
        }
    }
}

/// Reads the section.
pub(super) fn read(section: &Item<'_>) -> Option<ControlM> {
    let mut fields = section.fields()?;
    let template = fields.required("template");
    let server = fields.required("server");
    let retention_days = match fields.item("retention_days") {
        Some(item) => item.integer(0..=RETENTION_DAYS_MAX),
        None => Some(ControlM::RETENTION_DAYS_DEFAULT),
    };
    let external_events = match fields.item("external_events") {
        Some(item) => item.texts(),
        None => Some(Vec::new()),
    };
    let track = fields.item("track").filter(|item| !track::is_off(item)).map(|item| track::read(&item));
    fields.finish();
    let track = match track {
        Some(read) => Some(read?),
        None => None,
    };
    Some(ControlM {
        template: template?,
        server: server?,
        retention_days: retention_days?,
        external_events: external_events?,
        track,
    })
}
