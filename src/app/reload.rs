//! Reloads the templates and secrets of a running instance.

use std::path::Path;
use std::sync::Arc;

use super::error::Result;
use super::sink::control_m;
use super::template::TemplateReader;
use super::template_watch::{Files, TemplateWatch, Templates};
use super::{ApplicationSpec, Resources, Secrets};
use crate::config::{Config, Reference};
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
}

impl Reloader {
    /// For the topology files and the resources of the running applications.
    pub fn new(specs: &[ApplicationSpec], resources: &Resources) -> Self {
        let files = specs.iter().map(|spec| (spec.path.clone(), spec.file.clone())).collect();
        let (secrets, control_m) = (resources.secrets.clone(), resources.control_m.clone());
        Self { files, secrets, control_m, watch: TemplateWatch::default() }
    }

    /// The same, which reads templates with this reader.
    #[must_use]
    pub fn reading(self, reader: TemplateReader) -> Self {
        Self { watch: TemplateWatch::new(reader), ..self }
    }

    /// Reads templates again; one that cannot be read or compiled is refused, and the former one stays. Returns the names
    /// of those that have changed. Submissions that are prepared from now on use them; the text of an intent stays.
    pub fn templates(&mut self, which: Templates) -> Vec<String> {
        self.watch.look(&self.files, which)
    }

    /// Reads the secrets of this configuration again; the settings whose secrets have changed.
    pub fn secrets(&self, config: &Config) -> Result<Vec<&'static str>> {
        let (Some(sink), Some(settings)) = (&self.control_m, &config.control_m) else { return Ok(Vec::new()) };
        let changed = control_m::reload(sink, settings, &self.secrets)?;
        Ok(if changed { vec![control_m::API_KEY] } else { Vec::new() })
    }

    /// True if the topology file at this path is not the running one, apart from the content of templates.
    pub fn topology_differs(&self, path: &Path) -> bool {
        let text = std::fs::read_to_string(path);
        let spec = text.map(|text| Spec::parse(&path.display().to_string(), &text));
        !matches!((spec, self.files.get(path)), (Ok(Ok(spec)), Some(file)) if spec == file.spec)
    }
}

/// The settings whose secrets are read at the start only: those of the Kafka client and of the sinks of messages.
pub fn secrets_of_the_start(config: &Config) -> Vec<String> {
    let is_secret = |reference: &Reference| matches!(SecretRef::parse(reference.as_str()), Ok(Some(_)));
    let properties = config.kafka.properties.iter().filter(|(_, value)| is_secret(value));
    let properties = properties.map(|(name, _)| format!("kafka.properties.{name}"));
    let sinks = config.sinks.references().into_iter().filter(|(_, reference)| is_secret(reference));
    properties.chain(sinks.map(|(path, _)| path)).collect()
}
