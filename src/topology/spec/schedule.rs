//! `schedule`: records are written when they are due.

use std::sync::Arc;

use super::{beside, name, start};
use crate::codec::yaml::Item;
use crate::model::Topic;
use crate::processor::erase;
use crate::processor::schedule::{DUE, SCHEDULE, ScheduleKeying, Schedules, Settings};
use crate::topology::{Node, Output, Source, StartAt};

/// Topics with requests, and the topic to which the records are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// The topics.
    pub settings: Settings,
    /// Where the first start begins each topic that it reads, in their order.
    pub starts: Vec<Option<StartAt>>,
}

impl Schedule {
    /// The sources, for the node with this index.
    pub(super) fn sources(&self, node: usize) -> impl Iterator<Item = Source> {
        self.settings.reads.iter().zip(&self.starts).map(move |(topic, start)| Source {
            topic: Topic::new(topic),
            node,
            keying: Arc::new(ScheduleKeying),
            start: *start,
        })
    }

    /// The node.
    pub(super) fn node(&self) -> Node {
        let output = Output::public(DUE, Topic::new(&self.settings.writes));
        Node::new(SCHEDULE, erase(Schedules), vec![output])
    }
}

/// Reads the key `schedule` of the root.
pub(super) fn read(section: &Item<'_>) -> Option<Schedule> {
    let mut fields = section.fields()?;
    // All keys are read before the first `?`, so that all mistakes are reported.
    let reads = fields.required_item("reads").and_then(|item| topics(&item));
    let reads: Option<(Vec<String>, Vec<_>)> = reads.map(|reads| reads.into_iter().unzip());
    let requests = reads.as_ref().map(|(topics, _)| topics.as_slice()).unwrap_or_default();
    let writes = fields.required_item("writes").and_then(|item| writes(&item, requests));
    fields.finish();
    let ((reads, starts), writes) = (reads?, writes?);
    Some(Schedule { settings: Settings { reads, writes }, starts })
}

/// The topic to write to, which is none of those with requests.
fn writes(item: &Item<'_>, requests: &[String]) -> Option<String> {
    let mut fields = item.fields()?;
    let item = fields.required_item("topic");
    fields.finish();
    let item = item?;
    let topic = name::topic(&item)?;
    if requests.contains(&topic) {
        let hint = "name the topic of those who wait for the records".to_owned();
        item.problem(format!("`{topic}` is read for requests, and a due record is none"), Some(hint));
    }
    Some(topic)
}

fn topics(list: &Item<'_>) -> Option<Vec<(String, Option<StartAt>)>> {
    let items = list.items()?;
    if items.is_empty() {
        let hint = "write `- { topic: requests }`".to_owned();
        list.problem("there is no topic, so that nothing would be scheduled", Some(hint));
    }
    let read: Vec<Option<(String, Option<StartAt>)>> = items.iter().map(start::topic).collect();
    let names = read.iter().map(|topic| topic.as_ref().map(|(name, _)| name.as_str()));
    beside::refuse_repeated(&items, names, "read");
    read.into_iter().collect()
}
