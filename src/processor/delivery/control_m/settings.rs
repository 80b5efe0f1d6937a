//! The settings of a delivery to Control-M.

use std::time::Duration;

use crate::model::Target;
use crate::processor::delivery::{Backoff, Settings};
use crate::template::Template;

/// The name of Control-M's sink in the configuration.
pub const CONTROL_M: &str = "control_m";
/// The target of questions about the runs of submitted folders; apart, so that they do not take the places of submits.
pub const CONTROL_M_RUNS: &str = "control_m_runs";

/// The default of `deliver.give_up_after`: longer than a weekend.
pub const GIVE_UP_AFTER: Duration = Duration::from_hours(3 * 24);

/// What a submission becomes at Control-M.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// A folder of its own, which is run and not kept.
    #[default]
    OnDemand,
    /// A folder of its own, which is deployed and run: Planning keeps its definition.
    Run,
    /// An order of a folder that is deployed already, with variables.
    Order,
}

/// When the folder of a bundle is submitted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Submit {
    /// When the bundle is complete.
    #[default]
    Bundle,
    /// At its first event. Its jobs wait for the events of the members, which are added as the members come
    /// ([`signal`](crate::processor::signal)).
    Progressive,
}

/// The protocol of Control-M, with the parameters of its folders.
#[derive(Clone, Debug)]
pub struct Folders {
    /// What a submission becomes.
    pub mode: Mode,
    /// When it is submitted; never progressively by orders.
    pub submit: Submit,
    /// The template of the job definition, or of the order.
    pub template: Template,
    /// The name of the Control-M server.
    pub server: String,
    /// The retention of jobs in Control-M, in days; a variable of the template.
    pub retention_days: u32,
    /// The names of events that others add than the definition's jobs; `*` stands for any text.
    pub external_events: Vec<String>,
}

impl Folders {
    /// Folders that are run on demand, kept for a day, and wait for no events of others.
    pub fn new(template: Template, server: &str) -> Self {
        let (mode, submit, server) = (Mode::OnDemand, Submit::Bundle, server.to_owned());
        Self { mode, submit, template, server, retention_days: 1, external_events: Vec::new() }
    }
}

/// The usual durations and limits: an intent is valid for 30 s, a request times out after a minute, a folder is visible after
/// 30 s, a submit is retried after 5 s, 10 s, 20 s and so on up to 5 minutes, for three days, and a journal is kept for a week.
///
/// An empty look-up counts for 20 h, which is less than a day, because Control-M's new day may remove a folder.
pub fn usual_settings() -> Settings {
    Settings {
        target: Target::new(CONTROL_M),
        intent_valid_for: Duration::from_secs(30),
        request_timeout: Duration::from_mins(1),
        visibility_lag: Duration::from_secs(30),
        retry: Backoff { first: Duration::from_secs(5), factor: 2, max: Duration::from_mins(5), jitter_percent: 25 },
        give_up_after: GIVE_UP_AFTER,
        lookup_horizon: Duration::from_hours(20),
        keep: Duration::from_hours(7 * 24),
    }
}
