//! From what a file says to what the runtime runs.

use std::sync::Arc;

use super::{Node, Output, Source, Spec, Topology, internal_topic};
use crate::model::Topic;
use crate::processor::bundle::{self, Bundle, KeyingError, MemberKeying};
use crate::processor::delivery::{self, Delivery, SubmissionKeying};
use crate::processor::erase;

/// The bundle processor's name: part of its topics, tasks and directories.
pub const BUNDLE: &str = "bundle";
/// The delivery processor's name.
pub const DELIVERY: &str = "delivery";

/// Why a spec cannot be run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AssembleError {
    /// A source's records could not be keyed.
    #[error(transparent)]
    Keying(#[from] KeyingError),
    /// The file asks for a delivery, and none was given.
    #[error("topology `{topology}` delivers to Control-M, which is not set up: set `control_m.base_url`")]
    NoDelivery {
        /// The topology's name.
        topology: String,
    },
}

impl Spec {
    /// The topology of this spec: the bundle processor, and the delivery processor when the spec delivers.
    ///
    /// `delivery` is made by the caller from [`Spec::deliver`], the template's text and the configuration; it is ignored
    /// when the spec does not deliver.
    pub fn assemble(&self, application: &str, delivery: Option<Delivery>) -> Result<Topology, AssembleError> {
        let mut topology = Topology { name: self.name.clone(), sources: Vec::new(), nodes: Vec::new() };
        for (index, source) in self.rules.sources.iter().enumerate() {
            let keying = Arc::new(MemberKeying::new(&self.rules, index)?);
            topology.sources.push(Source { topic: Topic::new(&source.topic), node: 0, keying });
        }
        topology.nodes.push(Node {
            name: BUNDLE.into(),
            processor: erase(Bundle::new(&self.name, self.rules.clone())),
            outputs: vec![Output::public(bundle::SUBMISSIONS, self.submissions.clone())],
        });
        if self.deliver.is_some() {
            let delivery = delivery.ok_or_else(|| AssembleError::NoDelivery { topology: self.name.clone() })?;
            let (keying, node) = (Arc::new(SubmissionKeying), topology.nodes.len());
            topology.sources.push(Source { topic: self.submissions.clone(), node, keying });
            topology.nodes.push(Node {
                name: DELIVERY.into(),
                processor: erase(delivery),
                outputs: vec![Output::own(delivery::OUTCOMES, internal_topic(application, "outcomes"))],
            });
        }
        Ok(topology)
    }
}
