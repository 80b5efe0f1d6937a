//! Control-M: the sink, and the processor of deliveries to it.

use std::sync::Arc;
use std::time::Duration;

use super::Calls;
use super::calls::Targeted;
use super::limits::limits;
use crate::app::Secrets;
use crate::app::error::{Error, Result};
use crate::config::{self, Config};
use crate::model::Target;
use crate::processor::delivery::{self, Delivery};
use crate::secret::{Secret, SecretRef};
use crate::sink::control_m::{Annotation, ControlM, Credential, CredentialSource, Settings};
use crate::template::Template;
use crate::topology::spec;

/// The setting of the API key.
pub(in crate::app) const API_KEY: &str = "control_m.api_key";

/// The setting of the certificates.
const CA_BUNDLE: &str = "control_m.ca_bundle";

/// The sink; `None` without `control_m.base_url`.
pub(in crate::app) fn sink(config: &Config, secrets: &Arc<Secrets>, calls: &Calls) -> Result<Option<Arc<ControlM>>> {
    let Some(control_m) = &config.control_m else { return Ok(None) };
    let base_url = secrets.resolve("control_m.base_url", &control_m.base_url)?;
    let proxy = control_m.proxy.as_ref().map(|proxy| secrets.resolve("control_m.proxy", proxy)).transpose()?;
    let ca_bundle = control_m.ca_bundle.as_ref().map(|path| {
        std::fs::read(path).map_err(|error| Error::CaBundle {
            setting: CA_BUNDLE.to_owned(),
            path: path.clone(),
            error,
        })
    });
    let settings = Settings {
        request_timeout: control_m.request_timeout,
        limits: limits(&control_m.limits()),
        time_zone: control_m.time_zone.clone(),
        ca_bundle: ca_bundle.transpose()?,
        proxy,
        annotation: Annotation {
            subject: control_m.annotation_subject.clone(),
            description: control_m.annotation_description.clone(),
        },
        credential: credential(control_m, secrets)?,
        source: Some(Arc::new(Source { settings: control_m.clone(), secrets: Arc::clone(secrets) })),
        ..Settings::new(base_url.expose(), Secret::new(String::new()))
    };
    if settings.proxy.is_none() {
        warn_of_proxy_variables(secrets);
    }
    let Calls { handle, clock, metrics } = calls.clone();
    let sink = ControlM::measured(&settings, handle, clock, metrics).map_err(|error| Error::Sink(error.into()))?;
    Ok(Some(Arc::new(sink)))
}

/// Proxies are configured, so that a call takes the same way on every instance.
fn warn_of_proxy_variables(secrets: &Secrets) {
    for name in ["HTTPS_PROXY", "https_proxy"] {
        if secrets.fetch(&SecretRef::Env(name.to_owned())).is_ok() {
            tracing::warn!(
                "{name} is set and ignored: calls to Control-M go without a proxy, unless control_m.proxy names one"
            );
            return;
        }
    }
}

/// The sink of submits and the one of questions about their runs, with their targets.
pub(super) fn targeted(sink: Arc<ControlM>) -> [Targeted; 2] {
    let runs = Arc::new(sink.runs());
    [(Target::new(delivery::control_m::CONTROL_M), sink), (Target::new(delivery::control_m::CONTROL_M_RUNS), runs)]
}

/// Reads the credential again and replaces that of the sink; false if it is the same.
pub(in crate::app) fn reload(sink: &ControlM, settings: &config::ControlM, secrets: &Secrets) -> Result<bool> {
    sink.set_credential(&credential(settings, secrets)?).map_err(|error| Error::Sink(error.into()))
}

fn credential(settings: &config::ControlM, secrets: &Secrets) -> Result<Credential> {
    if let (Some(username), Some(password)) = (&settings.username, &settings.password) {
        let username = secrets.resolve("control_m.username", username)?;
        let password = secrets.resolve("control_m.password", password)?;
        return Ok(Credential::Login { username, password });
    }
    let key = settings.api_key.as_ref().map(|key| secrets.resolve(API_KEY, key)).transpose()?;
    Ok(Credential::ApiKey(key.unwrap_or_else(|| Secret::new(String::new()))))
}

/// The credential of a configuration's references.
#[derive(Debug)]
struct Source {
    settings: config::ControlM,
    secrets: Arc<Secrets>,
}

impl CredentialSource for Source {
    fn read(&self) -> std::result::Result<Credential, String> {
        credential(&self.settings, &self.secrets).map_err(|error| error.to_string())
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
