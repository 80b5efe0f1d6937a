//! The settings of a Control-M server: address, key, time-outs and limits.

use std::time::Duration;

use crate::model::ErrorClass;
use crate::secret::Secret;

/// The settings of a Control-M server.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The URL of the Automation API with its path (`https://tenant-aapi.us1.controlm.com/automation-api`).
    pub base_url: String,
    /// The API token, sent as `x-api-key` (`SaaS`, and on premises since 9.0.21).
    pub api_key: Secret,
    /// The time-out of a connection, with DNS and TLS.
    pub connect_timeout: Duration,
    /// The time-out of one call, from its expiry check to the last byte of its response.
    pub request_timeout: Duration,
    /// The most concurrent calls; further ones wait for a slot.
    pub in_flight_max: usize,
    /// The wait after a 401 without `Retry-After`: about as long as it takes to replace a key.
    pub unauthorized_retry: Duration,
    /// Certificates in PEM form that are trusted in addition to the system's, as servers on premises have their own.
    pub ca_bundle: Option<Vec<u8>>,
    /// The URL of a proxy (`http://proxy:3128`). The environment's `HTTPS_PROXY` is ignored.
    pub proxy: Option<String>,
}

impl Settings {
    /// The settings for a server, with the defaults: connect 5 s, request 60 s, 16 calls at once, 60 s after a 401.
    pub fn new(base_url: &str, api_key: Secret) -> Self {
        Self {
            base_url: base_url.to_owned(),
            api_key,
            connect_timeout: Duration::from_secs(5),
            request_timeout: Duration::from_mins(1),
            in_flight_max: 16,
            unauthorized_retry: Duration::from_mins(1),
            ca_bundle: None,
            proxy: None,
        }
    }
}

/// The error of creating a sink, or of an unhealthy server.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// An invalid URL.
    #[error("control_m.base_url `{url}` cannot be used: {detail}; write https://HOST:PORT/automation-api")]
    BaseUrl {
        /// The URL in the configuration.
        url: String,
        /// The problem.
        detail: String,
    },
    /// A key that is not a valid header value.
    #[error("control_m.api_key has characters that no HTTP header may contain: was a whole file or JSON taken for it?")]
    ApiKey,
    /// `in_flight_max` is 0 or beyond the limit of a semaphore.
    #[error("control_m.in_flight_max is {found}: write a number from 1 to {most}")]
    InFlight {
        /// The number in the configuration.
        found: usize,
        /// The largest valid number.
        most: usize,
    },
    /// An invalid proxy or invalid certificates, or a system without certificates.
    #[error("the HTTP client for Control-M cannot be set up from {setting}: {detail}")]
    Client {
        /// The setting at fault.
        setting: &'static str,
        /// The client's message.
        detail: String,
    },
    /// The server does not respond like a Control-M server.
    #[error("Control-M at {url} is not healthy: {detail}")]
    Unhealthy {
        /// The URL.
        url: String,
        /// The response.
        detail: String,
    },
}

impl Error {
    /// The class, which decides how the runtime handles it.
    pub const fn class(&self) -> ErrorClass {
        match self {
            Self::Unhealthy { .. } => ErrorClass::Retry,
            Self::BaseUrl { .. } | Self::ApiKey | Self::InFlight { .. } | Self::Client { .. } => ErrorClass::Fatal,
        }
    }
}
