//! A topology's file, typed and checked: every mistake is reported at once, with path, line and what to do.
//!
//! ```yaml
//! name: control-m
//! sources:
//!   - { topic: ctm-parent-events,   member: parent, bundle: /id,        id: /id, expects: /children }
//!   - { topic: ctm-children-events, member: child,  bundle: /parent_id, id: /id, position: /position }
//! bundle: { children: 1, sla: 24h }
//! submissions: ctm-submissions
//! deliver: { control_m: { template: templates/bundle.json, server: smprod, retention_days: 14 } }
//! ```
//!
//! `topologies/README.md` is the reference of the keys. Whether the template exists is seen by whoever reads it.
//!
//! | file | keys |
//! |---|---|
//! | this one | `name`, and the list of processors that the others make up |
//! | `bundle`, `source` | `sources`, `bundle`, `submissions` |
//! | [`delivery`] | `deliver`, one file per kind of delivery |
//! | `name` | names of topologies and topics |
//!
//! A new kind of processor is a file here, with its struct, its keys and its node, a variant of [`Processor`], and a line each in
//! `whole` and in [`Spec::assemble`].

mod bundle;
pub mod delivery;
mod name;
mod source;

pub use bundle::{BUNDLE, Bundle, SUBMISSIONS_DEFAULT};
pub use delivery::{Delivery, DeliveryKind};

use super::Topology;
use crate::codec::yaml::{Collector, Item, Problems, parse};
use crate::processor;
use crate::processor::bundle::KeyingError;

/// A topology's file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spec {
    /// The topology's name.
    pub name: String,
    /// Its processors, in the order in which records pass them.
    pub processors: Vec<Processor>,
}

/// A processor, as a file describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Processor {
    /// Gathers the members of a bundle.
    Bundle(Bundle),
    /// Hands the records of a topic to a service.
    Delivery(Delivery),
}

/// Why a spec cannot be run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AssembleError {
    /// The records of a source cannot be keyed.
    #[error(transparent)]
    Keying(#[from] KeyingError),
    /// The file has a delivery that the configuration does not set up.
    #[error("topology `{topology}` delivers to {service}, which is not set up: set `{setting}`")]
    NoDelivery {
        /// The topology's name.
        topology: String,
        /// The service.
        service: &'static str,
        /// The setting that is missing.
        setting: &'static str,
    },
}

impl Spec {
    /// Reads a file's text; `name` is what problems call the file.
    pub fn parse(name: &str, text: &str) -> Result<Self, Problems> {
        let tree = parse(name, text)?;
        let collector = Collector::default();
        let spec = whole(&Item::root(&tree, &collector));
        collector.finish(&tree.at, spec)
    }

    /// The topology of this spec, a node for each processor.
    ///
    /// `deliver` makes the processor of a delivery, from its template's text and the configuration; `None` for one that is not set up.
    pub fn assemble(
        &self,
        application: &str,
        mut deliver: impl FnMut(&Delivery) -> Option<processor::delivery::Delivery>,
    ) -> Result<Topology, AssembleError> {
        let mut topology = Topology { name: self.name.clone(), sources: Vec::new(), nodes: Vec::new() };
        for processor in &self.processors {
            let node = topology.nodes.len();
            match processor {
                Processor::Bundle(bundle) => {
                    topology.sources.extend(bundle.sources(node)?);
                    topology.nodes.push(bundle.node(&self.name));
                }
                Processor::Delivery(delivery) => {
                    let (service, setting) = delivery.kind.service();
                    let missing = || AssembleError::NoDelivery { topology: self.name.clone(), service, setting };
                    let processor = deliver(delivery).ok_or_else(missing)?;
                    topology.sources.push(delivery.source(node));
                    topology.nodes.push(delivery.node(application, processor));
                }
            }
        }
        Ok(topology)
    }

    /// The bundle that is gathered; `None` when there is none.
    pub fn bundle(&self) -> Option<&Bundle> {
        self.processors.iter().find_map(|processor| {
            let Processor::Bundle(bundle) = processor else { return None };
            Some(bundle)
        })
    }

    /// The deliveries.
    pub fn deliveries(&self) -> impl Iterator<Item = &Delivery> {
        self.processors.iter().filter_map(|processor| {
            let Processor::Delivery(delivery) = processor else { return None };
            Some(delivery)
        })
    }
}

fn whole(root: &Item<'_>) -> Option<Spec> {
    let mut fields = root.fields()?;
    // Everything is read before anything is given up, so that all mistakes are reported.
    let name = fields.required_item("name").and_then(|item| name::topology(&item));
    let bundle = bundle::read(&mut fields);
    let deliveries = delivery::read(&mut fields);
    fields.finish();
    let bundle = bundle?;
    let reads = bundle.submissions.clone();
    let delivery = |kind| Processor::Delivery(Delivery { reads: reads.clone(), kind });
    let mut processors = vec![Processor::Bundle(bundle)];
    processors.extend(deliveries?.into_iter().map(delivery));
    Some(Spec { name: name?, processors })
}

#[cfg(test)]
mod tests;
