//! A flow as a BPMN 2.0 document: the process by levels, then its diagram.

use std::collections::BTreeMap;

use super::element::{Element, Flow, FlowKind, frame, level};
use super::label;
use super::layout::Layout;
use super::part::{self, Catalog, Ends};
use super::plane;
use super::style::BPMN;
use super::xml::{self, Tag};
use crate::processor::flow::{Definition, Graph, ScopeId};

/// The namespaces of the document (BPMN 2.0.2, table 15.1).
const NAMESPACES: [(&str, &str); 6] = [
    ("xmlns:bpmn", "http://www.omg.org/spec/BPMN/20100524/MODEL"),
    ("xmlns:bpmndi", "http://www.omg.org/spec/BPMN/20100524/DI"),
    ("xmlns:dc", "http://www.omg.org/spec/DD/20100524/DC"),
    ("xmlns:di", "http://www.omg.org/spec/DD/20100524/DI"),
    ("xmlns:xsi", "http://www.w3.org/2001/XMLSchema-instance"),
    ("xmlns:sheaf", "urn:sheaf:flow"),
];

/// The document of a definition.
pub(super) fn document(definition: &Definition) -> String {
    let layout = Layout::new(definition, &BPMN);
    let mut process = Process::new(definition, &layout);
    let content = process.level(Graph::ROOT);
    let name = &definition.name;
    let root = Tag::new("bpmn:process").with("id", plane::PROCESS).with("name", name).with("isExecutable", false);
    let start = Tag::new("bpmn:definitions");
    let start = NAMESPACES.into_iter().fold(start, |tag, (name, uri)| tag.with(name, uri));
    let start = start.with("id", "Definitions").with("targetNamespace", "urn:sheaf:flow").with("exporter", "sheaf");
    let catalog = process.catalog.tags();
    let diagram = plane::diagram(&definition.graph, &layout, is_sequence);
    xml::document(&start.inner(catalog).inner([root.inner(content), diagram]))
}

/// True if a line is a sequence flow; otherwise it is an association.
fn is_sequence(graph: &Graph, flow: &Flow) -> bool {
    match (flow.kind, flow.from) {
        (FlowKind::Undo, _) => false,
        (FlowKind::Again, Element::Step(rerun)) => part::leads_back(graph, rerun),
        (FlowKind::Again | FlowKind::Next | FlowKind::Then | FlowKind::Skip, _) => true,
    }
}

/// The parts of a process, by the levels in which they stand.
struct Process<'a> {
    definition: &'a Definition,
    elements: BTreeMap<ScopeId, Vec<Element>>,
    flows: BTreeMap<ScopeId, Vec<(String, &'a Flow)>>,
    ends: BTreeMap<Element, Ends>,
    catalog: Catalog,
}

impl<'a> Process<'a> {
    fn new(definition: &'a Definition, layout: &'a Layout) -> Self {
        let graph = &definition.graph;
        let mut process = Self {
            definition,
            elements: BTreeMap::new(),
            flows: BTreeMap::new(),
            ends: BTreeMap::new(),
            catalog: Catalog::default(),
        };
        for (element, _) in layout.shapes.iter().filter(|(element, _)| part::is_part(graph, *element)) {
            process.elements.entry(level(graph, *element)).or_default().push(*element);
        }
        for (index, flow) in layout.flows.iter().enumerate() {
            let id = plane::flow_id(index);
            process.flows.entry(level(graph, flow.from)).or_default().push((id.clone(), flow));
            if !is_sequence(graph, flow) {
                continue;
            }
            let from = process.ends.entry(flow.from).or_default();
            from.outgoing.push(id.clone());
            if flow.kind == FlowKind::Skip {
                from.skip = Some(id.clone());
            }
            process.ends.entry(flow.to).or_default().incoming.push(id);
        }
        process
    }

    /// The elements of a level, with the levels in them: first those of the flow, then associations.
    fn level(&mut self, scope: ScopeId) -> Vec<Tag> {
        let graph = &self.definition.graph;
        let mut tags = Vec::new();
        for element in self.elements.remove(&scope).unwrap_or_default() {
            let ends = self.ends.remove(&element).unwrap_or_default();
            let tag = part::tag(self.definition, &mut self.catalog, element, &ends);
            let inner = frame(graph, element).map(|inner| self.level(inner)).unwrap_or_default();
            tags.push(tag.inner(inner));
        }
        let flows = self.flows.remove(&scope).unwrap_or_default();
        let (sequences, associations): (Vec<_>, Vec<_>) =
            flows.into_iter().partition(|(_, flow)| is_sequence(graph, flow));
        tags.extend(sequences.iter().map(|(id, flow)| self.sequence(id, flow)));
        tags.extend(
            associations
                .iter()
                .map(|(id, flow)| ended("bpmn:association", id, flow).with("associationDirection", "One")),
        );
        tags
    }

    fn sequence(&self, id: &str, flow: &Flow) -> Tag {
        let tag = ended("bpmn:sequenceFlow", id, flow);
        match (flow.kind, flow.to) {
            (FlowKind::Then, Element::Step(step)) => {
                let expression = Tag::new("bpmn:conditionExpression").with("xsi:type", "bpmn:tFormalExpression");
                let text = label::condition(self.definition, step);
                tag.with("name", "yes").inner([expression.text(&text)])
            }
            (FlowKind::Skip, _) => tag.with("name", "no"),
            (FlowKind::Again, _) => tag.with("name", "again"),
            (FlowKind::Next | FlowKind::Then | FlowKind::Undo, _) => tag,
        }
    }
}

fn ended(name: &'static str, id: &str, flow: &Flow) -> Tag {
    Tag::new(name).with("id", id).with("sourceRef", part::id(flow.from)).with("targetRef", part::id(flow.to))
}
