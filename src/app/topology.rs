//! A topology file with its templates, assembled into a topology.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::error::{Error, Result};
use super::sink;
use super::template::{self, TemplateError};
use crate::config::Config;
use crate::template::Template;
use crate::topology::spec::Delivery;
use crate::topology::{Spec, Topology};

/// A topology file with the templates of its deliveries.
#[derive(Clone, Debug)]
pub struct TopologyFile {
    /// The parsed file.
    pub spec: Spec,
    /// The templates, by path.
    templates: BTreeMap<PathBuf, Template>,
}

impl TopologyFile {
    /// Reads the topology file of a configuration.
    pub fn of(config: &Config) -> Result<Self> {
        match config.topologies.as_slice() {
            [path] => Self::read(path),
            paths => Err(Error::Topologies { count: paths.len() }),
        }
    }

    /// Reads a topology file and its templates: `s3://BUCKET/KEY`, or paths relative to the working directory.
    pub fn read(path: &Path) -> Result<Self> {
        let text =
            std::fs::read_to_string(path).map_err(|error| Error::TopologyFile { path: path.to_owned(), error })?;
        Self::parse(&path.display().to_string(), &text, template::read)
    }

    /// Parses the text of a topology file; `name` is its name in errors, and `template` reads the template at a path.
    pub fn parse(
        name: &str,
        text: &str,
        template: impl Fn(&Path) -> std::result::Result<Template, TemplateError>,
    ) -> Result<Self> {
        let spec = Spec::parse(name, text)?;
        let mut templates = BTreeMap::new();
        for Delivery { kind, .. } in spec.deliveries() {
            let failed = |error| Error::Template { topology: name.to_owned(), key: kind.key(), error: Box::new(error) };
            templates.insert(kind.template().to_owned(), template(kind.template()).map_err(failed)?);
        }
        Ok(Self { spec, templates })
    }

    /// The template of a delivery; `None` for a delivery of another file.
    pub fn template(&self, delivery: &Delivery) -> Option<&Template> {
        self.templates.get(delivery.kind.template())
    }

    /// The templates, by path.
    pub(super) fn templates(&self) -> impl Iterator<Item = (&Path, &Template)> {
        self.templates.iter().map(|(path, template)| (&**path, template))
    }

    /// Assembles the topology for an application with this configuration.
    pub fn assemble(&self, config: &Config) -> Result<Topology> {
        let processor = |delivery: &Delivery| sink::processor(config, delivery, self.template(delivery)?.clone());
        Ok(self.spec.assemble(&config.application_id, processor)?)
    }
}
