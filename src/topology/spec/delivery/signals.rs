//! `deliver.control_m.submit: progressive`: the events of members are added to Control-M as they come.

use std::sync::Arc;

use super::{ControlM, Delivery};
use crate::model::{Target, Topic};
use crate::processor::bundle::{OPENINGS, SIGNALS};
use crate::processor::delivery::control_m::{CONTROL_M, Submit};
use crate::processor::erase;
use crate::processor::signal::{Settings, SignalKeying, Signals};
use crate::topology::{Node, Source, StartAt, internal_topic};

/// The name of the processor: part of its topics, tasks and directories.
pub const SIGNAL: &str = "signal";

impl Delivery {
    /// True if folders are submitted before their bundles are complete.
    pub(in crate::topology) fn is_progressive(&self) -> bool {
        self.kind.control_m().is_some_and(|to| to.submit == Submit::Progressive)
    }

    /// The topic of the records that it delivers.
    pub(super) fn topic(&self, application: &str) -> Topic {
        if self.is_progressive() { internal_topic(application, OPENINGS) } else { self.reads.topic(application) }
    }

    /// The source and the node of the members' events, for the node with this index; `None` if there are none.
    pub(in crate::topology) fn signals(&self, application: &str, node: usize) -> Option<(Source, Node)> {
        let ControlM { server, .. } = self.kind.control_m().filter(|to| to.submit == Submit::Progressive)?;
        let settings = Settings::new(Target::new(CONTROL_M), server, self.give_up_after);
        let keying = Arc::new(SignalKeying::new(application));
        let topic = internal_topic(application, SIGNALS);
        let source = Source { topic, node, keying, start: Some(StartAt::Earliest) };
        let processor = erase(Signals::new(settings));
        let node = Node::new(SIGNAL, processor, Vec::new());
        Some((source, node))
    }
}
