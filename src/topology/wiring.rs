//! A topology as the runtime runs it, independent of the domain of its processors.

use std::fmt;
use std::sync::Arc;

use super::StartAt;
use crate::model::Topic;
use crate::processor::{AnyProcessor, Keying};

/// The sources and processors of one application.
#[derive(Clone, Debug)]
pub struct Topology {
    /// The topology's name (`control-m`), a label of its metrics.
    pub name: String,
    /// The sources.
    pub sources: Vec<Source>,
    /// The stateful processors.
    pub nodes: Vec<Node>,
}

/// A source: a topic whose records are keyed and written to the inbox of a processor.
#[derive(Clone)]
pub struct Source {
    /// The topic.
    pub topic: Topic,
    /// The index of the processor in [`Topology::nodes`].
    pub node: usize,
    /// Extracts the key of a record's entry.
    pub keying: Arc<dyn Keying>,
    /// Where its first start begins; `None`: at the first record, and only if the topic holds no long history.
    pub start: Option<StartAt>,
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Source({} -> node {})", self.topic, self.node)
    }
}

/// A stateful processor with its outputs.
#[derive(Clone)]
pub struct Node {
    /// The processor's name (`bundle`), part of the names of its topics, tasks and directories.
    pub name: Arc<str>,
    /// The step function.
    pub processor: Arc<dyn AnyProcessor>,
    /// The outputs of its [`Forward`](crate::processor::Forward)s.
    pub outputs: Vec<Output>,
    /// True if each step is recorded in the topic `<application>-history`.
    pub history: bool,
    /// The generation of its state: 0 until a replay has begun another one. Each has topics and stores of its own.
    pub generation: u32,
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Node({})", self.name)
    }
}

impl Node {
    /// A processor with its outputs, without a history.
    pub fn new(name: &str, processor: Arc<dyn AnyProcessor>, outputs: Vec<Output>) -> Self {
        Self { name: name.into(), processor, outputs, history: false, generation: 0 }
    }

    /// The inbox of its generation: `<application>-bundle-inbox`, or `<application>-bundle.g2-inbox`.
    pub fn inbox(&self, application: &str) -> Topic {
        inbox(application, &self.name, self.generation)
    }

    /// The changelog of its generation.
    pub fn changelog(&self, application: &str) -> Topic {
        internal_topic(application, &format!("{}-changelog", self.state_name()))
    }

    /// The directory of the store of a partition, of its generation: `bundle-0`, or `bundle.g2-0`.
    pub fn store(&self, partition: i32) -> String {
        format!("{}-{partition}", self.state_name())
    }

    fn state_name(&self) -> String {
        state_name(&self.name, self.generation)
    }

    /// The topic of an output; `None` if the topology has no output of that name.
    pub fn output(&self, name: &str) -> Option<&Topic> {
        self.outputs.iter().find(|output| &*output.name == name).map(|output| &output.topic)
    }
}

/// A named output of a processor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// The name that the processor uses (`submissions`).
    pub name: Arc<str>,
    /// The topic.
    pub topic: Topic,
    /// The owner of the topic.
    pub kind: OutputKind,
}

impl Output {
    /// An output to a topic that other applications use too.
    pub fn public(name: impl Into<Arc<str>>, topic: Topic) -> Self {
        Self { name: name.into(), topic, kind: OutputKind::Public }
    }

    /// An output to a topic that is owned by the application.
    pub fn own(name: impl Into<Arc<str>>, topic: Topic) -> Self {
        Self { name: name.into(), topic, kind: OutputKind::Own }
    }
}

/// The owner of an output's topic, which decides whether its settings are checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutputKind {
    /// The application: the topic is created with the settings that sheaf needs, and the start fails if it has others.
    Own,
    /// Any application: its settings are not checked. A record larger than its `max.message.bytes` rejects the input of its
    /// step.
    Public,
}

/// The inbox of a generation of a processor.
pub fn inbox(application: &str, processor: &str, generation: u32) -> Topic {
    internal_topic(application, &format!("{}-inbox", state_name(processor, generation)))
}

/// The processor with the generation of its state, in names of topics and directories: `bundle`, or `bundle.g2`.
pub fn state_name(processor: &str, generation: u32) -> String {
    match generation {
        0 => processor.to_owned(),
        number => format!("{processor}.g{number}"),
    }
}

/// The processor, the generation and the partition in the name of a store; `None` for another name.
pub fn parse_store(name: &str) -> Option<(&str, u32, i32)> {
    let (state, partition) = name.rsplit_once('-')?;
    let partition = partition.parse().ok()?;
    let of_generation = state.rsplit_once(".g").and_then(|(processor, number)| Some((processor, number.parse().ok()?)));
    let (processor, generation) = of_generation.filter(|(_, number)| *number > 0).unwrap_or((state, 0));
    Some((processor, generation, partition))
}

/// The name of a topic that sheaf owns: `<application>-<rest>`.
pub fn internal_topic(application: &str, rest: &str) -> Topic {
    Topic::new(&format!("{application}-{rest}"))
}
