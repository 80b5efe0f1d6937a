//! The client on librdkafka: its settings, from the configuration.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::oauth;
use crate::app::Secrets;
use crate::app::error::{Error, Result};
use crate::broker::Broker;
use crate::broker::kafka::{Assignor, KafkaBroker, KafkaSettings};
use crate::config::{Config, Reference};

/// The client of the cluster; it does not connect yet. `transaction_timeout` overrides the configured one.
pub fn broker(config: &Config, secrets: &Secrets, transaction_timeout: Option<Duration>) -> Result<Arc<dyn Broker>> {
    let mut settings = broker_settings(config, secrets)?;
    if let Some(timeout) = transaction_timeout {
        settings.transaction_timeout = timeout;
    }
    Ok(Arc::new(opened(settings)?))
}

/// The client of all applications of a process.
#[derive(Debug)]
pub(in crate::app) struct Client(KafkaBroker);

impl Client {
    /// It does not connect yet.
    pub(in crate::app) fn new(config: &Config, secrets: &Secrets) -> Result<Self> {
        opened(broker_settings(config, secrets)?).map(Self)
    }

    /// The same for the application of this configuration: its group, and the name of its clients.
    pub(in crate::app) fn of_application(&self, config: &Config) -> Arc<dyn Broker> {
        Arc::new(self.0.of_application(&config.application_id, &client_id(config)))
    }
}

/// The name of an application's clients.
fn client_id(config: &Config) -> String {
    format!("{}-{}", config.application_id, config.instance_id)
}

/// A client whose properties are known to be right together: some are refused only when a client is opened, which takes no broker.
fn opened(settings: KafkaSettings) -> Result<KafkaBroker> {
    let broker = KafkaBroker::new(settings).map_err(Error::Broker)?;
    broker.open().map_err(Error::Broker)?;
    Ok(broker)
}

/// The client of the cluster at these addresses, with the default settings; it does not connect yet.
pub fn broker_at(bootstrap_servers: &str) -> Result<Arc<dyn Broker>> {
    Ok(Arc::new(KafkaBroker::new(KafkaSettings::new(bootstrap_servers)).map_err(Error::Broker)?))
}

/// Opens the clients with these properties without a broker, and closes them: each property, and those that belong together, are
/// checked.
pub(in crate::app) fn check(bootstrap_servers: &str, properties: &BTreeMap<String, String>) -> Result<()> {
    let mut settings = KafkaSettings::new(bootstrap_servers);
    set_properties(&mut settings, properties)?;
    opened(settings).map(drop)
}

/// The version of librdkafka, for the metric `sheaf_build_info`.
pub(in crate::app) fn client_version() -> String {
    KafkaBroker::client_version()
}

/// The settings of the client, with their secrets.
pub fn broker_settings(config: &Config, secrets: &Secrets) -> Result<KafkaSettings> {
    let mut settings = KafkaSettings::new(&config.kafka.bootstrap_servers);
    settings.message_max_bytes = u32::try_from(config.max_record_bytes).unwrap_or(u32::MAX);
    settings.group.clone_from(&config.application_id);
    settings.client_id = client_id(config);
    let resolved = |(name, value): (&String, &Reference)| {
        let value = secrets.resolve(&format!("kafka.properties.{name}"), value)?;
        Ok((name.clone(), value.expose().to_owned()))
    };
    set_properties(&mut settings, &config.kafka.properties.iter().map(resolved).collect::<Result<_>>()?)?;
    Ok(settings)
}

/// Sets the properties, those of tokens too.
fn set_properties(settings: &mut KafkaSettings, properties: &BTreeMap<String, String>) -> Result<()> {
    properties.iter().try_for_each(|(name, value)| set_property(settings, name, value))?;
    settings.tokens = oauth::tokens(&mut settings.properties)?;
    Ok(())
}

/// Sets a property of librdkafka. Four of them are settings of [`KafkaSettings`]; the others are passed on unchanged.
fn set_property(settings: &mut KafkaSettings, name: &str, value: &str) -> Result<()> {
    let invalid = |expected: &str| Error::Property {
        name: name.to_owned(),
        value: value.to_owned(),
        expected: expected.to_owned(),
    };
    let millis =
        || value.parse().map(Duration::from_millis).map_err(|_not_a_number| invalid("a number of milliseconds"));
    match name {
        "session.timeout.ms" => {
            settings.session_timeout = millis()?;
            // A new owner also waits for the open transaction of the dead instance. Properties are set in the order of
            // their names, so `transaction.timeout.ms` comes later and overrides this.
            settings.transaction_timeout = settings.transaction_timeout.min(settings.session_timeout);
        }
        "max.poll.interval.ms" => settings.max_poll_interval = millis()?,
        "transaction.timeout.ms" => settings.transaction_timeout = millis()?,
        "partition.assignment.strategy" => {
            let known = Assignor::ALL.into_iter().find(|assignor| assignor.as_str() == value);
            settings.assignor =
                known.ok_or_else(|| invalid(&format!("one of {}", Assignor::ALL.map(Assignor::as_str).join(", "))))?;
        }
        _ => drop(settings.properties.insert(name.to_owned(), value.to_owned())),
    }
    Ok(())
}
