//! The errors of turning a configuration into an application.

use std::path::PathBuf;

use super::feature::NotBuilt;
use super::template::TemplateError;
use crate::codec::text;
use crate::codec::yaml::Problems;
use crate::template::{Finding, Severity};
use crate::topology::AssembleError;
use crate::{broker, metric, secret, store};

/// A result of this module.
pub(super) type Result<T> = std::result::Result<T, Error>;

/// An error of turning a configuration into an application.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The configuration names no topology file, or more than one.
    #[error("topologies: {count} files are named; name one: each topology runs with its own application_id")]
    Topologies {
        /// The number of files.
        count: usize,
    },
    /// A topology file cannot be read.
    #[error("{} cannot be read: {error} (set topologies to the path of the file)", path.display())]
    TopologyFile {
        /// The path of the file.
        path: PathBuf,
        /// The error of the operating system.
        error: std::io::Error,
    },
    /// A topology file is not UTF-8.
    #[error("{}: {error}", path.display())]
    TopologyText {
        /// The path of the file.
        path: PathBuf,
        /// The error.
        error: text::Error,
    },
    /// A topology file has mistakes.
    #[error(transparent)]
    Topology(#[from] Problems),
    /// A template of a delivery cannot be read or compiled.
    #[error("{topology}: deliver.{key}.template: {error}")]
    Template {
        /// The name of the topology file.
        topology: String,
        /// The key of the delivery, such as `control_m`.
        key: &'static str,
        /// The error of the template.
        error: Box<TemplateError>,
    },
    /// The templates of deliveries have mistakes.
    #[error("{}", lines(findings))]
    Samples {
        /// The mistakes, and what else was found.
        findings: Vec<Finding>,
    },
    /// A topology cannot be assembled.
    #[error(transparent)]
    Assemble(#[from] AssembleError),
    /// The secret of a setting cannot be read.
    #[error("{setting}: {error}")]
    Secret {
        /// The setting's path.
        setting: String,
        /// The error of the secret's source.
        error: secret::Error,
    },
    /// The value of a property of the Kafka client is invalid.
    #[error("kafka.properties.{name}: `{value}` is not {expected}")]
    Property {
        /// The property's name.
        name: String,
        /// Its value.
        value: String,
        /// The valid values.
        expected: String,
    },
    /// The Kafka client rejects its settings.
    #[error("kafka.properties: {0}")]
    Broker(broker::Error),
    /// The certificates of a server cannot be read.
    #[error("{setting}: {} cannot be read: {error}", path.display())]
    CaBundle {
        /// The setting's path.
        setting: String,
        /// The path of the file.
        path: PathBuf,
        /// The error of the operating system.
        error: std::io::Error,
    },
    /// A sink cannot be created.
    #[error(transparent)]
    Sink(Box<dyn std::error::Error + Send + Sync>),
    /// The state directory cannot be opened.
    #[error("state_dir: {0}")]
    Stores(store::Error),
    /// The build lacks a part that the configuration needs.
    #[error(transparent)]
    NotBuilt(#[from] NotBuilt),
    /// The metrics cannot be registered.
    #[error("metrics: {0}")]
    Metrics(metric::Error),
}

/// One finding on each line.
fn lines(findings: &[Finding]) -> String {
    let lines = findings.iter().map(|finding| match finding.severity {
        Severity::Error => format!("error: {finding}"),
        Severity::Warning => format!("warning: {finding}"),
    });
    lines.collect::<Vec<_>>().join("\n")
}
