//! `trace`: the records of topics are kept by their trace ids.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::{name, place, start};
use crate::codec::yaml::{Fields, Item};
use crate::model::Topic;
use crate::processor::erase;
use crate::processor::place::{Format, Place};
use crate::processor::trace::{KEEP_DEFAULT, Reads, Settings, TRACE, TraceKeying, Traces};
use crate::topology::{Node, Source, StartAt};

/// The keys of a file that gathers bundles. Without all of them a file with `trace` has no bundle.
const BUNDLE_KEYS: [&str; 4] = ["sources", "bundle", "submissions", "deliver"];
/// The attribute of a `CloudEvent` with its type.
const EVENT_TYPE: &str = "type";

/// The topics whose records are kept by their trace ids.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    /// The topics, and for how long a trace is kept.
    pub settings: Settings,
    /// Where the first start begins each topic, in their order.
    pub starts: Vec<Option<StartAt>>,
}

impl Trace {
    /// The sources, for the node with this index.
    pub(super) fn sources(&self, node: usize) -> impl Iterator<Item = Source> {
        self.settings.reads.iter().zip(&self.starts).map(move |(reads, start)| Source {
            topic: Topic::new(&reads.topic),
            node,
            keying: Arc::new(TraceKeying::new(reads)),
            start: *start,
        })
    }

    /// The node.
    pub(super) fn node(&self) -> Node {
        Node::new(TRACE, erase(Traces::new(&self.settings)), Vec::new())
    }
}

/// True for a file with a trace and without a bundle.
pub(super) fn is_alone(root: &mut Fields<'_>) -> bool {
    let has_bundle = BUNDLE_KEYS.map(|key| root.item(key).is_some()).contains(&true);
    root.item("trace").is_some() && !has_bundle
}

/// Reads the key `trace` of the root.
pub(super) fn read(section: &Item<'_>) -> Option<Trace> {
    let mut fields = section.fields()?;
    // All keys are read before the first `?`, so that all mistakes are reported.
    let keep = fields.item("keep").map_or(Some(KEEP_DEFAULT), |item| keep(&item));
    let reads = fields.required_item("reads").and_then(|item| topics(&item));
    fields.finish();
    let (reads, starts) = reads?.into_iter().unzip();
    Some(Trace { settings: Settings { keep: keep?, reads }, starts })
}

/// Checks that no topic of the trace is one that another processor of the file reads: `read` has the topics, each
/// with what reads it. `root` is the whole file.
pub(super) fn refuse_shared(root: &Item<'_>, trace: &Trace, read: &[(&str, &str)]) {
    let Some(section) = root.node().get("trace") else { return };
    let list = section.get("reads").and_then(|reads| root.below("trace", section).below("reads", reads).items());
    for (item, reads) in list.iter().flatten().zip(&trace.settings.reads) {
        if let Some((reader, _)) = read.iter().find(|(_, topic)| *topic == reads.topic) {
            let hint = "write the trace into a topology file of its own: each file is an application, and several may read a topic";
            item.problem(format!("{reader} reads `{}` already", reads.topic), Some(hint.to_owned()));
        }
    }
}

fn keep(item: &Item<'_>) -> Option<Duration> {
    let duration: Duration = item.read()?;
    if duration.is_zero() {
        item.problem("this must be longer than 0", Some("write a duration such as `7d`".to_owned()));
    }
    Some(duration)
}

fn topics(list: &Item<'_>) -> Option<Vec<(Reads, Option<StartAt>)>> {
    let items = list.items()?;
    if items.is_empty() {
        let hint = "write `- { topic: orders, id: /traceid, type: /type }`".to_owned();
        list.problem("there is no topic, so that nothing would be traced", Some(hint));
    }
    let read: Vec<Option<(Reads, Option<StartAt>)>> = items.iter().map(topic).collect();
    let mut known = BTreeSet::new();
    for (item, (reads, _)) in items.iter().zip(read.iter()).filter_map(|(item, read)| Some((item, read.as_ref()?))) {
        if !known.insert(&reads.topic) {
            item.problem(format!("topic `{}` is traced already", reads.topic), Some("keep one of them".to_owned()));
        }
    }
    read.into_iter().collect()
}

fn topic(item: &Item<'_>) -> Option<(Reads, Option<StartAt>)> {
    let mut fields = item.fields()?;
    let topic = fields.required_item("topic").and_then(|item| name::topic(&item));
    let format = place::format(&mut fields, item);
    let id = fields.required_item("id").and_then(|item| place::place(&item));
    let name = match (fields.item("type"), format) {
        (Some(item), _) => place::place(&item),
        (None, Some(Format::CloudEvents)) => Some(Place::Attribute(EVENT_TYPE.to_owned())),
        (None, Some(Format::Json | Format::Confluent) | None) => {
            fields.required_item("type").and_then(|item| place::place(&item))
        }
    };
    let start = fields.item("start").map(|item| start::read(&item));
    fields.finish();
    let start = match start {
        Some(read) => Some(read?),
        None => None,
    };
    Some((Reads { topic: topic?, format: format?, id: id?, name: name? }, start))
}
