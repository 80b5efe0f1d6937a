//! A topology in Rust, for processors of one's own.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{Node, Output, Source, Topology};
use crate::model::Topic;
use crate::processor::{Keying, Processor, erase};

/// Why a topology that was put together in Rust cannot be run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BuildError {
    /// Two processors would share their topics and stores.
    #[error("two processors are called `{0}`: give each a name of its own")]
    SameProcessor(String),
    /// A record of it would go to one of them only.
    #[error("topic `{0}` is read twice: a topic is the source of one processor")]
    SameSource(Topic),
    /// One of them would never be written to.
    #[error("processor `{processor}` has two outputs called `{output}`: wire each output once")]
    SameOutput {
        /// The processor.
        processor: String,
        /// The output's name.
        output: Arc<str>,
    },
    /// Nothing would ever reach it.
    #[error("processor `{0}` reads no topic: wire at least one with `reads`")]
    NoSource(String),
    /// It is part of the names of topics and directories.
    #[error("`{0}` cannot be a processor's name: use a to z, 0 to 9 and - (it names topics and directories)")]
    BadName(String),
}

/// A topology without a processor yet; made by [`Topology::builder`].
#[derive(Clone, Debug)]
pub struct Builder {
    name: String,
}

/// A topology with at least one processor. What is wired next belongs to the processor that was added last.
#[derive(Clone, Debug)]
pub struct Wiring {
    topology: Topology,
    last: Node,
}

impl Topology {
    /// Begins a topology; the name is a label of its metrics and stands in its alerts.
    ///
    /// ```text
    /// Topology::builder("clicks")
    ///     .processor("counter", Counter)          // a step function, and its name
    ///     .reads("click-events", by_key)          // a source, and how its records find their key
    ///     .writes("counts", "click-counts")       // an output of the processor, and the topic behind it
    ///     .build()
    /// ```
    pub fn builder(name: &str) -> Builder {
        Builder { name: name.to_owned() }
    }
}

impl Builder {
    /// Adds the first processor. Its name is part of the names of its inbox, its changelog and its stores, so it stays the
    /// same for as long as its state is to be found again.
    pub fn processor(self, name: &str, processor: impl Processor) -> Wiring {
        let topology = Topology { name: self.name, sources: Vec::new(), nodes: Vec::new() };
        Wiring { topology, last: node(name, processor) }
    }
}

impl Wiring {
    /// Adds one more processor; see [`Builder::processor`]. A topic that one processor writes may be read by another.
    #[must_use]
    pub fn processor(mut self, name: &str, processor: impl Processor) -> Self {
        let before = std::mem::replace(&mut self.last, node(name, processor));
        self.topology.nodes.push(before);
        self
    }

    /// Wires a source of the processor; `keying` says for which key a record is. Kafka's keys as they are:
    /// [`by_key`](crate::processor::by_key).
    #[must_use]
    pub fn reads(mut self, topic: &str, keying: impl Keying + 'static) -> Self {
        let node = self.topology.nodes.len();
        self.topology.sources.push(Source { topic: Topic::new(topic), node, keying: Arc::new(keying) });
        self
    }

    /// Wires an output of the processor: where its [`Forward`](crate::processor::Forward)s of that name go. The topic is
    /// anybody's, and its settings are taken as they are; it may be a source of this topology too.
    #[must_use]
    pub fn writes(mut self, output: &str, topic: &str) -> Self {
        self.last.outputs.push(Output::public(output, Topic::new(topic)));
        self
    }

    /// Wires an output to a topic that belongs to this application alone: it is created with room for the largest record,
    /// and a start with one that is set up otherwise is refused.
    #[must_use]
    pub fn writes_own(mut self, output: &str, topic: &str) -> Self {
        self.last.outputs.push(Output::own(output, Topic::new(topic)));
        self
    }

    /// The topology, checked.
    pub fn build(self) -> Result<Topology, BuildError> {
        let Self { mut topology, last } = self;
        topology.nodes.push(last);
        let mut names = BTreeSet::new();
        for (index, node) in topology.nodes.iter().enumerate() {
            let name = node.name.to_string();
            let plain = |char: char| char.is_ascii_lowercase() || char.is_ascii_digit() || char == '-';
            if name.is_empty() || name.starts_with('-') || !name.chars().all(plain) {
                return Err(BuildError::BadName(name));
            }
            if !topology.sources.iter().any(|source| source.node == index) {
                return Err(BuildError::NoSource(name));
            }
            let mut outputs = BTreeSet::new();
            if let Some(output) = node.outputs.iter().find(|output| !outputs.insert(Arc::clone(&output.name))) {
                return Err(BuildError::SameOutput { processor: name, output: Arc::clone(&output.name) });
            }
            if !names.insert(name.clone()) {
                return Err(BuildError::SameProcessor(name));
            }
        }
        let mut topics = BTreeSet::new();
        match topology.sources.iter().find(|source| !topics.insert(source.topic.clone())) {
            Some(twice) => Err(BuildError::SameSource(twice.topic.clone())),
            None => Ok(topology),
        }
    }
}

fn node(name: &str, processor: impl Processor) -> Node {
    Node { name: name.into(), processor: erase(processor), outputs: Vec::new() }
}
