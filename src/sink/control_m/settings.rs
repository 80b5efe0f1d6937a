//! The settings of a Control-M server: address, key, time-outs and limits.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;

use crate::model::ErrorClass;
use crate::secret::Secret;
use crate::sink::Limits;

/// The settings of a Control-M server.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The URL of the Automation API (`https://tenant-aapi.us1.controlm.com/automation-api`); without a path it is that one.
    pub base_url: String,
    /// The credential of the requests.
    pub credential: Credential,
    /// The source from which the credential is read again after a refusal.
    pub source: Option<Arc<dyn CredentialSource>>,
    /// The time-out of a connection, with DNS and TLS.
    pub connect_timeout: Duration,
    /// The time-out of one call, from its expiry check to the last byte of its response.
    pub request_timeout: Duration,
    /// The limits of calls. The pauses of the breaker are those between the probes of a suspended sink.
    pub limits: Limits,
    /// The zone of the server's times, which have none; `None`: they are passed on as they are.
    pub time_zone: Option<TimeZone>,
    /// Certificates in PEM form that are trusted in addition to the system's, as servers on premises have their own.
    pub ca_bundle: Option<Vec<u8>>,
    /// What calls that change something are annotated with.
    pub annotation: Annotation,
    /// The URL of a proxy (`http://user:password@proxy:3128`). The environment's `HTTPS_PROXY` is ignored.
    pub proxy: Option<Secret>,
}

/// The annotation of calls, which Control-M asks for where changes are audited.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Annotation {
    /// The value of `Annotation-Subject`.
    pub subject: Option<String>,
    /// The value of `Annotation-Description`.
    pub description: Option<String>,
}

/// What authorises requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Credential {
    /// An API token, sent as `x-api-key` (`SaaS`, and on premises since 9.0.21).
    ApiKey(Secret),
    /// A user who logs in (on premises); the session's token is sent as `Authorization: Bearer`.
    Login {
        /// The user.
        username: Secret,
        /// The password.
        password: Secret,
    },
}

/// The source of a credential.
pub trait CredentialSource: fmt::Debug + Send + Sync {
    /// Reads the credential; an error is a text without the value. May block.
    fn read(&self) -> Result<Credential, String>;
}

impl Settings {
    /// The settings for a server, with the defaults: connect 5 s, request 60 s, 16 calls at once, probes every 1 s to 60 s.
    pub fn new(base_url: &str, api_key: Secret) -> Self {
        Self {
            base_url: base_url.to_owned(),
            credential: Credential::ApiKey(api_key),
            source: None,
            connect_timeout: Duration::from_secs(5),
            request_timeout: Duration::from_mins(1),
            limits: Limits::new(16),
            time_zone: None,
            ca_bundle: None,
            annotation: Annotation::default(),
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
    /// An annotation that is not a valid header value.
    #[error("{setting} has characters that no HTTP header may contain: write printable ASCII")]
    Annotation {
        /// The setting.
        setting: &'static str,
    },
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
            Self::BaseUrl { .. }
            | Self::ApiKey
            | Self::Annotation { .. }
            | Self::InFlight { .. }
            | Self::Client { .. } => ErrorClass::Fatal,
        }
    }
}
