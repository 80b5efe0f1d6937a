//! The wiring that the runtime runs, free of any word of what is processed.

use std::fmt;
use std::sync::Arc;

use crate::model::Topic;
use crate::processor::{AnyProcessor, Keying};

/// Everything that one application runs.
#[derive(Clone, Debug)]
pub struct Topology {
    /// The topology's name (`control-m`), a label of its metrics.
    pub name: String,
    /// Where records come from.
    pub sources: Vec<Source>,
    /// The stateful processors.
    pub nodes: Vec<Node>,
}

/// A topic that is read, keyed and written on to an inbox.
#[derive(Clone)]
pub struct Source {
    /// The topic that is read.
    pub topic: Topic,
    /// Which of [`Topology::nodes`] the records are for.
    pub node: usize,
    /// Finds the key.
    pub keying: Arc<dyn Keying>,
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Source({} -> node {})", self.topic, self.node)
    }
}

/// A stateful processor in its place.
#[derive(Clone)]
pub struct Node {
    /// The processor's name (`bundle`), part of the names of its topics, tasks and directories.
    pub name: Arc<str>,
    /// The step function.
    pub processor: Arc<dyn AnyProcessor>,
    /// Where [`Forward`](crate::processor::Forward)s go, by output name.
    pub outputs: Vec<Output>,
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Node({})", self.name)
    }
}

impl Node {
    /// The topic of an output; `None` for a name that the topology does not wire.
    pub fn output(&self, name: &str) -> Option<&Topic> {
        self.outputs.iter().find(|output| &*output.name == name).map(|output| &output.topic)
    }
}

/// A named output of a processor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// The processor's word for it (`submissions`).
    pub name: Arc<str>,
    /// The topic.
    pub topic: Topic,
    /// Whose topic it is.
    pub kind: OutputKind,
}

impl Output {
    /// An output to a topic that others know and may own.
    pub fn public(name: impl Into<Arc<str>>, topic: Topic) -> Self {
        Self { name: name.into(), topic, kind: OutputKind::Public }
    }

    /// An output to a topic of the application's own.
    pub fn own(name: impl Into<Arc<str>>, topic: Topic) -> Self {
        Self { name: name.into(), topic, kind: OutputKind::Own }
    }
}

/// Whose topic an output is, and so whether its settings may be judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutputKind {
    /// The application's: it is created the way sheaf needs it, and refused when it is not that way.
    Own,
    /// Anybody's: it is taken as it is. A record that is larger than it allows rejects the input of its step.
    Public,
}

/// The name of a topic that sheaf owns: `<application>-<rest>`.
pub fn internal_topic(application: &str, rest: &str) -> Topic {
    Topic::new(&format!("{application}-{rest}"))
}
