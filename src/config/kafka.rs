//! `kafka`: how Kafka is reached.

use std::collections::BTreeMap;

use super::Reference;
use super::field::{Default, Field, Kind};
use super::reader::Reader;

/// How Kafka is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kafka {
    /// `host:port`, separated by commas.
    pub bootstrap_servers: String,
    /// Handed to librdkafka as they are, once references are resolved.
    pub properties: BTreeMap<String, Reference>,
}

pub(super) const FIELDS: &[Field] = &[
    Field {
        path: "kafka.bootstrap_servers",
        kind: Kind::Text,
        default: Default::Required,
        doc: "Kafka's brokers, as `host:port` separated by commas.",
    },
    Field {
        path: "kafka.properties",
        kind: Kind::Map,
        default: Default::None("none"),
        doc: "Handed to librdkafka as they are, by its names (`security.protocol: SASL_SSL`); values may be \
              references to secrets. In a variable's name, `_` after `PROPERTIES__` stands for `.` \
              (`SHEAF_KAFKA__PROPERTIES__SECURITY_PROTOCOL`).",
    },
];

pub(super) fn read(from: &Reader<'_>) -> Option<Kafka> {
    let bootstrap_servers = from.value("kafka.bootstrap_servers");
    let properties = from.references("kafka.properties");
    Some(Kafka { bootstrap_servers: bootstrap_servers?, properties: properties? })
}
