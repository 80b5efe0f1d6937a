//! Webhooks: the sink, and the processor of deliveries to it.

use std::sync::Arc;
use std::time::Duration;

use super::calls::Targeted;
use super::limits::limits;
use crate::app::error::{Error, Result};
use crate::config::{self, Config, Reference, SinkKind};
use crate::model::Target;
use crate::processor::delivery::{self, Backoff, Delivery};
use crate::secret::Secret;
use crate::sink::Calls;
use crate::sink::webhook::{Settings, Webhook};
use crate::template::Template;
use crate::topology::spec;

/// The member of a body that holds `PagerDuty`'s integration key.
const ROUTING_KEY: &str = "routing_key";

/// The time within which an attempt may begin after its commit.
const INTENT_VALID_FOR: Duration = Duration::from_secs(30);
/// The waits between the attempts of a delivery.
const RETRY: Backoff =
    Backoff { first: Duration::from_secs(5), factor: 2, max: Duration::from_mins(5), jitter_percent: 25 };
/// The retention of a journal after its end.
const KEEP: Duration = Duration::from_hours(7 * 24);

/// The processor of a delivery; `None` if there is no webhook of this name.
pub(super) fn processor(
    config: &Config,
    give_up_after: Duration,
    to: &spec::delivery::Webhook,
    template: Template,
) -> Option<Delivery> {
    let SinkKind::Webhook(webhook) = config.sinks.0.get(&to.to)? else { return None };
    let settings = delivery::Settings {
        target: Target::new(&to.to),
        intent_valid_for: INTENT_VALID_FOR,
        request_timeout: webhook.attempts.timeout,
        visibility_lag: Duration::ZERO,
        retry: RETRY,
        give_up_after,
        lookup_horizon: Duration::ZERO,
        keep: KEEP,
    };
    Some(Delivery::new(to.requests(&config.application_id, template), settings))
}

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
    resolve: impl Fn(&str, &Reference) -> Result<Secret>,
) -> Result<Settings> {
    let key = webhook.routing_key.as_ref();
    let member = key.map(|key| Ok::<_, Error>((ROUTING_KEY, resolve(ROUTING_KEY, key)?))).transpose()?;
    let header = |(name, value): (&String, &Reference)| {
        Ok::<_, Error>((name.clone(), resolve(&format!("headers.{name}"), value)?))
    };
    Ok(Settings {
        name: name.to_owned(),
        url: resolve("url", &webhook.url)?,
        headers: webhook.headers.iter().map(header).collect::<Result<_>>()?,
        member,
        timeout: webhook.attempts.timeout,
        limits: limits(&webhook.attempts.limits),
    })
}
