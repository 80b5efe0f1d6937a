//! Topology files: parsed and validated; all mistakes are reported at once, with path, line and remedy.
//!
//! ```yaml
//! name: control-m
//! sources:
//!   - { topic: ctm-parent-events,   member: parent, bundle: /id,        id: /id, expects: /children }
//!   - { topic: ctm-children-events, member: child,  bundle: /parent_id, id: /id, position: /position }
//! bundle: { children: 1, sla: 24h }
//! deliver: { control_m: { template: templates/bundle.json, server: smprod, retention_days: 14 } }
//! ```
//!
//! `topologies/README.md` is the reference of the keys. Templates are not read here.
//!
//! | file | keys |
//! |---|---|
//! | this file | `name`, `application_id`, and the list of processors |
//! | `bundle`, `source` | `sources`, `bundle`, `submissions` |
//! | [`delivery`] | `deliver`, one file per kind of delivery |
//! | `expression` | conditions |
//! | `place` | places of a record, and `where` |
//! | `progressive` | what `deliver.control_m.submit: progressive` demands of the others |
//! | `start` | `start` of a source |
//! | `trace` | `trace`, beside or instead of a bundle |
//! | `version` | `version` of a source |
//! | `name` | names of topologies and topics |
//!
//! A new kind of processor is a file here, with its struct, its keys and its node, a variant of [`Processor`], and a line each in
//! `read` and in [`Spec::assemble`].

mod bundle;
pub mod delivery;
mod expression;
mod name;
mod place;
mod progressive;
mod source;
mod start;
mod trace;
mod version;

pub use bundle::{BUNDLE, Bundle, Submissions};
pub use delivery::{Delivery, DeliveryKind};
pub use name::APPLICATION_CHARS_MAX;
pub use trace::Trace;

use std::time::Duration;

use super::Topology;
use crate::codec::yaml::{Collector, Item, Problems, parse};
use crate::processor;
use crate::processor::bundle::KeyingError;
use crate::processor::delivery::control_m::Submit;
use delivery::Track;

/// A topology file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spec {
    /// The topology's name.
    pub name: String,
    /// The id of its application; `None`: it follows from the configuration.
    pub application_id: Option<String>,
    /// Its processors, upstream first.
    pub processors: Vec<Processor>,
    /// True if each step of them is recorded in the topic `<application>-history`.
    pub history: bool,
}

/// A processor of a topology file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Processor {
    /// Gathers the members of a bundle.
    Bundle(Bundle),
    /// Delivers the records of a topic to a service.
    Delivery(Delivery),
    /// Keeps the records of topics by their trace ids.
    Trace(Trace),
}

/// Why a topology cannot be assembled from its file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AssembleError {
    /// The records of a source cannot be keyed.
    #[error(transparent)]
    Keying(#[from] KeyingError),
    /// The configuration lacks the settings of a delivery.
    #[error("topology `{topology}` delivers to {service}, which is not configured: set `{setting}`")]
    NoDelivery {
        /// The topology's name.
        topology: String,
        /// The service's name.
        service: String,
        /// The missing setting.
        setting: String,
    },
}

impl Spec {
    /// Parses the text of a file; `name` is its name in problems.
    pub fn parse(name: &str, text: &str) -> Result<Self, Problems> {
        let tree = parse(name, text)?;
        let collector = Collector::default();
        let spec = read(&Item::root(&tree, &collector));
        collector.finish(&tree.at, spec)
    }

    /// The topology, with a node for each processor.
    ///
    /// `deliver` makes the processor of a delivery from its template and the configuration; `None` if it is not configured.
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
                    topology.nodes.push(bundle.node(application, &self.name));
                }
                Processor::Delivery(delivery) => {
                    let (service, setting) = delivery.kind.service();
                    let missing = || AssembleError::NoDelivery { topology: self.name.clone(), service, setting };
                    let processor = deliver(delivery).ok_or_else(missing)?;
                    topology.sources.push(delivery.source(application, node));
                    topology.nodes.push(delivery.node(application, processor));
                    if let Some((source, node)) = delivery.signals(application, topology.nodes.len()) {
                        topology.sources.push(source);
                        topology.nodes.push(node);
                    }
                    if let Some((track, target, server)) = delivery.tracking() {
                        topology.sources.push(Track::source(application, topology.nodes.len()));
                        topology.nodes.push(track.node(application, target, server));
                    }
                }
                Processor::Trace(trace) => {
                    topology.sources.extend(trace.sources(node));
                    topology.nodes.push(trace.node());
                }
            }
        }
        topology.nodes.iter_mut().for_each(|node| node.history = self.history);
        Ok(topology)
    }

    /// The first processor that gathers bundles; `None` if there is none.
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

/// Reads the root of a file.
fn read(root: &Item<'_>) -> Option<Spec> {
    let mut fields = root.fields()?;
    // All keys are read before the first `?`, so that all mistakes are reported.
    let name = fields.required_item("name").and_then(|item| name::topology(&item));
    let application_id = fields.item("application_id").map(|item| name::application(&item));
    let trace = fields.item("trace").map(|item| trace::read(&item));
    let bundle = (!trace::is_alone(&mut fields)).then(|| bundle::read(&mut fields));
    let deliveries = delivery::read(&mut fields);
    let history = fields.item("history").map(|item| item.read());
    fields.finish();
    let application_id = match application_id {
        Some(read) => Some(read?),
        None => None,
    };
    let trace = match trace {
        Some(read) => Some(read?),
        None => None,
    };
    let mut processors = Vec::new();
    if let Some(bundle) = bundle {
        let (bundle, deliveries) = (bundle?, deliveries?);
        if let Some(trace) = &trace {
            trace::refuse_shared(root, trace, &bundle, !deliveries.is_empty());
        }
        processors.extend(with_deliveries(root, bundle, deliveries));
    }
    processors.extend(trace.map(Processor::Trace));
    Some(Spec { name: name?, application_id, processors, history: history.unwrap_or(Some(false))? })
}

/// A bundle, and the deliveries of its submissions.
fn with_deliveries(
    root: &Item<'_>,
    mut bundle: Bundle,
    mut deliveries: Vec<(DeliveryKind, Duration)>,
) -> impl Iterator<Item = Processor> {
    for (kind, _) in &mut deliveries {
        if let DeliveryKind::ControlM(to) = kind
            && to.submit == Submit::Progressive
        {
            progressive::apply(root, &mut bundle, to);
        }
    }
    let reads = bundle.submissions.clone();
    let delivery =
        move |(kind, give_up_after)| Processor::Delivery(Delivery { reads: reads.clone(), kind, give_up_after });
    std::iter::once(Processor::Bundle(bundle)).chain(deliveries.into_iter().map(delivery))
}

#[cfg(test)]
mod tests;
