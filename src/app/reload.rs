//! Reloads the templates and secrets of a running instance.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::error::Result;
use super::sink::control_m;
use super::{ApplicationSpec, Resources, Secrets, TopologyFile, template};
use crate::config::{Config, Reference};
use crate::secret::SecretRef;
use crate::sink::control_m::ControlM;
use crate::template::Template;
use crate::topology::Spec;

/// What a running instance can take over without a restart. Errors are logged here: the instance goes on with what it has.
#[derive(Debug)]
pub struct Reloader {
    /// The topology file of each application, by its path.
    files: BTreeMap<PathBuf, TopologyFile>,
    secrets: Arc<Secrets>,
    control_m: Option<Arc<ControlM>>,
    /// The templates that were refused, by topology file and path, with the reason, so that a poll logs it once.
    refused: BTreeMap<(PathBuf, PathBuf), String>,
}

/// The templates that are read again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Templates {
    /// Those in local files: a poll.
    Local,
    /// Those in S3, too, and a refused one is logged again: an operator's request.
    All,
}

impl Reloader {
    /// For the topology files and the resources of the running applications.
    pub fn new(specs: &[ApplicationSpec], resources: &Resources) -> Self {
        let files = specs.iter().map(|spec| (spec.path.clone(), spec.file.clone())).collect();
        let (secrets, control_m) = (resources.secrets.clone(), resources.control_m.clone());
        Self { files, secrets, control_m, refused: BTreeMap::new() }
    }

    /// Reads templates again; one that cannot be read or compiled is refused, and the former one stays. Returns the names
    /// of those that have changed. Submissions that are prepared from now on use them; the text of an intent stays.
    pub fn templates(&mut self, which: Templates) -> Vec<String> {
        if which == Templates::All {
            self.refused.clear();
        }
        let mut changed = Vec::new();
        for (file, path, current) in self.files.iter().flat_map(templates) {
            let name = (file.0.clone(), path.to_owned());
            if which == Templates::Local && template::is_remote(path) {
                continue;
            }
            match read(file.1, path, current) {
                Ok(read) => {
                    self.refused.remove(&name);
                    let former = current.revision();
                    if current.replace(&read) {
                        let (template, revision) = (current.name(), current.revision());
                        tracing::info!(template, revision, former, "template changed: new submissions use it");
                        changed.push(template.to_owned());
                    }
                }
                Err(error) => {
                    let reason = error.to_string();
                    if self.refused.get(&name) != Some(&reason) {
                        let revision = current.revision();
                        tracing::error!(
                            template = %path.display(), revision, error = %reason,
                            "the template is refused and the former revision stays in use: mend it, and check it with \
                             `sheaf validate`"
                        );
                        self.refused.insert(name, reason);
                    }
                }
            }
        }
        changed
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

/// A topology file with its path.
type Named<'a> = (&'a PathBuf, &'a TopologyFile);

/// The templates of a file, with their paths.
fn templates(file: Named<'_>) -> impl Iterator<Item = (Named<'_>, &Path, &Template)> {
    file.1.templates().map(move |(path, template)| (file, path, template))
}

/// Reads the template at a path, and checks it if it is not the current one.
fn read(
    file: &TopologyFile,
    path: &Path,
    current: &Template,
) -> std::result::Result<Template, Box<dyn std::error::Error>> {
    let read = template::read(path)?;
    if read.revision() == current.revision() {
        return Ok(read);
    }
    let warnings = file.check_template(path, &read)?.len();
    if warnings > 0 {
        tracing::info!(
            template = read.name(),
            warnings,
            "some bundles may fail with the template: `sheaf validate` tells which"
        );
    }
    Ok(read)
}

/// The settings whose secrets are read at the start only: those of the Kafka client.
pub fn secrets_of_the_start(config: &Config) -> Vec<String> {
    let is_secret = |reference: &Reference| matches!(SecretRef::parse(reference.as_str()), Ok(Some(_)));
    let properties = config.kafka.properties.iter().filter(|(_, value)| is_secret(value));
    properties.map(|(name, _)| format!("kafka.properties.{name}")).collect()
}
