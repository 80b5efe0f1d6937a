//! `sinks.NAME.smtp`: a mail.

use std::path::PathBuf;
use std::time::Duration;

use super::reference::Reference;
use super::webhook::{Attempts, attempts};
use crate::codec::yaml::Item;

/// The key of the section.
pub(super) const KEY: &str = "smtp";

/// The default of `timeout`: a server may check a mail for some seconds before it takes it.
const TIMEOUT: Duration = Duration::from_secs(30);

/// A mail server, with the sender and the receivers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Smtp {
    /// The name or the address of the server.
    pub host: String,
    /// The port.
    pub port: u16,
    /// How the connection is encrypted.
    pub tls: SmtpTls,
    /// The user who logs in; set if and only if `password` is.
    pub username: Option<Reference>,
    /// The user's password.
    pub password: Option<Reference>,
    /// The sender, `sheaf@example.com` or `Sheaf <sheaf@example.com>`.
    pub from: String,
    /// The receivers, at least one.
    pub to: Vec<String>,
    /// The file with the certificates in PEM form that are trusted beside the system's.
    pub ca_bundle: Option<PathBuf>,
    /// The limits of attempts.
    pub attempts: Attempts,
}

/// How the connection is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SmtpTls {
    /// Not at all.
    None,
    /// By the command `STARTTLS`, without which nothing is sent.
    StartTls,
    /// From its first byte.
    Tls,
}

impl SmtpTls {
    /// The usual port.
    const fn port(self) -> u16 {
        match self {
            Self::None => 25,
            Self::StartTls => 587,
            Self::Tls => 465,
        }
    }
}

impl Smtp {
    /// The values that are texts or references to secrets.
    pub(super) fn references(&self) -> Vec<(String, &Reference)> {
        let values = [("username", self.username.as_ref()), ("password", self.password.as_ref())];
        values.into_iter().filter_map(|(key, reference)| Some((key.to_owned(), reference?))).collect()
    }
}

/// Reads the section.
pub(super) fn read(section: &Item<'_>) -> Option<Smtp> {
    let mut fields = section.fields()?;
    let host: Option<String> = fields.required("host");
    let kinds = [("starttls", SmtpTls::StartTls), ("tls", SmtpTls::Tls), ("none", SmtpTls::None)];
    let tls = fields.item("tls").map_or(Some(SmtpTls::StartTls), |item| item.word(&kinds));
    let port = match fields.item("port") {
        Some(item) => item.integer(1..=i64::from(u16::MAX)),
        None => tls.map(SmtpTls::port),
    };
    let login = ["username", "password"].map(|key| fields.item(key));
    if let [Some(item), None] | [None, Some(item)] = &login {
        item.problem("a login has a user and a password", Some("set `username` and `password`, or none".to_owned()));
        return None;
    }
    let [username, password] = login.map(|item| item.map(|item| item.parsed(Reference::parse)));
    let from: Option<String> = fields.required("from");
    let to = fields.required_item("to").and_then(|item| {
        let to = item.texts()?;
        if to.is_empty() {
            item.problem("there is no receiver", Some("write `to: [ops@example.com]`".to_owned()));
            return None;
        }
        Some(to)
    });
    let ca_bundle = fields.item("ca_bundle").map(|item| item.read());
    let attempts = attempts(&mut fields, TIMEOUT);
    fields.finish();
    Some(Smtp {
        host: host?,
        port: port?,
        tls: tls?,
        username: transpose(username)?,
        password: transpose(password)?,
        from: from?,
        to: to?,
        ca_bundle: transpose(ca_bundle)?,
        attempts: attempts?,
    })
}

/// A value that may be absent, but not invalid.
#[expect(clippy::option_option, reason = "absent, invalid and valid are three results")]
fn transpose<T>(value: Option<Option<T>>) -> Option<Option<T>> {
    value.map_or(Some(None), |value| value.map(Some))
}
