//! Names of topologies and topics.

use crate::codec::yaml::Item;

/// The longest name of a Kafka topic (`org.apache.kafka.common.internals.Topic.MAX_NAME_LENGTH`).
const TOPIC_CHARS_MAX: usize = 249;

/// The longest application id: it is part of topic names, which Kafka limits.
pub const APPLICATION_CHARS_MAX: usize = 100;

/// Reads the id of an application.
pub(super) fn application(item: &Item<'_>) -> Option<String> {
    item.parsed(|name| {
        if is_legal(name) && name.len() <= APPLICATION_CHARS_MAX {
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

fn name(item: &Item<'_>, what: &str) -> Option<String> {
    item.parsed(|name| {
        if is_legal(name) {
            return Ok(name.to_owned());
        }
        Err(format!("`{name}` is not {what}: take 1 to {TOPIC_CHARS_MAX} letters, digits, `.`, `_` and `-`"))
    })
}

/// Kafka's own rule for topics (`org.apache.kafka.common.internals.Topic.validate`), which also suits a topology's name.
pub(super) fn is_legal(name: &str) -> bool {
    let character = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    (1..=TOPIC_CHARS_MAX).contains(&name.len()) && name.chars().all(character) && !matches!(name, "." | "..")
}
