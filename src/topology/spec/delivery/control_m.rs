//! `deliver.control_m`: each submission becomes a folder at Control-M, or an order of a deployed one.

use std::path::PathBuf;

use super::track::{self, Track};
use crate::codec::yaml::Item;
use crate::processor::delivery::control_m::{Folders, Mode, Submit};
use crate::template::Template;

/// The name of the processor: part of its topics, tasks and directories.
pub const DELIVERY: &str = "delivery";
/// The key of the section.
pub(super) const KEY: &str = "control_m";
/// The service's name in messages, and the setting that enables it.
pub(super) const SERVICE: (&str, &str) = ("Control-M", "control_m.base_url");

/// The words of `mode`.
const MODES: [(&str, Mode); 3] = [("on_demand", Mode::OnDemand), ("run", Mode::Run), ("order", Mode::Order)];

/// The words of `submit`.
const SUBMITS: [(&str, Submit); 2] = [("bundle", Submit::Bundle), ("progressive", Submit::Progressive)];

/// The largest `retention_days`.
const RETENTION_DAYS_MAX: i64 = 3_650;

/// Delivery to Control-M.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ControlM {
    /// What a submission becomes.
    pub mode: Mode,
    /// When it is submitted.
    pub submit: Submit,
    /// The path of the template of the job definition, or of the order.
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
            mode: self.mode,
            submit: self.submit,
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
    let mode = match fields.item("mode") {
        Some(item) => item.word(&MODES),
        None => Some(Mode::default()),
    };
    let submit_item = fields.item("submit");
    let submit = submit_item.as_ref().map_or(Some(Submit::default()), |item| item.word(&SUBMITS));
    let template = fields.required("template");
    let server = fields.required("server");
    let retention_days = match fields.item("retention_days") {
        Some(item) => item.integer(0..=RETENTION_DAYS_MAX),
        None => Some(ControlM::RETENTION_DAYS_DEFAULT),
    };
    let external = fields.item("external_events");
    let external_events = external.as_ref().map_or_else(|| Some(Vec::new()), Item::texts);
    let tracked = fields.item("track").filter(|item| !track::is_off(item));
    let track = tracked.as_ref().map(track::read);
    fields.finish();
    if mode == Some(Mode::Order) {
        let progressive = submit_item.filter(|_| submit == Some(Submit::Progressive));
        for item in [external, tracked, progressive].into_iter().flatten() {
            let hint = "remove it, or write `mode: on_demand` or `mode: run`".to_owned();
            item.problem("an order has no folder of its own, so this has no meaning for it", Some(hint));
        }
    }
    let track = match track {
        Some(read) => Some(read?),
        None => None,
    };
    Some(ControlM {
        mode: mode?,
        submit: submit?,
        template: template?,
        server: server?,
        retention_days: retention_days?,
        external_events: external_events?,
        track,
    })
}
