//! Names of topologies and topics.

use crate::codec::yaml::Item;
use crate::model::Topic;

/// The longest application id: it is part of topic names, which Kafka limits.
pub const APPLICATION_CHARS_MAX: usize = 100;

/// Reads the id of an application.
pub(super) fn application(item: &Item<'_>) -> Option<String> {
    item.parsed(|name| {
        if Topic::is_legal(name) && name.len() <= APPLICATION_CHARS_MAX {
            return Ok(name.to_owned());
        }
        Err(format!(
            "`{name}` is not an application id: take 1 to {APPLICATION_CHARS_MAX} letters, digits, `.`, `_` and `-`"
        ))
    })
}

/// Reads the name of a topology.
pub(super) fn topology(item: &Item<'_>) -> Option<String> {
    name(item, "a name")
}

/// Reads the name of a topic.
pub(super) fn topic(item: &Item<'_>) -> Option<String> {
    name(item, "a topic's name in Kafka")
}

/// Reads the name of a sink.
pub(super) fn sink(item: &Item<'_>) -> Option<String> {
    name(item, "the name of a sink")
}

/// Reads a name by Kafka's rule for topics, which suits topologies and sinks too.
fn name(item: &Item<'_>, what: &str) -> Option<String> {
    item.parsed(|name| {
        if Topic::is_legal(name) {
            return Ok(name.to_owned());
        }
        let most = Topic::NAME_CHARS_MAX;
        Err(format!("`{name}` is not {what}: take 1 to {most} letters, digits, `.`, `_` and `-`"))
    })
}
