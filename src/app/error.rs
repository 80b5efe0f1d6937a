//! The errors of turning a configuration into an application.

use std::path::PathBuf;

use super::feature::NotBuilt;
use super::template::{S3, TemplateError};
use crate::codec::text;
use crate::codec::yaml::Problems;
use crate::model::Topic;
use crate::processor::flow::TemplateMistakes;
use crate::secret::SecretRef;
use crate::template::{Finding, Severity};
use crate::topology::AssembleError;
use crate::{blob, broker, metric, secret, store};

/// A result of this module.
pub(super) type Result<T> = std::result::Result<T, Error>;

/// An error of turning a configuration into an application.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The configuration names no topology file.
    #[error("topologies: no file is named; name at least one")]
    NoTopology,
    /// Two topology files have the same name.
    #[error(
        "topologies: {} and {} are both named `{name}`: give each its own `name`, by which its application is found",
        first.display(),
        second.display()
    )]
    SameTopology {
        /// The name.
        name: String,
        /// The file that comes first.
        first: PathBuf,
        /// The other file.
        second: PathBuf,
    },
    /// Two topology files are the same application.
    #[error(
        "topologies: {} and {} are both the application {id}, so that they would share consumer group, topics and state: give \
         each its own `application_id`",
        first.display(),
        second.display()
    )]
    SameApplication {
        /// The application id.
        id: String,
        /// The file that comes first.
        first: PathBuf,
        /// The other file.
        second: PathBuf,
    },
    /// The id of an application is too long to be part of topics' names.
    #[error(
        "{}: its application would be {id}, which has more than {most} characters: write a shorter `application_id` to the file",
        path.display()
    )]
    LongApplication {
        /// The topology file.
        path: PathBuf,
        /// The application id.
        id: String,
        /// The most characters.
        most: usize,
    },
    /// An application would use a topic that another one owns.
    #[error(
        "topologies: the applications {first} and {second} would both use the topic {topic}, which only one of them may (Kafka \
         takes names that differ in `.` and `_` only for the same): choose another `application_id`, or another topic"
    )]
    SharedTopic {
        /// The topic.
        topic: String,
        /// The application that comes first.
        first: String,
        /// The other application.
        second: String,
    },
    /// The cluster has the topics of an application that is none of the topologies any more.
    #[error(
        "topologies: the topic {topic} is of the application {id}, which is none of the topologies: the id of a topology is another \
         one with several of them, and its state and offsets would be left behind. Write `application_id: {id}` to the file that has run \
         under it, so that it goes on where it was; or choose another `application_id` in the configuration; or delete the topics \
         {id}-*"
    )]
    FormerApplication {
        /// Its topic.
        topic: Topic,
        /// The application id.
        id: String,
    },
    /// The state directory has the state of an application that is none of the topologies any more.
    #[error(
        "state_dir: {} is the state of the application {id}, which is none of the topologies: the id of a topology is another one \
         with several of them. Write `application_id: {id}` to the file that has run under it, so that it goes on where it was; or remove \
         the directory",
        path.display()
    )]
    OrphanedState {
        /// The directory.
        path: PathBuf,
        /// The application id.
        id: String,
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
    /// A script cannot be read.
    #[error("{} cannot be read: {error} (correct `script.file` in the topology)", path.display())]
    ScriptFile {
        /// The path of the script.
        path: PathBuf,
        /// The error of the operating system.
        error: std::io::Error,
    },
    /// A script has mistakes, or fails when it is loaded.
    #[error("{0}")]
    Script(String),
    /// A staged template cannot be read.
    #[error("{} cannot be read: {error} (correct `flow.templates` in the topology)", path.display())]
    FlowTemplateFile {
        /// The path of the template.
        path: PathBuf,
        /// The error of the operating system.
        error: std::io::Error,
    },
    /// A staged template has mistakes.
    #[error("{} has mistakes:\n{mistakes}", path.display())]
    FlowTemplate {
        /// The path of the template.
        path: PathBuf,
        /// The mistakes.
        mistakes: TemplateMistakes,
    },
    /// Two staged templates are of one component.
    #[error(
        "{} and {} are both templates of the component `{name}`, by which `StartWorkflow` finds one: give each its own \
         `component_name`",
        first.display(),
        second.display()
    )]
    SameComponent {
        /// The component.
        name: String,
        /// The template that comes first.
        first: PathBuf,
        /// The other template.
        second: PathBuf,
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
    /// A token of the HTTP server can be guessed.
    #[error(
        "{setting}: the token of {name} has fewer than {least} characters: take a longer one, such as that of `openssl rand -hex 32`"
    )]
    ShortToken {
        /// The setting's path.
        setting: String,
        /// The token's name.
        name: String,
        /// The least characters.
        least: usize,
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
    /// Spans cannot be exported with the section `otlp`.
    #[error("{0}")]
    Otlp(String),
    /// The metrics cannot be registered.
    #[error("metrics: {0}")]
    Metrics(metric::Error),
}

impl Error {
    /// True if AWS has not given a template or a secret now, and may do so later: it is away, or does not let this identity yet. A file that
    /// cannot be read needs a person.
    pub fn is_temporary(&self) -> bool {
        if let Self::Secret { error: secret::Error::Unavailable { reference, .. }, .. } = self {
            return matches!(reference, SecretRef::AwsSecretsManager { .. });
        }
        let Self::Template { error, .. } = self else { return false };
        matches!(&**error, TemplateError::Blob(blob::Error::Unavailable { location, .. }) if location.starts_with(S3))
    }
}

/// One finding on each line.
fn lines(findings: &[Finding]) -> String {
    let lines = findings.iter().map(|finding| match finding.severity {
        Severity::Error => format!("error: {finding}"),
        Severity::Warning => format!("warning: {finding}"),
    });
    lines.collect::<Vec<_>>().join("\n")
}
