//! Pictures of flows: as SVG, as BPMN 2.0 XML with its diagram, as Mermaid, and as text.
//!
//! A definition is structured: steps that need others, stages in it, and handlers at its steps. So its picture is boxes in boxes,
//! and is laid out without searching: a step stands in the column behind the last step that it needs, its handlers and its undo
//! below it.
//!
//! ```text
//!  Definition ──Layout::new──▶ shapes, lines ──▶ svg, bpmn
//!             └──────────────────────────────▶ mermaid, text
//! ```
//!
//! | file | what it is |
//! |---|---|
//! | `element` | the shapes and lines of a picture |
//! | `label` | what it says about a step |
//! | `style` | its measures |
//! | `grid` | the columns and rows of a scope |
//! | `block` | a part of a picture, and a step as one |
//! | `track` | a scope as a block: columns and the lines between them |
//! | `layout` | a step with its lanes; the whole picture |
//! | `svg`, `paint`, `badge` | a picture for people; its colours and symbols; the badges on the corners of steps |
//! | `told`, `count`, `way` | what a picture tells beside the definition: the flows at its steps, or the way of one flow |
//! | [`bpmn`](fn@bpmn), `part`, `plane`, `xml` | BPMN: the document, its parts, its diagram, and how it is written |
//! | `mermaid`, `text` | a flowchart for Markdown; an outline for terminals |

mod badge;
mod block;
mod bpmn;
mod count;
mod element;
mod grid;
mod label;
mod layout;
mod mermaid;
mod paint;
mod part;
mod plane;
mod style;
mod svg;
#[cfg(test)]
mod tests;
mod text;
mod told;
mod track;
mod way;
mod xml;

pub use count::{Count, Counts};
pub use way::Way;

use crate::processor::flow::Definition;
use told::Told;

/// A picture as one SVG document without scripts and references, for light and dark pages. Steps with flows have their counts.
pub fn svg(definition: &Definition, counts: &Counts) -> String {
    svg::draw(definition, Told::Counts(counts))
}

/// The same with the way that a flow has taken: what has become of each step, and the lines along which it went.
pub fn svg_of_way(definition: &Definition, way: &Way) -> String {
    svg::draw(definition, Told::Way(way))
}

/// A flowchart in Mermaid's language.
pub fn mermaid(definition: &Definition) -> String {
    mermaid::draw(definition)
}

/// A process in BPMN 2.0 XML, with the places of its shapes and lines. It is a picture: nothing reads it to run it.
///
/// | flow | BPMN |
/// |---|---|
/// | a task, or a message with a reply | service task, its queue as an extension |
/// | a person's task | user task |
/// | a message that is sent; one that is awaited | send task; receive task |
/// | a sleep | timer catch event |
/// | a stage | sub-process |
/// | several steps that begin together, or that one needs | parallel gateways |
/// | a condition | exclusive gateways |
/// | a handler of refused, exhausted, failed; of late | boundary error event; boundary timer event |
/// | what takes a step back | compensation boundary event with an association |
/// | undo; fail | compensation throw event; error end event |
/// | rerun | a sequence flow back; an association where it would cross the border of a sub-process |
pub fn bpmn(definition: &Definition) -> String {
    bpmn::document(definition)
}

/// An outline of indented lines.
pub fn text(definition: &Definition) -> String {
    text::draw(definition)
}
