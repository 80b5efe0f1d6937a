//! A definition of flows.

use serde::Serialize;
use utoipa::ToSchema;

use crate::processor::flow::Definition;

/// A definition by which flows begin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct FlowDefinition {
    /// The id of the application.
    #[schema(examples("orders"))]
    pub application: String,
    /// Its name: the `component_name` of a staged template, the name of a topology.
    #[schema(examples("NOODLES"))]
    pub name: String,
    /// The hash of its text. Statuses of flows at a step have its first eight characters.
    #[schema(examples("5840ee6f0c3a5f0d8d5b6f1f6f0e2a11"))]
    pub definition: String,
    /// The type of the message that begins a flow.
    #[schema(examples("StartWorkflow"))]
    pub start: String,
    /// The number of its steps, with stages and the steps of handlers.
    #[schema(minimum = 0)]
    pub steps: usize,
}

impl FlowDefinition {
    /// The definition of an application.
    pub fn of(application: &str, definition: &Definition) -> Self {
        Self {
            application: application.to_owned(),
            name: definition.name.to_string(),
            definition: definition.digest.to_string(),
            start: definition.start.to_string(),
            steps: definition.graph.len(),
        }
    }
}
