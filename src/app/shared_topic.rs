//! Refuses applications of one process of which one would read or write the topics that another one owns.

use std::collections::BTreeMap;

use super::error::{Error, Result};
use super::settings;
use crate::config::Config;
use crate::model::Topic;
use crate::runtime::TopologyPlan;
use crate::topology::{OutputKind, Topology};

/// Refuses applications whose topics coincide: those that two of them own, those that one owns and another writes to, and inboxes
/// and the like as sources of another.
pub(super) fn refuse<'a>(applications: impl Iterator<Item = (&'a Config, &'a Topology)>) -> Result<()> {
    let applications: Vec<Topics<'_>> = applications.map(Topics::new).collect();
    for (index, one) in applications.iter().enumerate() {
        for other in applications.iter().take(index) {
            let shared = other.owned_that_is_used_by(one).or_else(|| one.owned_that_is_used_by(other));
            if let Some(topic) = shared {
                let (first, second) = (other.application.to_owned(), one.application.to_owned());
                return Err(Error::SharedTopic { topic: topic.as_str().to_owned(), first, second });
            }
        }
    }
    Ok(())
}

/// The topics of an application by their names with `_` for each `.`, because Kafka takes no two topics that differ in that only.
struct Topics<'a> {
    application: &'a str,
    /// The topics that it owns, and true for those that others may read.
    own: BTreeMap<String, (Topic, bool)>,
    /// The sources.
    read: Vec<Topic>,
    /// The outputs that others may own.
    written: Vec<Topic>,
}

impl<'a> Topics<'a> {
    fn new((config, topology): (&'a Config, &Topology)) -> Self {
        let plan = TopologyPlan::new(topology.clone(), &settings(config, String::new()));
        let nodes = &plan.topology.nodes;
        let internal = plan
            .nodes
            .iter()
            .flat_map(|node| [&node.inbox, &node.changelog])
            .chain([&plan.instances, &plan.definitions]);
        let outputs = || nodes.iter().flat_map(|node| &node.outputs);
        let own_outputs = outputs().filter(|output| output.kind == OutputKind::Own).map(|output| &output.topic);
        let readable = own_outputs.chain([&plan.alerts, &plan.dead_letters, &plan.history]);
        let own = internal.map(|topic| (topic, false)).chain(readable.map(|topic| (topic, true)));
        let public = outputs().filter(|output| output.kind == OutputKind::Public);
        Self {
            application: &config.application_id,
            own: own.map(|(topic, is_readable)| (comparable(topic), (topic.clone(), is_readable))).collect(),
            read: plan.topology.sources.iter().map(|source| source.topic.clone()).collect(),
            written: public.map(|output| output.topic.clone()).collect(),
        }
    }

    /// A topic of this application that another one also owns, writes to, or must not read.
    fn owned_that_is_used_by(&self, other: &Self) -> Option<&Topic> {
        let of_both = other.own.keys().find_map(|name| self.own.get(name));
        let written = || other.written.iter().find_map(|topic| self.own.get(&comparable(topic)));
        let read = || {
            let owned = other.read.iter().filter_map(|topic| self.own.get(&comparable(topic)));
            owned.into_iter().find(|(_, is_readable)| !is_readable)
        };
        of_both.or_else(written).or_else(read).map(|(topic, _)| topic)
    }
}

fn comparable(topic: &Topic) -> String {
    topic.as_str().replace('.', "_")
}
