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
//! | `expression` | expressions |
//! | [`flow`] | `flow` |
//! | `place` | places of a record, and `where` |
//! | `progressive` | what `deliver.control_m.submit: progressive` demands of the others |
//! | `start` | `start` of a source |
//! | `schedule`, `trace` | the same, each beside or instead of a bundle |
//! | `beside` | what is checked of these two |
//! | `version` | `version` of a source |
//! | `name` | names of topologies and topics |
//!
//! A new kind of processor is a file here, with its struct, its keys and its node, a variant of [`Processor`], and a line each in
//! `read` and in [`Spec::assemble`].

mod beside;
mod bundle;
pub mod delivery;
mod expression;
pub mod flow;
mod name;
mod place;
mod progressive;
mod schedule;
#[cfg(feature = "script")]
mod script;
mod source;
mod start;
mod trace;
mod version;

pub use bundle::{BUNDLE, Bundle, Submissions};
pub use delivery::{Delivery, DeliveryKind, SIGNAL};
pub use flow::Flow;
pub use name::APPLICATION_CHARS_MAX;
pub use schedule::Schedule;
#[cfg(feature = "script")]
pub use script::Script;
pub use trace::Trace;

use std::collections::BTreeSet;
use std::time::Duration;

use super::Topology;
use crate::codec::yaml::{Collector, Fields, Item, Problems, parse};
use crate::processor;
use crate::processor::bundle::KeyingError;
use crate::processor::delivery::control_m::Submit;
use crate::processor::flow::{Definition, Definitions, Form, parse_template};
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
    /// Runs flows.
    Flow(Flow),
    /// Writes records when they are due.
    Schedule(Schedule),
    /// Runs the threads of a script.
    #[cfg(feature = "script")]
    Script(Script),
    /// Keeps the records of topics by their trace ids.
    Trace(Trace),
}

/// Why a topology cannot be assembled from its file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AssembleError {
    /// The records of a source cannot be keyed.
    #[error(transparent)]
    Keying(#[from] KeyingError),
    /// A script was not read.
    #[error("topology `{topology}`: the script {} is not read", file.display())]
    NoScript {
        /// The topology's name.
        topology: String,
        /// The script's path.
        file: std::path::PathBuf,
    },
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

/// Reads a definition of this form and name from its text, as it is kept for flows that have begun with it.
pub fn compile(form: Form, name: &str, text: &str) -> Result<Definition, String> {
    match form {
        Form::Template => parse_template(text).map_err(|mistakes| mistakes.to_string()),
        Form::Steps => {
            let spec = Spec::parse(name, text).map_err(|problems| problems.to_string())?;
            let steps = spec.flow().and_then(|flow| flow.steps.as_deref());
            steps.cloned().ok_or_else(|| "the file has no flow".to_owned())
        }
    }
}

impl AssembleError {
    /// There is no webhook of this name in the section `sinks`.
    pub fn no_webhook(topology: &str, name: &str) -> Self {
        let (service, setting) = delivery::webhook_service(name);
        Self::NoDelivery { topology: topology.to_owned(), service, setting }
    }
}

impl Spec {
    /// Parses the text of a file; `name` is its name in problems.
    pub fn parse(name: &str, text: &str) -> Result<Self, Problems> {
        let tree = parse(name, text)?;
        let collector = Collector::default();
        let spec = read(&Item::root(&tree, &collector), text);
        collector.finish(&tree.at, spec)
    }

    /// The topology, with a node for each processor.
    ///
    /// `deliver` makes the processor of a delivery from its template and the configuration; `None` if it is not configured.
    /// Flows have the definitions of the file itself.
    pub fn assemble(
        &self,
        application: &str,
        deliver: impl FnMut(&Delivery) -> Option<processor::delivery::Delivery>,
    ) -> Result<Topology, AssembleError> {
        let definitions = self.flow().map(Flow::definitions).unwrap_or_default().with_compiler(compile);
        self.assemble_with(application, deliver, &definitions)
    }

    /// The same, with these definitions of flows.
    pub fn assemble_with(
        &self,
        application: &str,
        mut deliver: impl FnMut(&Delivery) -> Option<processor::delivery::Delivery>,
        definitions: &Definitions,
    ) -> Result<Topology, AssembleError> {
        let mut topology = Topology { name: self.name.clone(), sources: Vec::new(), nodes: Vec::new() };
        for processor in &self.processors {
            let node = topology.nodes.len();
            match processor {
                Processor::Bundle(bundle) => {
                    topology.sources.extend(bundle.sources(node)?);
                    topology.nodes.push(bundle.node(application, &self.name));
                }
                Processor::Flow(flow) => {
                    let flows = flow.processor(application, definitions);
                    topology.sources.extend(flow.sources(node, &flows));
                    topology.nodes.push(flow.node(application, flows, definitions));
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
                Processor::Schedule(schedule) => {
                    topology.sources.extend(schedule.sources(node));
                    topology.nodes.push(schedule.node());
                }
                #[cfg(feature = "script")]
                Processor::Script(script) => {
                    let unread = || AssembleError::NoScript { topology: self.name.clone(), file: script.file.clone() };
                    topology.sources.push(script.source(node));
                    topology.nodes.push(script.node().ok_or_else(unread)?);
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

    /// The processor of flows; `None` if there is none.
    pub fn flow(&self) -> Option<&Flow> {
        self.processors.iter().find_map(|processor| {
            let Processor::Flow(flow) = processor else { return None };
            Some(flow)
        })
    }

    /// Its script, to be read; `None` if there is none.
    #[cfg(feature = "script")]
    pub fn script_mut(&mut self) -> Option<&mut Script> {
        self.processors.iter_mut().find_map(|processor| {
            let Processor::Script(script) = processor else { return None };
            Some(script)
        })
    }

    /// The topics that a processor reads, each with what reads it, for messages.
    fn topics_of(processor: &Processor) -> Vec<(&'static str, &str)> {
        match processor {
            Processor::Bundle(bundle) => {
                bundle.rules.sources.iter().map(|source| ("the bundle", source.topic.as_str())).collect()
            }
            Processor::Delivery(Delivery { reads: Submissions::Named(topic), .. }) => {
                vec![("the delivery", topic.as_str())]
            }
            Processor::Flow(flow) => flow.reads.iter().map(|(reads, _)| ("the flow", reads.topic.as_str())).collect(),
            #[cfg(feature = "script")]
            Processor::Script(script) => vec![("the script", script.reads.as_str())],
            Processor::Schedule(schedule) => {
                schedule.settings.reads.iter().map(|topic| ("the schedule", topic.as_str())).collect()
            }
            Processor::Delivery(_) | Processor::Trace(_) => Vec::new(),
        }
    }

    /// The names of the sinks of the section `sinks` that it calls, each once.
    pub fn sinks(&self) -> Vec<String> {
        let of_flow = self.flow().and_then(|flow| flow.steps.as_ref());
        let called = of_flow.iter().flat_map(|definition| definition.calls()).map(|(_, call)| call.to.to_string());
        let delivered = self.deliveries().filter_map(|delivery| delivery.kind.sink()).map(str::to_owned);
        let names: BTreeSet<String> = delivered.chain(called).collect();
        names.into_iter().collect()
    }

    /// The deliveries.
    pub fn deliveries(&self) -> impl Iterator<Item = &Delivery> {
        self.processors.iter().filter_map(|processor| {
            let Processor::Delivery(delivery) = processor else { return None };
            Some(delivery)
        })
    }
}

/// Reads the root of a file with this text.
fn read(root: &Item<'_>, text: &str) -> Option<Spec> {
    let mut fields = root.fields()?;
    // All keys are read before the first `?`, so that all mistakes are reported.
    let name = fields.required_item("name").and_then(|item| name::topology(&item));
    let application_id = fields.item("application_id").map(|item| name::application(&item));
    let section = fields.item("flow");
    let flow = section.as_ref().map(|item| flow::read(item, (name.as_deref().unwrap_or_default(), text)));
    let script = fields.item("script");
    let schedule = fields.item("schedule").map(|item| schedule::read(&item));
    let trace = fields.item("trace").map(|item| trace::read(&item));
    let bundled = if section.is_some() {
        refuse_beside_flow(&mut fields);
        None
    } else if beside::is_alone(&mut fields) {
        None
    } else {
        Some((bundle::read(&mut fields), delivery::read(&mut fields)))
    };
    let history = fields.item("history").map(|item| item.read());
    fields.finish();
    let application_id = match application_id {
        Some(read) => Some(read?),
        None => None,
    };
    let mut processors = Vec::new();
    if let Some(flow) = flow {
        processors.push(Processor::Flow(flow?));
    }
    if let Some((bundle, deliveries)) = bundled {
        processors.extend(with_deliveries(root, bundle?, deliveries?));
    }
    if let Some(item) = script {
        processors.push(script_of(root, &item, &processors)?);
    }
    if let Some(schedule) = schedule {
        let schedule = schedule?;
        let read: Vec<_> = processors.iter().flat_map(Spec::topics_of).collect();
        beside::refuse_shared(root, "schedule", schedule.settings.reads.iter().map(String::as_str), &read);
        processors.push(Processor::Schedule(schedule));
    }
    if let Some(trace) = trace {
        let trace = trace?;
        let read: Vec<_> = processors.iter().flat_map(Spec::topics_of).collect();
        beside::refuse_shared(root, "trace", trace.settings.reads.iter().map(|reads| reads.topic.as_str()), &read);
        processors.push(Processor::Trace(trace));
    }
    Some(Spec { name: name?, application_id, processors, history: history.unwrap_or(Some(false))? })
}

/// Reads the key `script`.
#[cfg(feature = "script")]
fn script_of(root: &Item<'_>, item: &Item<'_>, processors: &[Processor]) -> Option<Processor> {
    let script = script::read(item)?;
    let read: Vec<_> = processors.iter().flat_map(Spec::topics_of).collect();
    beside::refuse_shared(root, "script", std::iter::once(script.reads.as_str()), &read);
    Some(Processor::Script(script))
}

/// A build without scripts refuses them.
#[cfg(not(feature = "script"))]
fn script_of(_: &Item<'_>, item: &Item<'_>, _: &[Processor]) -> Option<Processor> {
    item.problem("this build has no scripts", Some("build with --features script (the default)".to_owned()));
    None
}

/// A file has a bundle or a flow.
fn refuse_beside_flow(fields: &mut Fields<'_>) {
    for key in ["sources", "bundle", "submissions", "deliver"] {
        if let Some(item) = fields.item(key) {
            let hint = "put it into a file of its own; one process runs several files".to_owned();
            item.problem("a file with a `flow` has no bundle", Some(hint));
        }
    }
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
