//! A folder, sub-folder or job of a definition.

use super::action::Condition;
use super::event::{EventRef, Wait};
use super::sla::Service;
use super::work::Work;

/// A folder with all that is in it.
#[derive(Clone, Debug)]
pub(in crate::mock::control_m) struct Folder {
    /// Its name.
    pub(in crate::mock::control_m) name: String,
    /// `Folder` (smart) has a row of its own, `SimpleFolder` has none.
    pub(in crate::mock::control_m) smart: bool,
    /// The Control-M server.
    pub(in crate::mock::control_m) server: String,
    /// `ActiveRetentionPolicy: CleanEndedOK`: what has ended OK goes at the next New Day.
    pub(in crate::mock::control_m) clean_ended_ok: bool,
    /// The folder itself, then its sub-folders and jobs; each stands after the one that it lies in.
    pub(in crate::mock::control_m) nodes: Vec<Node>,
    /// Its definition, with the defaults in it.
    pub(in crate::mock::control_m) source: serde_json::Value,
}

/// A folder, sub-folder or job.
#[derive(Clone, Debug, Default)]
pub(in crate::mock::control_m) struct Node {
    /// Its name.
    pub(in crate::mock::control_m) name: String,
    /// The path of the folder that it lies in (`F/S`); of a folder, its own name.
    pub(in crate::mock::control_m) path: String,
    /// The place of the node that it lies in.
    pub(in crate::mock::control_m) parent: Option<usize>,
    /// What it is.
    pub(in crate::mock::control_m) kind: Kind,
    /// What it says about itself.
    pub(in crate::mock::control_m) labels: Labels,
    /// Whether it waits for a user's confirmation.
    pub(in crate::mock::control_m) confirm: bool,
    /// What it waits for.
    pub(in crate::mock::control_m) waits: Vec<Wait>,
    /// The pools and locks that it needs.
    pub(in crate::mock::control_m) uses: Vec<Use>,
    /// The events that it adds when it ends OK.
    pub(in crate::mock::control_m) adds: Vec<EventRef>,
    /// The events that it deletes when it ends OK, after those that it adds.
    pub(in crate::mock::control_m) deletes: Vec<EventRef>,
    /// The actions at its end.
    pub(in crate::mock::control_m) conditions: Vec<Condition>,
    /// How often `Action:Rerun` may run it again.
    pub(in crate::mock::control_m) reruns_max: u32,
    /// How long it stays among the active jobs when it has not been executed.
    pub(in crate::mock::control_m) keep: Keep,
    /// The same when it ended not OK; the longer of both counts.
    pub(in crate::mock::control_m) keep_if_not_ok: Keep,
    /// How long it executes, and how it ends.
    pub(in crate::mock::control_m) work: Work,
    /// The service of an SLA job.
    pub(in crate::mock::control_m) service: Option<Service>,
}

/// What a node is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::mock::control_m) enum Kind {
    /// The folder itself.
    #[default]
    Folder,
    /// A sub-folder.
    SubFolder,
    /// A job, with the API's word for its type (`Command` of `Job:Command`).
    Job(String),
}

/// What a node says about itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::mock::control_m) struct Labels {
    /// The application; a job without one has its folder's, as with the other labels.
    pub(in crate::mock::control_m) application: String,
    /// The sub-application.
    pub(in crate::mock::control_m) sub_application: String,
    /// A text for people.
    pub(in crate::mock::control_m) description: String,
    /// The host or host group.
    pub(in crate::mock::control_m) host: String,
    /// The user that it runs as.
    pub(in crate::mock::control_m) run_as: String,
}

/// How long a job that has not been executed stays among the active jobs (`DaysKeepActive`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::mock::control_m) enum Keep {
    /// So many New Days after its order date.
    Days(i32),
    /// Until it is deleted.
    Forever,
}

impl Default for Keep {
    fn default() -> Self {
        Self::Days(0)
    }
}

/// A need for a pool or a lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::mock::control_m) enum Use {
    /// So many units of a pool.
    Pool {
        /// Its name.
        name: String,
        /// The units.
        quantity: u32,
    },
    /// A lock.
    Lock {
        /// Its name.
        name: String,
        /// Whether nobody else may have it, or nobody else alone.
        exclusive: bool,
    },
}
