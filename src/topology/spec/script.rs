//! `script`: workflows that are written as async functions.

use std::path::PathBuf;
use std::sync::Arc;

use super::start;
use crate::codec::yaml::Item;
use crate::model::Topic;
use crate::processor::erase;
use crate::processor::script::{Format, SCRIPT, Scripts, ThreadKeying, Versions};
use crate::topology::{Node, Output, Source, StartAt};

/// The default of [`Script::cache_mib`]: some 400 threads.
const CACHE_MIB: u16 = 64;

/// The words of the key `format`.
const FORMATS: &[(&str, Format)] = &[("json", Format::Json), ("text", Format::Text)];

/// A script, and the topic with the events of its threads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script {
    /// The path of the script, which is read by the caller.
    pub file: PathBuf,
    /// The script, once it is read.
    pub versions: Option<Versions>,
    /// The topic.
    pub reads: String,
    /// Where the first start begins it.
    pub start: Option<StartAt>,
    /// How the values of the records are written.
    pub format: Format,
    /// The most memory of the realms that a stream thread holds, in MiB; 0 for none.
    pub cache_mib: u16,
}

impl Script {
    /// The source, for the node with this index.
    pub(super) fn source(&self, node: usize) -> Source {
        Source { topic: Topic::new(&self.reads), node, keying: Arc::new(ThreadKeying(self.format)), start: self.start }
    }

    /// The node; `None` until the script is read. Its outputs have the names of their topics.
    pub(super) fn node(&self) -> Option<Node> {
        let versions = self.versions.clone()?;
        let mut topics = versions.newest().topics.clone();
        if !topics.contains(&self.reads) {
            topics.push(self.reads.clone());
        }
        let scripts =
            Scripts::new(versions, self.reads.clone()).reading(self.format).holding(usize::from(self.cache_mib) << 20);
        let outputs = topics.iter().map(|topic| Output::public(topic.as_str(), Topic::new(topic)));
        Some(Node::new(SCRIPT, erase(scripts), outputs.collect()))
    }
}

/// Reads the key `script` of the root.
pub(super) fn read(section: &Item<'_>) -> Option<Script> {
    let mut fields = section.fields()?;
    // All keys are read before the first `?`, so that all mistakes are reported.
    let file = fields.required_item("file").and_then(|item| item.read::<PathBuf>());
    let reads = fields.required_item("reads").and_then(|item| only(&item));
    let format = fields.item("format").map_or(Some(Format::Json), |item| item.word(FORMATS));
    let cache_mib = fields.item("cache_mib").map_or(Some(CACHE_MIB), |item| item.integer(0..=i64::from(u16::MAX)));
    fields.finish();
    let (reads, start) = reads?;
    Some(Script { file: file?, versions: None, reads, start, format: format?, cache_mib: cache_mib? })
}

/// The only topic: the ids of steps are offsets, which two topics would share.
fn only(list: &Item<'_>) -> Option<(String, Option<StartAt>)> {
    let items = list.items()?;
    let [item] = items.as_slice() else {
        let hint = "write `reads: [{ topic: workflow-resume }]`".to_owned();
        list.problem("a script reads one topic, whose offsets are the ids of its steps", Some(hint));
        return None;
    };
    start::topic(item)
}
