//! A build without the feature `kafka`.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::app::Secrets;
use crate::app::error::Result;
use crate::app::feature::NotBuilt;
use crate::broker::Broker;
use crate::config::Config;

const KAFKA: NotBuilt = NotBuilt { part: "Kafka client", feature: "kafka" };

/// [`NotBuilt`].
pub fn broker(_config: &Config, _secrets: &Secrets, _timeout: Option<Duration>) -> Result<Arc<dyn Broker>> {
    Err(KAFKA.into())
}

/// The client of all applications of a process; there is none.
#[derive(Debug)]
pub(in crate::app) enum Client {}

impl Client {
    /// [`NotBuilt`].
    pub(in crate::app) fn new(_config: &Config, _secrets: &Secrets) -> Result<Self> {
        Err(KAFKA.into())
    }

    /// The client of an application.
    pub(in crate::app) fn of_application(&self, _config: &Config) -> Arc<dyn Broker> {
        match *self {}
    }
}

/// [`NotBuilt`].
pub fn broker_at(_bootstrap_servers: &str) -> Result<Arc<dyn Broker>> {
    Err(KAFKA.into())
}

/// [`NotBuilt`]: without the client its properties are not known.
pub(in crate::app) fn check(_bootstrap_servers: &str, _properties: &BTreeMap<String, String>) -> Result<()> {
    Err(KAFKA.into())
}

/// The version of the client library, for the metric `sheaf_build_info`.
pub(in crate::app) fn client_version() -> String {
    "none".to_owned()
}
