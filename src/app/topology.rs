//! A topology file with its templates, assembled into a topology.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::error::{Error, Result};
use super::template::{self, TemplateError};
use super::{notification, sink};
use crate::codec::text;
use crate::config::{Config, SinkKind};
use crate::processor::bundle::Role;
use crate::processor::delivery::Children;
use crate::processor::flow::{Definition, Definitions, parse_template};
use crate::template::{Finding, Severity, Template};
use crate::topology::spec::{Delivery, compile};
use crate::topology::{AssembleError, Spec, Topology, add_dead_letters};

/// A topology file with the templates of its deliveries.
#[derive(Clone, Debug)]
pub struct TopologyFile {
    /// The parsed file.
    pub spec: Spec,
    /// The templates, by path.
    templates: BTreeMap<PathBuf, Template>,
    /// The definitions of its flows.
    definitions: Definitions,
}

impl TopologyFile {
    /// Reads a topology file and its templates: `s3://BUCKET/KEY`, or paths relative to the working directory.
    pub fn read(path: &Path) -> Result<Self> {
        let bytes = std::fs::read(path).map_err(|error| Error::TopologyFile { path: path.to_owned(), error })?;
        let text = text::decode(&bytes).map_err(|error| Error::TopologyText { path: path.to_owned(), error })?;
        Self::parse(&path.display().to_string(), text, template::read)
    }

    /// Parses the text of a topology file; `name` is its name in errors, and `template` reads the template at a path.
    pub fn parse(
        name: &str,
        text: &str,
        template: impl Fn(&Path) -> std::result::Result<Template, TemplateError>,
    ) -> Result<Self> {
        Self::parse_with(name, text, template, |path| std::fs::read(path))
    }

    /// The same, where `staged` reads the staged template of flows at a path.
    pub fn parse_with(
        name: &str,
        text: &str,
        template: impl Fn(&Path) -> std::result::Result<Template, TemplateError>,
        staged: impl Fn(&Path) -> std::io::Result<Vec<u8>>,
    ) -> Result<Self> {
        let spec = Spec::parse(name, text)?;
        #[cfg(feature = "script")]
        let spec = with_script(spec, &staged)?;
        let mut templates = BTreeMap::new();
        for Delivery { kind, .. } in spec.deliveries() {
            let failed = |error| Error::Template { topology: name.to_owned(), key: kind.key(), error: Box::new(error) };
            templates.insert(kind.template().to_owned(), template(kind.template()).map_err(failed)?);
        }
        let definitions = match spec.flow() {
            Some(flow) if flow.templates.is_empty() => flow.definitions().with_compiler(compile),
            Some(flow) => definitions(&flow.templates, staged)?,
            None => Definitions::default(),
        };
        Ok(Self { spec, templates, definitions })
    }

    /// The definitions of its flows, by which flows begin.
    pub const fn definitions(&self) -> &Definitions {
        &self.definitions
    }

    /// The template of a delivery; `None` for a delivery of another file.
    pub fn template(&self, delivery: &Delivery) -> Option<&Template> {
        self.templates.get(delivery.kind.template())
    }

    /// Renders the templates of all deliveries with sample bundles. Returns what some bundles may fail of.
    ///
    /// # Errors
    /// [`Error::Samples`], with all mistakes, if bundles fail for certain.
    pub fn check(&self) -> Result<Vec<Finding>> {
        judge(self.templates().flat_map(|(path, template)| self.findings(path, template)))
    }

    /// The same for a new content of the template at this path.
    pub(super) fn check_template(&self, path: &Path, template: &Template) -> Result<Vec<Finding>> {
        judge(self.findings(path, template))
    }

    /// What is found in a template when all deliveries that use it render it with sample bundles.
    fn findings(&self, path: &Path, template: &Template) -> impl Iterator<Item = Finding> {
        let deliveries = self.spec.deliveries().filter(move |delivery| delivery.kind.template() == path);
        deliveries.flat_map(move |delivery| sink::check(delivery, template.clone(), self.children()))
    }

    /// The numbers of children of the bundles.
    fn children(&self) -> Children<'_> {
        let Some(bundle) = self.spec.bundle() else {
            return Children { usual: 1, varies: true, has_parent: true, names: &[] };
        };
        let varies = bundle.rules.sources.iter().any(|source| source.expects.is_some());
        let usual = usize::try_from(bundle.rules.children()).unwrap_or(usize::MAX);
        let has_parent = bundle.rules.sources.iter().any(|source| source.member == Role::Parent);
        Children { usual, varies, has_parent, names: &bundle.rules.members }
    }

    /// The templates, by path.
    pub(super) fn templates(&self) -> impl Iterator<Item = (&Path, &Template)> {
        self.templates.iter().map(|(path, template)| (&**path, template))
    }

    /// Assembles the topology for an application with this configuration, with the processors that tell people of alerts
    /// and keep dead letters.
    pub fn assemble(&self, config: &Config) -> Result<Topology> {
        for name in self.spec.sinks() {
            if !matches!(config.sinks.0.get(&name), Some(SinkKind::Webhook(_))) {
                return Err(AssembleError::no_webhook(&self.spec.name, &name).into());
            }
        }
        let processor = |delivery: &Delivery| sink::processor(config, delivery, self.template(delivery)?.clone());
        let mut topology = self.spec.assemble_with(&config.application_id, processor, &self.definitions)?;
        notification::add(config, &mut topology);
        add_dead_letters(&config.application_id, &mut topology);
        Ok(topology)
    }
}

/// Reads the script of a topology, and runs its module-level code.
#[cfg(feature = "script")]
fn with_script(mut spec: Spec, read: impl Fn(&Path) -> std::io::Result<Vec<u8>>) -> Result<Spec> {
    use crate::processor::script::{Script, Versions};
    if let Some(script) = spec.script_mut() {
        let path = script.file.clone();
        let bytes = read(&path).map_err(|error| Error::ScriptFile { path: path.clone(), error })?;
        let text = text::decode(&bytes).map_err(|error| Error::TopologyText { path: path.clone(), error })?;
        let read = Script::new(&path.display().to_string(), text).map_err(Error::Script)?;
        script.versions = Some(Versions::new(read));
    }
    Ok(spec)
}

/// Reads staged templates; two of one component are an error.
fn definitions(paths: &[PathBuf], read: impl Fn(&Path) -> std::io::Result<Vec<u8>>) -> Result<Definitions> {
    let mut definitions: Vec<(&PathBuf, Definition)> = Vec::new();
    for path in paths {
        let bytes = read(path).map_err(|error| Error::FlowTemplateFile { path: path.clone(), error })?;
        let text = text::decode(&bytes).map_err(|error| Error::TopologyText { path: path.clone(), error })?;
        let definition =
            parse_template(text).map_err(|mistakes| Error::FlowTemplate { path: path.clone(), mistakes })?;
        if let Some((first, _)) = definitions.iter().find(|(_, other)| other.name == definition.name) {
            let (first, second, name) = ((*first).clone(), path.clone(), definition.name.to_string());
            return Err(Error::SameComponent { name, first, second });
        }
        definitions.push((path, definition));
    }
    Ok(Definitions::new(definitions.into_iter().map(|(_, definition)| definition)).with_compiler(compile))
}

/// The warnings among findings.
///
/// # Errors
/// [`Error::Samples`], with all findings, if there are errors among them.
fn judge(findings: impl Iterator<Item = Finding>) -> Result<Vec<Finding>> {
    let (errors, warnings): (Vec<_>, Vec<_>) = findings.partition(|finding| finding.severity == Severity::Error);
    if errors.is_empty() { Ok(warnings) } else { Err(Error::Samples { findings: [errors, warnings].concat() }) }
}
