//! A topology file with its templates, and the topology that they describe.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::error::{Error, Result};
use super::sink;
use super::template::{self, TemplateError};
use crate::config::Config;
use crate::template::Template;
use crate::topology::spec::Delivery;
use crate::topology::{Spec, Topology};

/// A topology file with the templates that its deliveries name.
#[derive(Clone, Debug)]
pub struct TopologyFile {
    /// The file.
    pub spec: Spec,
    /// The templates, by the paths that the file names.
    templates: BTreeMap<PathBuf, Template>,
}

impl TopologyFile {
    /// The only topology file of a configuration.
    pub fn of(config: &Config) -> Result<Self> {
        match config.topologies.as_slice() {
            [path] => Self::read(path),
            paths => Err(Error::Topologies { count: paths.len() }),
        }
    }

    /// Reads a topology file, and the templates that it names: `s3://BUCKET/KEY`, or paths relative to the working directory.
    pub fn read(path: &Path) -> Result<Self> {
        let text =
            std::fs::read_to_string(path).map_err(|error| Error::TopologyFile { path: path.to_owned(), error })?;
        Self::parse(&path.display().to_string(), &text, template::read)
    }

    /// Reads the text of a topology file; `name` is what errors call it, and `template` gives the template of a path.
    pub fn parse(
        name: &str,
        text: &str,
        template: impl Fn(&Path) -> std::result::Result<Template, TemplateError>,
    ) -> Result<Self> {
        let spec = Spec::parse(name, text)?;
        let mut templates = BTreeMap::new();
        for Delivery { kind, .. } in spec.deliveries() {
            let wrong = |error| Error::Template { topology: name.to_owned(), key: kind.key(), error: Box::new(error) };
            templates.insert(kind.template().to_owned(), template(kind.template()).map_err(wrong)?);
        }
        Ok(Self { spec, templates })
    }

    /// The template of a delivery of this file; `None` for one of another file.
    pub fn template(&self, delivery: &Delivery) -> Option<&Template> {
        self.templates.get(delivery.kind.template())
    }

    /// The topology, as an application with this configuration runs it.
    pub fn assemble(&self, config: &Config) -> Result<Topology> {
        let processor = |delivery: &Delivery| sink::processor(config, delivery, self.template(delivery)?.clone());
        Ok(self.spec.assemble(&config.application_id, processor)?)
    }
}
