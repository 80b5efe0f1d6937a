//! The settings, and what is wrong with them.

use crate::secret::Secret;

/// Where spans are exported to.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The base URL.
    pub endpoint: Secret,
    /// The headers of each request.
    pub headers: Vec<(String, Secret)>,
    /// `service.name`.
    pub service_name: String,
    /// `service.instance.id`.
    pub instance: String,
}

/// An error of the settings. It shows no value that may be a secret.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The URL cannot be used.
    #[error("otlp.endpoint cannot be used: {0}")]
    Endpoint(String),
    /// A header cannot be sent.
    #[error("otlp.headers.{0} cannot be the name and value of a header of HTTP")]
    Header(String),
    /// The client cannot be made.
    #[error("the client of otlp.endpoint: {0}")]
    Client(String),
}
