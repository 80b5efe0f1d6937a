//! Webhooks: the sink.

use std::sync::Arc;

use super::calls::Targeted;
use crate::app::error::{Error, Result};
use crate::config::{self, Reference};
use crate::model::Target;
use crate::secret::Secret;
use crate::sink::Calls;
use crate::sink::webhook::{Settings, Webhook};

/// The member of a body that holds `PagerDuty`'s integration key.
const ROUTING_KEY: &str = "routing_key";

/// The sink with its target.
pub(super) fn sink(settings: &Settings, calls: &Calls) -> Result<Targeted> {
    let sink = Webhook::new(settings, calls.clone()).map_err(|error| Error::Sink(error.into()))?;
    Ok((Target::new(&settings.name), Arc::new(sink)))
}

/// Checks settings as [`sink`] does.
pub(super) fn check(settings: &Settings) -> Result<()> {
    Webhook::check(settings).map_err(|error| Error::Sink(error.into()))
}

/// The settings of a webhook; `resolve` reads the value of a setting below the sink.
pub(super) fn settings(
    name: &str,
    webhook: &config::Webhook,
    resolve: impl Fn(&'static str, &Reference) -> Result<Secret>,
) -> Result<Settings> {
    let key = webhook.routing_key.as_ref();
    let member = key.map(|key| Ok::<_, Error>((ROUTING_KEY, resolve(ROUTING_KEY, key)?))).transpose()?;
    Ok(Settings {
        name: name.to_owned(),
        url: resolve("url", &webhook.url)?,
        member,
        timeout: webhook.attempts.timeout,
        in_flight_max: webhook.attempts.in_flight_max,
    })
}
