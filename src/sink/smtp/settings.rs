//! The settings of a mail server, with the sender and the receivers.

use std::time::Duration;

use crate::secret::Secret;
use crate::sink::Limits;

/// The settings of a mail server.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The name of the sink.
    pub name: String,
    /// The name or the address of the server.
    pub host: String,
    /// The port.
    pub port: u16,
    /// How the connection is encrypted.
    pub encryption: Encryption,
    /// The user and the password of a login.
    pub login: Option<(Secret, Secret)>,
    /// The sender.
    pub from: String,
    /// The receivers, at least one.
    pub to: Vec<String>,
    /// Certificates in PEM form that are trusted beside the system's.
    pub ca_bundle: Option<Vec<u8>>,
    /// The time-out of one attempt, from the connection to the last answer.
    pub timeout: Duration,
    /// The most attempts at once, at least 1.
    pub limits: Limits,
}

/// How a connection is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encryption {
    /// Not at all.
    None,
    /// By the command `STARTTLS`, without which nothing is sent.
    StartTls,
    /// From its first byte.
    Tls,
}

/// The error of creating a mail sink.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// An invalid address.
    #[error(
        "sinks.{name}.smtp.{setting}: `{address}` is no mail address: {detail}; write `ops@example.com` or `Ops <ops@example.com>`"
    )]
    Address {
        /// The name of the sink.
        name: String,
        /// The setting, `from` or `to`.
        setting: &'static str,
        /// The text in the configuration.
        address: String,
        /// The problem.
        detail: String,
    },
    /// TLS cannot be set up.
    #[error("sinks.{name}.smtp: TLS cannot be set up: {detail}")]
    Tls {
        /// The name of the sink.
        name: String,
        /// The problem.
        detail: String,
    },
}
