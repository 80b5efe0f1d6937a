//! Reloads the templates, the secrets, and the tokens and the certificate of the HTTP server of a running instance.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::error::Result;
use super::http_reload::HttpReload;
use super::sink::control_m;
use super::template::TemplateReader;
use super::template_watch::{Files, TemplateWatch, Templates};
use super::{ApplicationSpec, Resources, Secrets};
use crate::admin::ServerReload;
use crate::config::{Config, Reference};
use crate::metric::Metrics;
use crate::model::{Clock as _, Timestamp};
use crate::runtime::SystemClock;
use crate::secret::SecretRef;
use crate::sink::control_m::ControlM;
use crate::topology::Spec;

/// What a running instance can take over without a restart. Errors are logged here: the instance goes on with what it has.
#[derive(Debug)]
pub struct Reloader {
    /// The topology file of each application, by its path.
    files: Files,
    secrets: Arc<Secrets>,
    control_m: Option<Arc<ControlM>>,
    watch: TemplateWatch,
    http: Option<HttpReload>,
    next: Next,
    metrics: Option<Arc<Metrics>>,
}

/// The times of the next polls that are rarer than others, as durations since the start.
#[derive(Debug)]
struct Next {
    remote: Duration,
    secrets: Option<Duration>,
}

/// The interval of looks at the templates in S3.
const REMOTE_INTERVAL: Duration = Duration::from_mins(1);

impl Reloader {
    /// For the topology files and the resources of the running applications.
    pub fn new(specs: &[ApplicationSpec], resources: &Resources) -> Self {
        let files = specs.iter().map(|spec| (spec.path.clone(), spec.file.clone())).collect();
        let (secrets, control_m) = (resources.secrets.clone(), resources.control_m.clone());
        Self {
            files,
            secrets,
            control_m,
            watch: TemplateWatch::default(),
            http: None,
            next: Next { remote: REMOTE_INTERVAL, secrets: None },
            metrics: None,
        }
    }

    /// The same, which counts in these metrics what it reads.
    #[must_use]
    pub fn measured_by(self, metrics: &Arc<Metrics>) -> Self {
        metrics.reload.started(self.control_m.is_some(), SystemClock.now());
        Self { metrics: Some(Arc::clone(metrics)), ..self }
    }

    /// The same, which reads templates with this reader.
    #[must_use]
    pub fn reading(self, reader: TemplateReader) -> Self {
        Self { watch: TemplateWatch::new(reader), ..self }
    }

    /// The same, which also hands new tokens and certificates to this server, started with this configuration.
    #[must_use]
    pub fn serving(self, server: ServerReload, config: &Config) -> Self {
        Self { http: Some(HttpReload::new(server, config)), ..self }
    }

    /// Looks for changes, `now` after the start: at the templates in local files and the files of the HTTP server each time, at those in S3 each minute, and at the
    /// credential of Control-M when it is as old as `control_m.credential_ttl`.
    pub fn poll(&mut self, config: &Config, now: Duration) {
        let is_remote = now >= self.next.remote;
        if is_remote {
            self.next.remote = now.saturating_add(REMOTE_INTERVAL);
        }
        self.templates(if is_remote { Templates::Changed } else { Templates::Local });
        if let Some(http) = &mut self.http {
            http.poll(config, &self.secrets);
        }
        let Some(control_m) = &config.control_m else { return };
        let due = *self.next.secrets.get_or_insert(control_m.credential_ttl);
        if now < due {
            return;
        }
        self.next.secrets = Some(now.saturating_add(control_m.credential_ttl));
        match self.control_m(config) {
            Ok(changed) if changed.is_empty() => {}
            Ok(changed) => tracing::info!(?changed, "secrets have changed at their source: new calls use them"),
            Err(error) => tracing::warn!(%error, "secrets cannot be read again, and the former ones stay in use"),
        }
    }

    /// Reads templates again; one that cannot be read or compiled is refused, and the former one stays. Returns the names
    /// of those that have changed. Submissions that are prepared from now on use them; the text of an intent stays.
    pub fn templates(&mut self, which: Templates) -> Vec<String> {
        let changed = self.watch.look(&self.files, which);
        self.measure(|metrics, now| metrics.reload.templates(self.watch.failed(), now));
        changed
    }

    /// Counts a reload that an operator has asked for.
    pub fn reloaded(&self, is_ok: bool) {
        let is_ok = is_ok && self.watch.failed() == 0;
        self.measure(|metrics, now| metrics.reload.reloaded(is_ok, now));
    }

    fn measure(&self, measure: impl FnOnce(&Metrics, Timestamp)) {
        if let Some(metrics) = &self.metrics {
            measure(metrics, SystemClock.now());
        }
    }

    /// Reads the secrets of this configuration again, and the certificate of the HTTP server; the settings that have changed.
    pub fn secrets(&mut self, config: &Config) -> Result<Vec<&'static str>> {
        let mut changed = self.control_m(config)?;
        if let Some(http) = &mut self.http {
            changed.extend(http.reload(config, &self.secrets));
        }
        Ok(changed)
    }

    fn control_m(&self, config: &Config) -> Result<Vec<&'static str>> {
        let (Some(sink), Some(settings)) = (&self.control_m, &config.control_m) else { return Ok(Vec::new()) };
        let changed = control_m::reload(sink, settings, &self.secrets);
        self.measure(|metrics, now| metrics.reload.secrets(changed.is_ok(), now));
        let changed = changed?;
        Ok(if changed { vec![control_m::API_KEY] } else { Vec::new() })
    }

    /// True if the topology file at this path is not the running one, apart from the content of templates.
    pub fn topology_differs(&self, path: &Path) -> bool {
        let text = std::fs::read_to_string(path);
        let spec = text.map(|text| Spec::parse(&path.display().to_string(), &text));
        !matches!((spec, self.files.get(path)), (Ok(Ok(spec)), Some(file)) if spec == file.spec)
    }
}

/// The settings whose secrets are read at the start only: those of the Kafka client, of the sinks of messages and of the exporter of spans.
pub fn secrets_of_the_start(config: &Config) -> Vec<String> {
    let is_secret = |reference: &Reference| matches!(SecretRef::parse(reference.as_str()), Ok(Some(_)));
    let properties = config.kafka.properties.iter().filter(|(_, value)| is_secret(value));
    let properties = properties.map(|(name, _)| format!("kafka.properties.{name}"));
    let sinks = config.sinks.references().into_iter().chain(config.otlp.references());
    let sinks = sinks.filter(|(_, reference)| is_secret(reference));
    properties.chain(sinks.map(|(path, _)| path)).collect()
}
