//! `deliver.control_m.track`: the runs of submitted bundles are followed.

use std::time::Duration;

use crate::codec::yaml::{Item, Value};
use crate::model::Target;
use crate::processor::erase;
use crate::processor::tracking::{Follower, OutcomeKeying, RUNS, Settings};
use crate::topology::{Node, Output, Source, StartAt, internal_topic};

/// The name of the processor: part of its topics, tasks and directories.
pub const TRACKING: &str = "tracking";

/// The time after a submit within which Control-M may not list its folder yet. Longer than any usual lag, because a run is gone
/// after it.
const VISIBLE_WITHIN: Duration = Duration::from_mins(5);

/// How runs are followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Track {
    /// The shortest interval between two questions about a run, at least a second.
    pub every: Duration,
    /// The time after the submit for which a run may wait until there is an alert.
    pub waiting: Duration,
}

impl Default for Track {
    fn default() -> Self {
        let Settings { interval, waiting_max, .. } = Settings::new(Target::new(""), "", Duration::ZERO);
        Self { every: interval, waiting: waiting_max }
    }
}

impl Track {
    /// The source of the outcomes, for the node with this index.
    pub(in crate::topology) fn source(application: &str, node: usize) -> Source {
        let topic = internal_topic(application, "outcomes");
        Source { topic, node, keying: std::sync::Arc::new(OutcomeKeying), start: Some(StartAt::Earliest) }
    }

    /// The node, with its processor, which asks this target about the runs at this server.
    pub(in crate::topology) fn node(&self, application: &str, target: Target, server: &str) -> Node {
        let usual = Settings::new(target, server, VISIBLE_WITHIN);
        let follower = Follower::new(Settings { interval: self.every, waiting_max: self.waiting, ..usual });
        let runs = Output::own(RUNS, internal_topic(application, "runs"));
        Node::new(TRACKING, erase(follower), vec![runs])
    }
}

/// True for `false`.
pub(super) fn is_off(item: &Item<'_>) -> bool {
    item.node().value == Value::Bool(false)
}

/// Reads `true`, or a map with the intervals.
pub(super) fn read(item: &Item<'_>) -> Option<Track> {
    if item.node().value == Value::Bool(true) {
        return Some(Track::default());
    }
    let mut fields = item.fields()?;
    let mut track = Track::default();
    for (key, duration) in [("every", &mut track.every), ("waiting", &mut track.waiting)] {
        let Some(item) = fields.item(key) else { continue };
        let Some(read) = item.read::<Duration>() else { continue };
        if read < Duration::from_secs(1) {
            item.problem("this must be at least 1s", None);
        }
        *duration = read;
    }
    fields.finish();
    Some(track)
}
