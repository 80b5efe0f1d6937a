//! Where the server is, and what limits hold.

use std::time::Duration;

use crate::model::ErrorClass;
use crate::secret::Secret;

/// How to reach a Control-M server.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The Automation API's address with its path (`https://tenant-aapi.us1.controlm.com/automation-api`).
    pub base_url: String,
    /// The API token, sent as `x-api-key` (`SaaS`, and on premises since 9.0.21).
    pub api_key: Secret,
    /// How long a connection may take, with DNS and TLS.
    pub connect_timeout: Duration,
    /// How long one call may take, from its expiry check to the last byte of its answer.
    pub request_timeout: Duration,
    /// How many calls run at once; more wait for a slot.
    pub in_flight_max: usize,
    /// How long to wait after a 401 that names no time: about as long as a person needs to replace a key.
    pub unauthorized_retry: Duration,
    /// Certificates in PEM form that are trusted beside the system's own, as servers on premises have their own.
    pub ca_bundle: Option<Vec<u8>>,
    /// A proxy (`http://proxy:3128`). The environment's `HTTPS_PROXY` is not read: what is not configured is not used.
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

/// Why a sink could not be made, or the server is not healthy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The address is none.
    #[error("control_m.base_url `{url}` cannot be used: {detail}; write https://HOST:PORT/automation-api")]
    BaseUrl {
        /// The address as configured.
        url: String,
        /// What is wrong with it.
        detail: String,
    },
    /// The key cannot stand in a header.
    #[error("control_m.api_key has characters that no HTTP header may contain: was a whole file or JSON taken for it?")]
    ApiKey,
    /// `in_flight_max` is 0 or beyond what a semaphore counts.
    #[error("control_m.in_flight_max is {found}: write a number from 1 to {most}")]
    InFlight {
        /// The number as configured.
        found: usize,
        /// The largest possible one.
        most: usize,
    },
    /// The proxy's address or the certificates cannot be used, or the system has no certificates.
    #[error("the HTTP client for Control-M cannot be set up from {setting}: {detail}")]
    Client {
        /// The setting that is at fault.
        setting: &'static str,
        /// The client's words.
        detail: String,
    },
    /// The server does not answer as a Control-M server does.
    #[error("Control-M at {url} is not healthy: {detail}")]
    Unhealthy {
        /// Where it was asked.
        url: String,
        /// What came instead.
        detail: String,
    },
}

impl Error {
    /// What is to be done about it.
    pub const fn class(&self) -> ErrorClass {
        match self {
            Self::Unhealthy { .. } => ErrorClass::Retry,
            Self::BaseUrl { .. } | Self::ApiKey | Self::InFlight { .. } | Self::Client { .. } => ErrorClass::Fatal,
        }
    }
}
