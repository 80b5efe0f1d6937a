//! The section `kafka`: the cluster's address, and properties of the client.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::time::Duration;

use super::Reference;
use super::field::{Default, Field, Kind};
use super::reader::Reader;

/// The Kafka cluster, and properties of its client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kafka {
    /// `host:port`, separated by commas.
    pub bootstrap_servers: String,
    /// The time-out of one call to the brokers.
    pub api_timeout: Duration,
    /// Properties of librdkafka by name, passed on with their references resolved.
    pub properties: BTreeMap<String, Reference>,
}

/// The valid time-outs. A thread that is in a call for longer than a minute counts as hanging.
const API_TIMEOUTS: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_mins(1);

pub(super) const FIELDS: &[Field] = &[
    Field {
        path: "kafka.bootstrap_servers",
        kind: Kind::Text,
        default: Default::Required,
        doc: "Kafka's brokers, as `host:port` separated by commas.",
    },
    Field {
        path: "kafka.api_timeout",
        kind: Kind::Duration,
        default: Default::Value("10s"),
        doc: "The time-out of one call to the brokers, such as a commit (as `default.api.timeout.ms` of Kafka's Java clients); from \
              `1s` to `1m`. A transaction that takes longer is gathered again at half the size; raise it for brokers that \
              are slow or throttle.",
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
    let api_timeout = from.duration("kafka.api_timeout");
    if api_timeout.is_some_and(|timeout| !API_TIMEOUTS.contains(&timeout)) {
        from.item("kafka.api_timeout")?.problem("this must be from 1s to 1m", None);
    }
    let properties = from.references("kafka.properties");
    Some(Kafka { bootstrap_servers: bootstrap_servers?, api_timeout: api_timeout?, properties: properties? })
}
