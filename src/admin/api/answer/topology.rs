//! A topology: the topics that each processor reads and writes.

use serde::Serialize;
use utoipa::ToSchema;

/// The sources and processors of an application.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Topology {
    /// The id of the application.
    #[schema(examples("ctm"))]
    pub application: String,
    /// The name of the topology.
    #[schema(examples("control-m"))]
    pub name: String,
    /// The topics that it reads.
    pub sources: Vec<Source>,
    /// Its processors.
    pub processors: Vec<Processor>,
    /// The topic of its alerts.
    #[schema(examples("ctm-alerts"))]
    pub alerts: String,
    /// The topic of its dead letters.
    #[schema(examples("ctm-dead-letters"))]
    pub dead_letters: String,
}

/// A topic that a topology reads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Source {
    /// The topic.
    #[schema(examples("ctm-parent-events"))]
    pub topic: String,
    /// The processor whose entries its records belong to.
    #[schema(examples("bundle"))]
    pub processor: String,
    /// Where the first start begins to read; absent: at the first record, unless the topic holds a long history.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start: Option<String>,
}

/// A processor with its topics.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Processor {
    /// Its name, part of the names of its topics and tasks.
    #[schema(examples("bundle"))]
    pub name: String,
    /// The topic of its inputs (Kafka Streams: repartition topic).
    #[schema(examples("ctm-bundle-inbox"))]
    pub inbox: String,
    /// The topic of its state.
    #[schema(examples("ctm-bundle-changelog"))]
    pub changelog: String,
    /// Its outputs.
    pub outputs: Vec<Output>,
    /// The kinds of its alerts.
    #[schema(examples(json!(["sla_breach"])))]
    pub alerts: Vec<String>,
    /// The sinks that it calls, if it has several.
    pub targets: Vec<String>,
    /// The topic in which each of its steps is recorded; absent: they are not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub history: Option<String>,
}

/// An output of a processor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Output {
    /// Its name.
    #[schema(examples("submissions"))]
    pub name: String,
    /// Its topic.
    #[schema(examples("ctm-submissions"))]
    pub topic: String,
    /// The owner of the topic.
    pub owner: OutputOwner,
}

/// The owner of an output's topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OutputOwner {
    /// The application, which creates it.
    Application,
    /// Somebody else: other applications use it too.
    Public,
}
