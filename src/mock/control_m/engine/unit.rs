//! A folder, sub-folder or job among the active jobs.

use std::sync::Arc;

use jiff::civil::Date;

use super::super::definition::{Folder, Kind, Node};
use super::id::job_id;
use super::log::Entry;
use crate::model::Timestamp;

/// A folder, sub-folder or job among the active jobs.
#[derive(Debug)]
pub(in crate::mock::control_m) struct Unit {
    /// The number of its id; never used again.
    pub(in crate::mock::control_m) id: u64,
    /// The place of the order that it came with.
    pub(super) order: usize,
    /// The unit that it lies in.
    pub(super) parent: Option<u64>,
    /// The units that lie in it.
    pub(super) children: Vec<u64>,
    /// The folder that was ordered, and the place of its node there.
    folder: Arc<Folder>,
    place: usize,
    /// Its order date.
    pub(in crate::mock::control_m) order_date: Date,
    /// Where it stands.
    pub(in crate::mock::control_m) state: State,
    /// Whether a user holds it.
    pub(in crate::mock::control_m) held: bool,
    /// Whether a user has deleted it.
    pub(in crate::mock::control_m) deleted: bool,
    /// What it does not wait for any more.
    pub(super) waived: Waived,
    /// The number of its runs.
    pub(in crate::mock::control_m) runs: u32,
    /// The time of its last start.
    pub(in crate::mock::control_m) started_at: Option<Timestamp>,
    /// The time at which its run will end, and the exit code that it will end with.
    pub(super) ends_at: Option<Timestamp>,
    pub(super) exit: i32,
    /// The time of its end.
    pub(in crate::mock::control_m) ended_at: Option<Timestamp>,
    /// The exit code of each run that has ended.
    pub(in crate::mock::control_m) codes: Vec<i32>,
    /// Its log.
    pub(in crate::mock::control_m) log: Vec<Entry>,
}

/// Where a unit stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::mock::control_m) enum State {
    /// It has not started.
    Waiting,
    /// It executes; a folder while some of it has not ended.
    Executing,
    /// It has ended.
    Ended {
        /// Whether OK.
        ok: bool,
    },
}

/// What a unit does not wait for any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Waived {
    /// It waits for all that its definition says.
    Nothing,
    /// A user has confirmed it.
    User,
    /// The same, and it does not wait for events (`runNow`, `rerun`).
    UserAndEvents,
}

/// What a unit lies in when it is ordered.
#[derive(Clone, Copy, Debug)]
pub(super) struct Position {
    /// The place of its order.
    pub(super) order: usize,
    /// The unit above.
    pub(super) parent: Option<u64>,
    /// The place of its node.
    pub(super) place: usize,
}

impl Unit {
    pub(super) fn new(id: u64, folder: &Arc<Folder>, position: Position, order_date: Date) -> Self {
        Self {
            id,
            order: position.order,
            parent: position.parent,
            children: Vec::new(),
            folder: Arc::clone(folder),
            place: position.place,
            order_date,
            state: State::Waiting,
            held: false,
            deleted: false,
            waived: Waived::Nothing,
            runs: 0,
            started_at: None,
            ends_at: None,
            exit: 0,
            ended_at: None,
            codes: Vec::new(),
            log: Vec::new(),
        }
    }

    /// The folder that was ordered.
    pub(in crate::mock::control_m) fn folder(&self) -> &Folder {
        &self.folder
    }

    /// Its definition.
    pub(in crate::mock::control_m) fn node(&self) -> &Node {
        // The place is that of one of the folder's nodes; the first is always there, and a folder's.
        static NONE: std::sync::LazyLock<Node> = std::sync::LazyLock::new(Node::default);
        self.folder.nodes.get(self.place).unwrap_or(&NONE)
    }

    /// Its id.
    pub(in crate::mock::control_m) fn job_id(&self) -> String {
        job_id(&self.folder.server, self.id)
    }

    /// Whether it is a job, and not a folder.
    pub(in crate::mock::control_m) fn is_job(&self) -> bool {
        matches!(self.node().kind, Kind::Job(_))
    }

    /// Whether the API shows it: the folder of a simple folder has no row.
    pub(in crate::mock::control_m) fn is_shown(&self) -> bool {
        self.parent.is_some() || self.folder.smart
    }

    /// Whether it waits for a user.
    pub(in crate::mock::control_m) fn waits_for_user(&self) -> bool {
        self.node().confirm && self.waived == Waived::Nothing
    }

    /// Whether it waits for events.
    pub(super) fn waits_for_events(&self) -> bool {
        self.waived < Waived::UserAndEvents
    }

    /// The number of what it lies in: 0 in a simple folder; none of the folder itself.
    pub(in crate::mock::control_m) fn parent_id(&self) -> Option<u64> {
        let is_simple = !self.folder.smart;
        self.parent.map(|parent| if is_simple { 0 } else { parent })
    }

    pub(super) const fn has_ended(&self) -> bool {
        matches!(self.state, State::Ended { .. })
    }
}
