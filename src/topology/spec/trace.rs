//! `trace`: the records of topics are kept by their trace ids.

use std::sync::Arc;
use std::time::Duration;

use super::{beside, name, place, start};
use crate::codec::yaml::Item;
use crate::model::Topic;
use crate::processor::erase;
use crate::processor::place::{Format, Place};
use crate::processor::trace::{KEEP_DEFAULT, Reads, Settings, TRACE, TraceKeying, Traces};
use crate::topology::{Node, Source, StartAt};

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
    let names = read.iter().map(|topic| topic.as_ref().map(|(reads, _)| reads.topic.as_str()));
    beside::refuse_repeated(&items, names, "traced");
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
