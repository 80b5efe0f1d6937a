//! The sinks of the section `sinks`, by name.

use super::calls::Targeted;
use super::{smtp, webhook};
use crate::app::Secrets;
use crate::app::error::{Error, Result};
use crate::config::{Config, Reference, SinkKind};
use crate::secret::{self, Secret, SecretRef, Source as _, Sources};
use crate::sink::Calls;

/// The sinks with their targets, which are their names.
pub(super) fn sinks(config: &Config, secrets: &Secrets, calls: &Calls) -> Result<Vec<Targeted>> {
    let sink = |(name, kind): (&String, &SinkKind)| {
        let path = format!("sinks.{name}.{}", kind.key());
        let resolve = |key: &str, reference: &Reference| secrets.resolve(&format!("{path}.{key}"), reference);
        match kind {
            SinkKind::Webhook(webhook) => webhook::sink(&webhook::settings(name, webhook, resolve)?, calls),
            SinkKind::Smtp(smtp) => smtp::sink(&smtp::settings(name, smtp, resolve)?, calls),
        }
    };
    config.sinks.0.iter().map(sink).collect()
}

/// Checks addresses, certificates and URLs. A value that cannot be read here is taken for a valid one.
pub(in crate::app) fn check(config: &Config) -> Result<()> {
    for (name, kind) in &config.sinks.0 {
        match kind {
            SinkKind::Webhook(webhook) => webhook::check(&webhook::settings(name, webhook, value)?)?,
            SinkKind::Smtp(smtp) => smtp::check(&smtp::settings(name, smtp, value)?)?,
        }
    }
    Ok(())
}

/// The value of a setting, or one that is valid.
pub(in crate::app) fn value(key: &str, reference: &Reference) -> Result<Secret> {
    let failed = |error: secret::Error| Error::Secret { setting: key.to_owned(), error };
    let unknown =
        || Secret::new(if matches!(key, "url" | "otlp.endpoint") { "http://unknown/" } else { "unknown" }.to_owned());
    Ok(match SecretRef::parse(reference.as_str()).map_err(failed)? {
        None => Secret::new(reference.as_str().to_owned()),
        Some(reference) => Sources::new().fetch(&reference).unwrap_or_else(|_not_here| unknown()),
    })
}
