//! The client of the Kafka cluster. A build without the feature `kafka` has none.

/// The property of the endpoint from which tokens are fetched.
pub(super) const TOKEN_ENDPOINT: &str = "sasl.oauthbearer.token.endpoint.url";

#[cfg(feature = "kafka")]
mod kafka;
#[cfg(feature = "kafka")]
mod oauth;

#[cfg(feature = "kafka")]
pub(super) use kafka::{Client, check, client_version};
#[cfg(feature = "kafka")]
pub use kafka::{broker, broker_at, broker_settings};

#[cfg(not(feature = "kafka"))]
mod absent;

#[cfg(not(feature = "kafka"))]
pub(super) use absent::{Client, check, client_version};
#[cfg(not(feature = "kafka"))]
pub use absent::{broker, broker_at};
