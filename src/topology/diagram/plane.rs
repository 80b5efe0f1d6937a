//! The diagram of a BPMN process: the place of each shape and line.

use super::element::{Element, Flow, Point, Rect, frame};
use super::layout::Layout;
use super::part;
use super::xml::Tag;
use crate::processor::flow::Graph;

/// The id of the process.
pub(super) const PROCESS: &str = "Process";

/// The id of a line, by its number.
pub(super) fn flow_id(index: usize) -> String {
    format!("Flow_{index}")
}

/// The diagram of a process.
pub(super) fn diagram(graph: &Graph, layout: &Layout, is_sequence: fn(&Graph, &Flow) -> bool) -> Tag {
    let shapes = layout.shapes.iter().filter(|(element, _)| part::is_part(graph, *element));
    let shapes = shapes.map(|(element, rect)| shape(graph, *element, rect));
    let edges = layout.flows.iter().enumerate().map(|(index, flow)| edge(index, flow, is_sequence(graph, flow)));
    let plane = Tag::new("bpmndi:BPMNPlane").with("id", "Plane").with("bpmnElement", PROCESS);
    Tag::new("bpmndi:BPMNDiagram").with("id", "Diagram").inner([plane.inner(shapes).inner(edges)])
}

fn shape(graph: &Graph, element: Element, rect: &Rect) -> Tag {
    let id = part::id(element);
    let tag = Tag::new("bpmndi:BPMNShape").with("id", format!("Shape_{id}")).with("bpmnElement", id);
    let tag = if matches!(element, Element::When(_) | Element::Merge(_)) {
        tag.with("isMarkerVisible", true)
    } else if frame(graph, element).is_some() {
        tag.with("isExpanded", true)
    } else {
        tag
    };
    let bounds = Tag::new("dc:Bounds").with("x", rect.x).with("y", rect.y);
    tag.inner([bounds.with("width", rect.width).with("height", rect.height)]).inner(label(element, rect))
}

/// The place of a mark's name: beside the line that goes down from it. Other names stand where readers put them.
fn label(element: Element, rect: &Rect) -> Option<Tag> {
    if !matches!(element, Element::Trouble(_, _) | Element::Undo(_)) {
        return None;
    }
    let bounds = Tag::new("dc:Bounds").with("x", rect.center().x + 3).with("y", rect.bottom() + 1);
    Some(Tag::new("bpmndi:BPMNLabel").inner([bounds.with("width", 52).with("height", 14)]))
}

fn edge(index: usize, flow: &Flow, is_sequence: bool) -> Tag {
    let id = flow_id(index);
    let points = flow.path.iter().map(|Point { x, y }| Tag::new("di:waypoint").with("x", x).with("y", y));
    let word = if is_sequence { "Edge" } else { "Link" };
    Tag::new("bpmndi:BPMNEdge").with("id", format!("{word}_{id}")).with("bpmnElement", id).inner(points)
}
