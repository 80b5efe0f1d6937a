//! Why a configuration cannot be turned into an application.

use std::path::PathBuf;

use super::template::TemplateError;
use crate::codec::yaml::Problems;
use crate::topology::AssembleError;
use crate::{broker, metric, secret, store};

/// What the functions of this module return.
pub(super) type Result<T> = std::result::Result<T, Error>;

/// Why a configuration cannot be turned into an application.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The configuration names no topology file, or more than one.
    #[error("topologies: {count} files are named; an application runs one topology: give each its own application_id")]
    Topologies {
        /// How many files are named.
        count: usize,
    },
    /// A topology file cannot be read.
    #[error("{} cannot be read: {error} (set topologies to the path of the file)", path.display())]
    TopologyFile {
        /// The file.
        path: PathBuf,
        /// The system's words.
        error: std::io::Error,
    },
    /// A topology file has mistakes.
    #[error(transparent)]
    Topology(#[from] Problems),
    /// A template that a topology file names cannot be used.
    #[error("{topology}: deliver.{key}.template: {error}")]
    Template {
        /// The topology file.
        topology: String,
        /// The key of the delivery.
        key: &'static str,
        /// Why not.
        error: Box<TemplateError>,
    },
    /// A topology cannot be run.
    #[error(transparent)]
    Assemble(#[from] AssembleError),
    /// A setting refers to a secret that there is not.
    #[error("{setting}: {error}")]
    Secret {
        /// The setting.
        setting: String,
        /// Why not.
        error: secret::Error,
    },
    /// A property of the Kafka client that sheaf reads has no value of its kind.
    #[error("kafka.properties.{name}: `{value}` is not {expected}")]
    Property {
        /// The property.
        name: String,
        /// Its value.
        value: String,
        /// What it may be.
        expected: String,
    },
    /// The Kafka client does not take its settings.
    #[error("kafka.properties: {0}")]
    Broker(broker::Error),
    /// A sink cannot be set up.
    #[error(transparent)]
    Sink(Box<dyn std::error::Error + Send + Sync>),
    /// The state directory cannot be used.
    #[error("state_dir: {0}")]
    Stores(store::Error),
    /// The metrics cannot be set up.
    #[error("metrics: {0}")]
    Metrics(metric::Error),
}
