//! The settings of a webhook.

use std::time::Duration;

use crate::secret::Secret;
use crate::sink::Limits;

/// The settings of a webhook.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The name of the sink.
    pub name: String,
    /// The URL, which may be a secret.
    pub url: Secret,
    /// The headers of each request, whose values may be secrets.
    pub headers: Vec<(String, Secret)>,
    /// A member that is added to each body, as its value is a secret: `PagerDuty`'s `routing_key`.
    pub member: Option<(&'static str, Secret)>,
    /// The time-out of one attempt.
    pub timeout: Duration,
    /// The limits of attempts.
    pub limits: Limits,
}

/// The error of creating a webhook. No variant holds the URL.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// An invalid URL.
    #[error("sinks.{name}.webhook.url cannot be used: {detail}; write https://HOST/PATH")]
    Url {
        /// The name of the sink.
        name: String,
        /// The problem.
        detail: String,
    },
    /// An invalid header.
    #[error(
        "sinks.{name}.webhook.headers.{header} cannot be sent: a header has no line breaks and no control characters"
    )]
    Header {
        /// The name of the sink.
        name: String,
        /// The name of the header.
        header: String,
    },
    /// The HTTP client cannot be set up.
    #[error(
        "the HTTP client for sinks.{name}.webhook cannot be set up (are the system's ca-certificates installed?): {detail}"
    )]
    Client {
        /// The name of the sink.
        name: String,
        /// The client's message.
        detail: String,
    },
}
