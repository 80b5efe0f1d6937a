//! A flow as an outline of indented lines.

use super::label;
use crate::processor::flow::{Definition, Graph, Kind, ScopeId, StepId};

/// The outline of a definition.
pub(super) fn draw(definition: &Definition) -> String {
    let mut lines = vec![format!("flow {}, begun by {}", definition.name, definition.start), String::new()];
    scope(definition, Graph::ROOT, 1, &mut lines);
    lines.push(String::new());
    lines.join("\n")
}

fn scope(definition: &Definition, id: ScopeId, depth: usize, lines: &mut Vec<String>) {
    for step in &definition.graph.scope(id).steps {
        self::step(definition, *step, depth, lines);
    }
}

fn step(definition: &Definition, id: StepId, depth: usize, lines: &mut Vec<String>) {
    let graph = &definition.graph;
    let step = graph.step(id);
    let needs: Vec<&str> = step.needs.iter().map(|need| &*graph.step(*need).name).collect();
    let after = (!needs.is_empty()).then(|| format!("after {}", needs.join(", ")));
    let details: Vec<String> = label::details(definition, id).into_iter().chain(after).collect();
    let colon = if details.is_empty() { "" } else { ": " };
    let indent = "  ".repeat(depth);
    lines.push(format!("{indent}{}{colon}{}", step.name, details.join("; ")));
    if let Kind::Scope(inner) = step.kind {
        scope(definition, inner, depth + 1, lines);
    }
    for inner in step.handlers.iter().map(|(_, scope)| *scope).chain(step.undo) {
        lines.push(format!("{indent}  {}", label::lane(graph, inner)));
        scope(definition, inner, depth + 2, lines);
    }
}
