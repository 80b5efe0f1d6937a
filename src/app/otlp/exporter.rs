//! The exporter of spans, in a build that has it.

use std::sync::Arc;

use crate::app::error::{Error, Result};
use crate::app::sink::named;
use crate::app::{Calls, Secrets};
use crate::config::{Config, Reference};
use crate::model::Spans;
use crate::otlp::{self, Otlp, Settings};
use crate::secret::Secret;

/// The exporter; `None` without `otlp.endpoint`.
pub(in crate::app) fn spans(config: &Config, secrets: &Secrets, calls: &Calls) -> Result<Option<Arc<dyn Spans>>> {
    let resolve = |setting: &str, reference: &_| secrets.resolve(setting, reference);
    let Some(settings) = settings(config, resolve)? else { return Ok(None) };
    let otlp = Otlp::new(&settings, &calls.handle, Arc::clone(&calls.metrics)).map_err(|error| failed(&error))?;
    Ok(Some(Arc::new(otlp)))
}

/// Checks the address and the headers. A value that cannot be read here is taken for a valid one.
pub(in crate::app) fn check(config: &Config) -> Result<()> {
    let settings = settings(config, named::value)?;
    settings.map_or(Ok(()), |settings| Otlp::check(&settings).map_err(|error| failed(&error)))
}

/// The settings with the values of their references; `None` without an endpoint.
fn settings(config: &Config, value: impl Fn(&str, &Reference) -> Result<Secret>) -> Result<Option<Settings>> {
    let of = &config.otlp;
    let Some(endpoint) = &of.endpoint else { return Ok(None) };
    let header =
        |(name, reference): (&String, _)| Ok((name.clone(), value(&format!("otlp.headers.{name}"), reference)?));
    Ok(Some(Settings {
        endpoint: value("otlp.endpoint", endpoint)?,
        headers: of.headers.iter().map(header).collect::<Result<_>>()?,
        service_name: of.service_name.clone(),
        instance: config.instance_id.to_string(),
    }))
}

fn failed(error: &otlp::Error) -> Error {
    Error::Otlp(error.to_string())
}
