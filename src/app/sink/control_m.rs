//! Control-M: the sink, and the processor of deliveries to it.

use std::sync::Arc;
use std::time::Duration;

use super::calls::{Calls, Targeted};
use crate::app::Secrets;
use crate::app::error::{Error, Result};
use crate::config::{self, Config};
use crate::model::Target;
use crate::processor::delivery::{self, Delivery};
use crate::secret::Secret;
use crate::sink::control_m::{ControlM, Settings};
use crate::template::Template;
use crate::topology::spec;

/// The setting of the API key.
pub(in crate::app) const API_KEY: &str = "control_m.api_key";

/// The sink; `None` without `control_m.base_url`.
pub(in crate::app) fn sink(config: &Config, secrets: &Secrets, calls: &Calls) -> Result<Option<Arc<ControlM>>> {
    let Some(control_m) = &config.control_m else { return Ok(None) };
    let base_url = secrets.resolve("control_m.base_url", &control_m.base_url)?;
    let api_key = api_key(control_m, secrets)?;
    let settings = Settings {
        request_timeout: control_m.request_timeout,
        in_flight_max: control_m.in_flight_max,
        ..Settings::new(base_url.expose(), api_key)
    };
    let Calls { handle, clock, metrics } = calls.clone();
    let sink = ControlM::measured(&settings, handle, clock, metrics).map_err(|error| Error::Sink(error.into()))?;
    Ok(Some(Arc::new(sink)))
}

/// The sink with its target.
pub(super) fn targeted(sink: Arc<ControlM>) -> Targeted {
    (Target::new(delivery::control_m::CONTROL_M), sink)
}

/// Reads the API key again and replaces that of the sink; false if it is the same.
pub(in crate::app) fn reload(sink: &ControlM, settings: &config::ControlM, secrets: &Secrets) -> Result<bool> {
    sink.set_api_key(&api_key(settings, secrets)?).map_err(|error| Error::Sink(error.into()))
}

fn api_key(settings: &config::ControlM, secrets: &Secrets) -> Result<Secret> {
    match &settings.api_key {
        Some(key) => secrets.resolve(API_KEY, key),
        None => Ok(Secret::new(String::new())),
    }
}

/// The processor of a delivery; `None` without `control_m.base_url`.
pub(super) fn processor(
    config: &Config,
    give_up_after: Duration,
    to: &spec::delivery::ControlM,
    template: Template,
) -> Option<Delivery> {
    let control_m = config.control_m.as_ref()?;
    let settings = delivery::Settings {
        intent_valid_for: control_m.intent_valid_for,
        request_timeout: control_m.request_timeout,
        visibility_lag: control_m.visibility_lag,
        give_up_after,
        ..delivery::control_m::usual_settings()
    };
    Some(Delivery::new(to.folders(template), settings))
}
