//! The settings of a Kafka cluster, and the properties of its clients.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::consumer::BaseConsumer;
use rdkafka::error::KafkaError;
use rdkafka::producer::BaseProducer;

use super::context::Context;
use super::deadline::millis;
use super::failure::PRINCIPAL;
use super::native::Client;
use super::token::{Registration, Tokens};
use super::tuning::{COMMON, CONSUMING, FOLLOWING, PEEKING, PRODUCING, READING};
use super::{java, login, recipient};
use crate::broker::{ConsumerSpec, Error, Isolation, ProducerSpec, Purpose, Result, Waker};

/// The settings of a Kafka cluster.
#[derive(Clone)]
pub struct KafkaSettings {
    /// `host:port`, comma-separated.
    pub bootstrap_servers: String,
    /// Properties of librdkafka that are passed on unchanged (security, tuning); those that sheaf sets itself are
    /// refused by [`super::KafkaBroker::new`].
    pub properties: BTreeMap<String, String>,
    /// Where the tokens for `sasl.mechanism` OAUTHBEARER come from.
    pub tokens: Option<Tokens>,
    /// The client id, for the brokers' logs and quotas.
    pub client_id: String,
    /// The time-out of heartbeats, after which a member is removed from the group (`session.timeout.ms`).
    pub session_timeout: Duration,
    /// The longest time between two polls of a member (`max.poll.interval.ms`).
    pub max_poll_interval: Duration,
    /// The time after which the broker aborts an open transaction (`transaction.timeout.ms`). It bounds the time for
    /// which the transaction of a dead instance blocks others.
    pub transaction_timeout: Duration,
    /// The assignor of the group.
    pub assignor: Assignor,
    /// The largest record of a producer, in bytes, with its overhead (`message.max.bytes`).
    pub message_max_bytes: u32,
    /// The group id of readers and admin clients, which need one and neither join nor commit: the application's group, so that no
    /// right to another one is needed.
    pub group: String,
}

/// The assignor of a group (`partition.assignment.strategy`), the same for all members.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Assignor {
    /// Cooperative: members keep their partitions, and only moved ones are revoked. It balances partitions regardless
    /// of their topic, so one member may get all tasks of a processor.
    CooperativeSticky,
    /// Eager: all partitions are revoked and assigned in ranges per topic: each topic evenly.
    #[default]
    Range,
    /// Eager: all partitions are revoked and assigned round-robin: each topic evenly, with more moves.
    RoundRobin,
}

impl Assignor {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::CooperativeSticky, Self::Range, Self::RoundRobin];

    /// Kafka's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CooperativeSticky => "cooperative-sticky",
            Self::Range => "range",
            Self::RoundRobin => "roundrobin",
        }
    }
}

impl KafkaSettings {
    /// The default settings for a cluster.
    pub fn new(bootstrap_servers: &str) -> Self {
        Self {
            bootstrap_servers: bootstrap_servers.to_owned(),
            properties: BTreeMap::new(),
            tokens: None,
            client_id: "sheaf".to_owned(),
            session_timeout: SESSION_TIMEOUT,
            max_poll_interval: Duration::from_mins(5),
            transaction_timeout: Duration::from_secs(15),
            assignor: Assignor::default(),
            message_max_bytes: 10 * 1024 * 1024,
            group: "sheaf-reader".to_owned(),
        }
    }

    /// The principal of this client in messages.
    pub(super) fn principal(&self) -> String {
        if let Some(tokens) = &self.tokens {
            return format!("{PRINCIPAL} (of {})", tokens.owner());
        }
        let name = ["sasl.username", "sasl.kerberos.principal"].iter().find_map(|name| self.properties.get(*name));
        match name {
            Some(name) => format!("{PRINCIPAL} (User:{name})"),
            None if self
                .properties
                .keys()
                .any(|name| name.starts_with("ssl.cert") || name.starts_with("ssl.keystore")) =>
            {
                format!("{PRINCIPAL} (of its certificate)")
            }
            None => PRINCIPAL.to_owned(),
        }
    }

    /// Gives an open client its tokens, if it logs in with tokens, until the registration is dropped: before the client is.
    pub(super) fn register(&self, native: &Client, context: &Arc<Context>) -> Result<Option<Registration>> {
        self.tokens.as_ref().map(|tokens| recipient::register(tokens, native, context)).transpose()
    }

    /// Refuses properties that sheaf sets itself, and those that librdkafka does not know.
    pub(super) fn check(&self) -> Result<()> {
        for key in self.properties.keys() {
            if let Some((_, why)) = OWNED.iter().find(|(owned, _)| owned == key) {
                return Err(invalid(key, &format!("sheaf sets it itself ({why}); remove it from kafka.properties")));
            }
            if let Some(instead) = java::instead(key) {
                return Err(invalid(key, &format!("this is a property of Java clients; librdkafka has {instead}")));
            }
        }
        if self.bootstrap_servers.trim().is_empty() {
            return Err(invalid("bootstrap.servers", "it is empty; name at least one host:port"));
        }
        let native = self.common().create_native_config().map_err(|error| refused(&error))?;
        login::check(&self.properties, self.tokens.is_some(), &native.get("builtin.features").unwrap_or_default())
            .map_err(|problem| invalid(problem.property, &problem.detail))
    }

    /// Opens the clients of a member and of its producer, without a broker, and closes them. librdkafka checks the values of
    /// properties against each other only then.
    pub(super) fn open(&self) -> Result<()> {
        let group = "check".to_owned();
        let mut consumer = self.consumer(&ConsumerSpec { group, group_instance: None, waker: Waker::none() });
        let mut producer = self.producer(&ProducerSpec::transactional("check"));
        consumer.remove("bootstrap.servers").create::<BaseConsumer>().map(drop).map_err(|error| refused(&error))?;
        producer.remove("bootstrap.servers").create::<BaseProducer>().map(drop).map_err(|error| refused(&error))
    }

    /// The configuration of all clients: defaults, then the user's properties, then sheaf's own.
    fn base(&self, defaults: &[(&str, &str)]) -> ClientConfig {
        let mut config = ClientConfig::new();
        for (key, value) in COMMON.iter().chain(defaults) {
            config.set(*key, *value);
        }
        for (key, value) in &self.properties {
            config.set(key, value);
        }
        config.set("bootstrap.servers", &self.bootstrap_servers);
        config.set("client.id", &self.client_id);
        config.set("message.max.bytes", self.message_max_bytes.to_string());
        config
    }

    /// For clients that neither consume nor produce.
    pub(super) fn common(&self) -> ClientConfig {
        self.base(&[])
    }

    /// For a group member.
    pub(super) fn consumer(&self, spec: &ConsumerSpec) -> ClientConfig {
        let mut config = self.base(CONSUMING);
        owned_by_consumers(&mut config, &spec.group, Isolation::ReadCommitted);
        config.set("session.timeout.ms", millis(self.session_timeout).to_string());
        config.set("max.poll.interval.ms", millis(self.max_poll_interval.max(self.session_timeout)).to_string());
        config.set("enable.partition.eof", "false");
        if !self.properties.contains_key("heartbeat.interval.ms") {
            config.set("heartbeat.interval.ms", millis(HEARTBEAT.min(self.session_timeout / 3)).to_string());
        }
        config.set("partition.assignment.strategy", self.assignor.as_str());
        if let Some(instance) = &spec.group_instance {
            config.set("group.instance.id", instance);
        }
        config
    }

    /// For a reader. librdkafka assigns nothing without a group id; nothing is committed under it, and no member joins.
    pub(super) fn reader(&self, isolation: Isolation, purpose: Purpose) -> ClientConfig {
        let mut config = self.base(match purpose {
            Purpose::Restore => READING,
            Purpose::Follow => FOLLOWING,
            Purpose::Peek => PEEKING,
        });
        owned_by_consumers(&mut config, &self.group, isolation);
        config.set("enable.partition.eof", "true");
        config
    }

    /// For a producer, transactional or not.
    pub(super) fn producer(&self, spec: &ProducerSpec) -> ClientConfig {
        let mut config = self.base(PRODUCING);
        let batch_size = config.get("batch.size").and_then(|bytes| bytes.parse::<usize>().ok());
        if let Some(bytes) =
            spec.batch_bytes_max.filter(|bytes| batch_size.is_none_or(|configured| *bytes < configured))
        {
            config.set("batch.size", bytes.to_string());
        }
        if let Some(transactional_id) = &spec.transactional_id {
            config.set("transactional.id", transactional_id);
            config.set("transaction.timeout.ms", millis(self.transaction_timeout).to_string());
        }
        config.set("enable.idempotence", "true");
        config.set("partitioner", "murmur2_random");
        config
    }
}

impl fmt::Debug for KafkaSettings {
    /// Without the values of the properties, because they may be passwords.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KafkaSettings")
            .field("bootstrap_servers", &self.bootstrap_servers)
            .field("properties", &self.properties.keys().collect::<Vec<_>>())
            .field("client_id", &self.client_id)
            .field("assignor", &self.assignor)
            .finish_non_exhaustive()
    }
}

/// The error for a property that librdkafka refuses, with its message without the value.
pub(super) fn refused(error: &KafkaError) -> Error {
    if let KafkaError::ClientConfig(_, why, key, value) = error {
        // librdkafka quotes the value.
        return invalid(key, &why.replace(&format!("\"{value}\""), "(not shown)"));
    }
    Error::Fatal { operation: "opening a client", detail: error.to_string() }
}

fn invalid(key: &str, why: &str) -> Error {
    Error::Fatal { operation: "reading the kafka settings", detail: format!("property {key}: {why}") }
}

fn owned_by_consumers(config: &mut ClientConfig, group: &str, isolation: Isolation) {
    config.set("group.id", group);
    config.set("enable.auto.commit", "false");
    config.set("enable.auto.offset.store", "false");
    config.set("auto.offset.reset", "error");
    config.set(
        "isolation.level",
        match isolation {
            Isolation::ReadCommitted => "read_committed",
            Isolation::ReadUncommitted => "read_uncommitted",
        },
    );
}

/// The properties that sheaf sets itself, with the reason.
const OWNED: &[(&str, &str)] = &[
    ("bootstrap.servers", "kafka.bootstrap_servers is the setting for it"),
    ("metadata.broker.list", "kafka.bootstrap_servers is the setting for it"),
    ("client.id", "it follows from the instance"),
    ("group.id", "it is the application id"),
    ("group.instance.id", "it follows from the instance id"),
    ("group.protocol", "rebalances are answered by the classic protocol's rules"),
    ("session.timeout.ms", "it has a setting of its own"),
    ("max.poll.interval.ms", "it has a setting of its own"),
    ("partition.assignment.strategy", "it has a setting of its own"),
    ("enable.auto.commit", "offsets are committed with the transaction"),
    ("auto.commit.enable", "offsets are committed with the transaction"),
    ("enable.auto.offset.store", "offsets are committed with the transaction"),
    ("auto.offset.reset", "an offset is never guessed"),
    ("allow.auto.create.topics", "a topic that is missing is named, and not made by the look for it"),
    ("isolation.level", "aborted records must not be seen"),
    ("enable.partition.eof", "it would falsify positions"),
    ("transactional.id", "it follows from the instance and the thread"),
    ("transaction.timeout.ms", "it has a setting of its own"),
    ("enable.idempotence", "exactly-once rests on it"),
    ("enable.gapless.guarantee", "exactly-once rests on transactions"),
    ("acks", "transactions need all of them"),
    ("request.required.acks", "transactions need all of them"),
    ("partitioner", "a bundle's key has to give the same partition everywhere"),
    ("message.max.bytes", "max_record_bytes is the setting for it"),
];

/// As in Kafka's consumer and in Kafka Streams. A member is static, so a restart within the session keeps its tasks: a pod that
/// is killed on its node is back after 10 to 30 s, and a shorter session would move and restore its state for each restart.
/// The price is that a survivor takes over from an instance that does not come back after this time.
const SESSION_TIMEOUT: Duration = Duration::from_secs(45);

/// A member learns of a rebalance from the answer to a heartbeat, twice with the cooperative protocol: with Kafka's 3 s
/// two members took 6.5 s to rebalance.
const HEARTBEAT: Duration = Duration::from_millis(500);

#[cfg(test)]
mod tests {
    use super::{ConsumerSpec, KafkaSettings, OWNED, ProducerSpec};
    use crate::broker::Waker;

    fn with(key: &str, value: &str) -> KafkaSettings {
        let mut settings = KafkaSettings::new("localhost:9092");
        settings.properties.insert(key.to_owned(), value.to_owned());
        settings
    }

    #[test]
    fn each_property_that_sheaf_owns_is_refused_by_name() {
        for (key, _) in OWNED {
            let error = with(key, "x").check().expect_err(key);
            assert!(error.to_string().contains(key), "{error}");
        }
    }

    #[test]
    fn a_property_that_librdkafka_does_not_know_is_refused_by_name() {
        let error = with("fetch.wiat.max.ms", "1").check().expect_err("a slip of the pen");
        assert!(error.to_string().contains("fetch.wiat.max.ms"), "{error}");
    }

    #[test]
    fn a_value_that_is_refused_is_not_repeated() {
        let error = with("security.protocol", "my secret").check().expect_err("no protocol");
        assert!(error.to_string().contains("security.protocol"), "{error}");
        assert!(!error.to_string().contains("my secret"), "{error}");
    }

    #[test]
    fn a_password_is_not_shown() {
        let shown = format!("{:?}", with("sasl.password", "my secret"));
        assert!(shown.contains("sasl.password") && !shown.contains("my secret"), "{shown}");
    }

    #[test]
    fn the_session_is_that_of_kafka_streams_unless_it_is_set() {
        let spec = ConsumerSpec { group: "g".to_owned(), group_instance: None, waker: Waker::none() };
        let config = KafkaSettings::new("localhost:9092").consumer(&spec);
        assert_eq!(config.get("session.timeout.ms"), Some("45000"));
        assert_eq!(config.get("heartbeat.interval.ms"), Some("500"));
    }

    #[test]
    fn tuning_is_passed_on() {
        let settings = with("linger.ms", "7");
        settings.check().expect("a setting of librdkafka");
        let spec = ProducerSpec::transactional("t");
        assert_eq!(settings.producer(&spec).get("linger.ms"), Some("7"));
        assert_eq!(settings.producer(&spec).get("partitioner"), Some("murmur2_random"));
        let batch_size = |batch_bytes_max| {
            let config = settings.producer(&ProducerSpec { batch_bytes_max, ..spec.clone() });
            config.get("batch.size").map(str::to_owned)
        };
        assert_eq!(
            [None, Some(5_000), Some(5_000_000)].map(batch_size),
            ["1000000", "5000", "1000000"].map(|it| Some(it.to_owned()))
        );
    }
}
