//! The section `kafka`: the cluster's address, and properties of the client.

use std::collections::BTreeMap;

use super::Reference;
use super::field::{Default, Field, Kind};
use super::reader::Reader;

/// The Kafka cluster, and properties of its client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kafka {
    /// `host:port`, separated by commas.
    pub bootstrap_servers: String,
    /// Properties of librdkafka by name, passed on with their references resolved.
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
        doc: "Properties of librdkafka by their names (`security.protocol: SASL_SSL`), passed on as they are; values \
              may be references to secrets. `sheaf validate` opens a client with them, without connecting. docs/operations.md \
              says which logins there are. In a variable's name, `_` after `PROPERTIES__` stands for `.` \
              (`SHEAF_KAFKA__PROPERTIES__SECURITY_PROTOCOL`).",
    },
];

pub(super) fn read(from: &Reader<'_>) -> Option<Kafka> {
    let bootstrap_servers = from.value("kafka.bootstrap_servers");
    let properties = from.references("kafka.properties");
    Some(Kafka { bootstrap_servers: bootstrap_servers?, properties: properties? })
}
