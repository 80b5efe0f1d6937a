//! Mails: the sink.

use std::path::Path;
use std::sync::Arc;

use super::calls::Targeted;
use super::limits::limits;
use crate::app::error::{Error, Result};
use crate::config::{self, Reference, SmtpTls};
use crate::model::Target;
use crate::secret::Secret;
use crate::sink::Calls;
use crate::sink::smtp::{Encryption, Settings, Smtp};

/// The sink with its target.
pub(super) fn sink(settings: &Settings, calls: &Calls) -> Result<Targeted> {
    let sink = Smtp::new(settings, calls.clone()).map_err(|error| Error::Sink(error.into()))?;
    Ok((Target::new(&settings.name), Arc::new(sink)))
}

/// Checks settings as [`sink`] does.
pub(super) fn check(settings: &Settings) -> Result<()> {
    Smtp::check(settings).map_err(|error| Error::Sink(error.into()))
}

/// The settings of a mail server; `resolve` reads the value of a setting below the sink.
pub(super) fn settings(
    name: &str,
    smtp: &config::Smtp,
    resolve: impl Fn(&'static str, &Reference) -> Result<Secret>,
) -> Result<Settings> {
    let login = match (&smtp.username, &smtp.password) {
        (Some(username), Some(password)) => Some((resolve("username", username)?, resolve("password", password)?)),
        (None | Some(_), None) | (None, Some(_)) => None,
    };
    let read = |path: &Path| {
        let setting = format!("sinks.{name}.smtp.ca_bundle");
        std::fs::read(path).map_err(|error| Error::CaBundle { setting, path: path.to_owned(), error })
    };
    Ok(Settings {
        name: name.to_owned(),
        host: smtp.host.clone(),
        port: smtp.port,
        encryption: match smtp.tls {
            SmtpTls::None => Encryption::None,
            SmtpTls::StartTls => Encryption::StartTls,
            SmtpTls::Tls => Encryption::Tls,
        },
        login,
        from: smtp.from.clone(),
        to: smtp.to.clone(),
        ca_bundle: smtp.ca_bundle.as_deref().map(read).transpose()?,
        timeout: smtp.attempts.timeout,
        limits: limits(&smtp.attempts.limits),
    })
}
