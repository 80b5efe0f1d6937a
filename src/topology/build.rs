//! Builds a topology in Rust, for custom processors.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{Node, Output, Source, StartAt, Topology};
use crate::model::Topic;
use crate::processor::{Keying, Processor, erase};

/// A mistake in a topology that was built in Rust.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BuildError {
    /// Two processors have the same name, so they would share topics and stores.
    #[error("two processors are named `{0}`: give each its own name")]
    DuplicateProcessor(String),
    /// A topic is the source of two processors.
    #[error("topic `{0}` is read twice: make it the source of one processor only")]
    DuplicateSource(Topic),
    /// A processor has two outputs of the same name.
    #[error("processor `{processor}` has two outputs named `{output}`: wire each output once")]
    DuplicateOutput {
        /// The processor's name.
        processor: String,
        /// The output's name.
        output: Arc<str>,
    },
    /// A processor has no source.
    #[error("processor `{0}` reads no topic: wire at least one with `reads`")]
    NoSource(String),
    /// A processor's name is not legal in the names of topics and directories.
    #[error("`{0}` cannot be a processor's name: use a to z, 0 to 9 and - (it names topics and directories)")]
    InvalidName(String),
}

/// A topology without processors, made by [`Topology::builder`].
#[derive(Clone, Debug)]
pub struct Builder {
    name: String,
}

/// A topology with at least one processor. Sources and outputs are wired to the processor that was added last.
#[derive(Clone, Debug)]
pub struct Wiring {
    topology: Topology,
    last: Node,
}

impl Topology {
    /// Begins a topology. Its name is a label of its metrics and a field of its alerts.
    ///
    /// ```text
    /// Topology::builder("clicks")
    ///     .processor("counter", Counter)          // a step function, and its name
    ///     .reads("click-events", by_key)          // a source, and the keying of its records
    ///     .writes("counts", "click-counts")       // an output of the processor, and the topic behind it
    ///     .build()
    /// ```
    pub fn builder(name: &str) -> Builder {
        Builder { name: name.to_owned() }
    }
}

impl Builder {
    /// Adds the first processor. Its name is part of the names of its inbox, its changelog and its stores: under another
    /// name it starts with empty state.
    pub fn processor(self, name: &str, processor: impl Processor) -> Wiring {
        let topology = Topology { name: self.name, sources: Vec::new(), nodes: Vec::new() };
        Wiring { topology, last: node(name, processor) }
    }
}

impl Wiring {
    /// Adds another processor; see [`Builder::processor`]. An output of one processor may be a source of another.
    #[must_use]
    pub fn processor(mut self, name: &str, processor: impl Processor) -> Self {
        let before = std::mem::replace(&mut self.last, node(name, processor));
        self.topology.nodes.push(before);
        self
    }

    /// Wires a source to the processor; `keying` extracts the key of its entry from a record. For the record's own key:
    /// [`by_key`](crate::processor::by_key).
    #[must_use]
    pub fn reads(mut self, topic: &str, keying: impl Keying + 'static) -> Self {
        let node = self.topology.nodes.len();
        self.topology.sources.push(Source { topic: Topic::new(topic), node, keying: Arc::new(keying), start: None });
        self
    }

    /// Says where the first start of the application begins the source that was wired last. Without it the source begins
    /// at its first record, and a first start on a topic with a long history is refused.
    #[must_use]
    pub fn starts(mut self, start: StartAt) -> Self {
        if let Some(source) = self.topology.sources.last_mut() {
            source.start = Some(start);
        }
        self
    }

    /// Wires an output of the processor: its [`Forward`](crate::processor::Forward)s of that name are written to the topic.
    /// The topic's settings are not checked; it may be a source of this topology too.
    #[must_use]
    pub fn writes(mut self, output: &str, topic: &str) -> Self {
        self.last.outputs.push(Output::public(output, Topic::new(topic)));
        self
    }

    /// Wires an output to a topic that is owned by this application: it is created with the settings that sheaf needs, such as
    /// `max.message.bytes`, and the start fails if an existing one has others.
    #[must_use]
    pub fn writes_own(mut self, output: &str, topic: &str) -> Self {
        self.last.outputs.push(Output::own(output, Topic::new(topic)));
        self
    }

    /// Records each step of the processor in the topic `<application>-history`: the input with its coordinates, the effects by
    /// name, the statuses before and after.
    #[must_use]
    pub fn keeps_history(mut self) -> Self {
        self.last.history = true;
        self
    }

    /// The topology, or the first mistake in it.
    pub fn build(self) -> Result<Topology, BuildError> {
        let Self { mut topology, last } = self;
        topology.nodes.push(last);
        let mut names = BTreeSet::new();
        for (index, node) in topology.nodes.iter().enumerate() {
            let name = node.name.to_string();
            let plain = |char: char| char.is_ascii_lowercase() || char.is_ascii_digit() || char == '-';
            if name.is_empty() || name.starts_with('-') || !name.chars().all(plain) {
                return Err(BuildError::InvalidName(name));
            }
            if !topology.sources.iter().any(|source| source.node == index) {
                return Err(BuildError::NoSource(name));
            }
            let mut outputs = BTreeSet::new();
            if let Some(output) = node.outputs.iter().find(|output| !outputs.insert(Arc::clone(&output.name))) {
                return Err(BuildError::DuplicateOutput { processor: name, output: Arc::clone(&output.name) });
            }
            if !names.insert(name.clone()) {
                return Err(BuildError::DuplicateProcessor(name));
            }
        }
        let mut topics = BTreeSet::new();
        match topology.sources.iter().find(|source| !topics.insert(source.topic.clone())) {
            Some(twice) => Err(BuildError::DuplicateSource(twice.topic.clone())),
            None => Ok(topology),
        }
    }
}

fn node(name: &str, processor: impl Processor) -> Node {
    Node::new(name, erase(processor), Vec::new())
}
