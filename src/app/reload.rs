//! Reloads the templates and secrets of a running instance.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::error::Result;
use super::sink::control_m;
use super::template::{self, TemplateError, TemplateReader};
use super::{Resources, Secrets, TopologyFile};
use crate::blob;
use crate::config::{Config, Reference};
use crate::model::ErrorClass;
use crate::secret::SecretRef;
use crate::sink::control_m::ControlM;
use crate::template::Template;
use crate::topology::Spec;

/// What a running instance can take over without a restart. Errors are logged here: the instance goes on with what it has.
#[derive(Debug)]
pub struct Reloader {
    file: TopologyFile,
    secrets: Arc<Secrets>,
    control_m: Option<Arc<ControlM>>,
    reader: TemplateReader,
    /// The templates that cannot be used, with the reason, so that a poll logs it once.
    refused: BTreeMap<PathBuf, String>,
}

/// The templates that are read again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Templates {
    /// Those in local files that have changed: a poll.
    Local,
    /// Those in S3 that have changed, too: a rarer poll.
    Changed,
    /// All, and a refused one is logged again: an operator's request.
    All,
}

/// The reason of a source that cannot be reached, which says something else each time.
const UNREACHABLE: &str = "unreachable";

impl Reloader {
    /// For the topology file and the resources of a running instance.
    pub fn new(file: TopologyFile, resources: &Resources) -> Self {
        let (secrets, control_m) = (resources.secrets.clone(), resources.control_m.clone());
        Self { file, secrets, control_m, reader: TemplateReader::default(), refused: BTreeMap::new() }
    }

    /// The same, which reads templates with this reader.
    #[must_use]
    pub fn reading(self, reader: TemplateReader) -> Self {
        Self { reader, ..self }
    }

    /// Reads templates again; one that cannot be read or compiled is refused, and the former one stays. Returns the names
    /// of those that have changed. Submissions that are prepared from now on use them; the text of an intent stays.
    pub fn templates(&mut self, which: Templates) -> Vec<String> {
        if which == Templates::All {
            self.refused.clear();
            self.reader.forget();
        }
        let mut changed = Vec::new();
        let templates: Vec<(PathBuf, Template)> =
            self.file.templates().map(|(path, template)| (path.to_owned(), template.clone())).collect();
        for (path, current) in templates {
            if which == Templates::Local && template::is_remote(&path) {
                continue;
            }
            match self.reader.read(&path) {
                Ok(None) => self.reachable(&path),
                Ok(Some(read)) => match self.check(&path, &read, &current) {
                    Ok(()) => {
                        self.refused.remove(&path);
                        let former = current.revision();
                        if current.replace(&read) {
                            let (template, revision) = (current.name(), current.revision());
                            tracing::info!(template, revision, former, "template changed: new submissions use it");
                            changed.push(template.to_owned());
                        }
                    }
                    Err(error) => self.refuse(&path, &current, &error.to_string()),
                },
                Err(TemplateError::Blob(error)) if error.class() == ErrorClass::Retry => {
                    self.unreachable(&path, &current, &error);
                }
                Err(error) => self.refuse(&path, &current, &error.to_string()),
            }
        }
        changed
    }

    /// Logs a template that is refused, once.
    fn refuse(&mut self, path: &Path, current: &Template, reason: &str) {
        if self.refused.insert(path.to_owned(), reason.to_owned()).as_deref() != Some(reason) {
            tracing::error!(
                template = %path.display(), revision = current.revision(), error = reason,
                "the template is refused and the former revision stays in use: mend it, and check it with `sheaf validate`"
            );
        }
    }

    /// Logs a template whose source cannot be reached, once.
    fn unreachable(&mut self, path: &Path, current: &Template, error: &blob::Error) {
        if self.refused.insert(path.to_owned(), UNREACHABLE.to_owned()).as_deref() != Some(UNREACHABLE) {
            tracing::warn!(
                template = %path.display(), revision = current.revision(), %error,
                "the template cannot be read and the last revision that was read stays in use"
            );
        }
    }

    /// Logs a template whose source can be reached again, and which is the one that was read last.
    fn reachable(&mut self, path: &Path) {
        if self.refused.get(path).is_some_and(|reason| reason == UNREACHABLE) {
            self.refused.remove(path);
            tracing::info!(template = %path.display(), "the template can be read again and is unchanged");
        }
    }

    /// Checks a template that was read if it is not the current one.
    fn check(&self, path: &Path, read: &Template, current: &Template) -> Result<()> {
        if read.revision() == current.revision() {
            return Ok(());
        }
        let warnings = self.file.check_template(path, read)?.len();
        if warnings > 0 {
            tracing::info!(
                template = read.name(),
                warnings,
                "some bundles may fail with the template: `sheaf validate` tells which"
            );
        }
        Ok(())
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
        !matches!(spec, Ok(Ok(spec)) if spec == self.file.spec)
    }
}

/// The settings whose secrets are read at the start only: those of the Kafka client.
pub fn secrets_of_the_start(config: &Config) -> Vec<String> {
    let is_secret = |reference: &Reference| matches!(SecretRef::parse(reference.as_str()), Ok(Some(_)));
    let properties = config.kafka.properties.iter().filter(|(_, value)| is_secret(value));
    properties.map(|(name, _)| format!("kafka.properties.{name}")).collect()
}
