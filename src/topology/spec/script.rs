//! `script`: workflows that are written as async functions.

use std::path::PathBuf;
use std::sync::Arc;

use super::{beside, name, start};
use crate::codec::yaml::Item;
use crate::model::Topic;
use crate::processor::erase;
use crate::processor::script::{SCRIPT, Scripts, ThreadKeying, Versions};
use crate::topology::{Node, Output, Source, StartAt};

/// A script, and the topics with the events of its threads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script {
    /// The path of the script, which is read by the caller.
    pub file: PathBuf,
    /// The script, once it is read.
    pub versions: Option<Versions>,
    /// The topics.
    pub reads: Vec<String>,
    /// Where the first start begins each of them, in their order.
    pub starts: Vec<Option<StartAt>>,
}

impl Script {
    /// The sources, for the node with this index.
    pub(super) fn sources(&self, node: usize) -> impl Iterator<Item = Source> {
        self.reads.iter().zip(&self.starts).map(move |(topic, start)| Source {
            topic: Topic::new(topic),
            node,
            keying: Arc::new(ThreadKeying),
            start: *start,
        })
    }

    /// The node; `None` until the script is read. Its outputs have the names of their topics.
    pub(super) fn node(&self) -> Option<Node> {
        let versions = self.versions.clone()?;
        let topics = versions.newest().topics.clone();
        let outputs = topics.iter().map(|topic| Output::public(topic.as_str(), Topic::new(topic)));
        Some(Node::new(SCRIPT, erase(Scripts::new(versions)), outputs.collect()))
    }
}

/// Reads the key `script` of the root.
pub(super) fn read(section: &Item<'_>) -> Option<Script> {
    let mut fields = section.fields()?;
    // All keys are read before the first `?`, so that all mistakes are reported.
    let file = fields.required_item("file").and_then(|item| item.read::<PathBuf>());
    let reads = fields.required_item("reads").and_then(|item| topics(&item));
    fields.finish();
    let (reads, starts) = reads?.into_iter().unzip();
    Some(Script { file: file?, versions: None, reads, starts })
}

fn topics(list: &Item<'_>) -> Option<Vec<(String, Option<StartAt>)>> {
    let items = list.items()?;
    if items.is_empty() {
        let hint = "write `- { topic: workflow-resume }`".to_owned();
        list.problem("there is no topic, so that no thread would ever begin", Some(hint));
    }
    let read: Vec<Option<(String, Option<StartAt>)>> = items.iter().map(topic).collect();
    let names = read.iter().map(|topic| topic.as_ref().map(|(name, _)| name.as_str()));
    beside::refuse_repeated(&items, names, "read");
    read.into_iter().collect()
}

fn topic(item: &Item<'_>) -> Option<(String, Option<StartAt>)> {
    let mut fields = item.fields()?;
    let topic = fields.required_item("topic").and_then(|item| name::topic(&item));
    let start = fields.item("start").map(|item| start::read(&item));
    fields.finish();
    let start = match start {
        Some(read) => Some(read?),
        None => None,
    };
    Some((topic?, start))
}
