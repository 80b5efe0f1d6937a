//! Where everything of a picture is: boxes in boxes, each scope in columns from left to right.
//!
//! ```text
//!   ┌ unit of a step ──────────────────────────────┐
//!   │ join ─ when ─ ┌──────┐ ───────── merge ─ fork │ ── the next column
//!   │               │ step │             │          │
//!   │               └─○──○─┘             │          │
//!   │                 │  │ ┌ lane ────┐  │          │
//!   │                 │  └─│ a scope  │──┘          │
//!   │                 │    └──────────┘             │
//!   │                 │    ┌ lane ────┐             │
//!   │                 └─ ─ │ its undo │             │
//!   │                      └──────────┘             │
//!   └──────────────────────────────────────────────┘
//! ```

use std::collections::BTreeMap;

use super::block::{Block, Unit};
use super::element::{Element, Flow, FlowKind, Point, Rect, alone, goes_on};
use super::style::Style;
use super::track;
use crate::processor::flow::{Definition, Graph, Kind, Owner, ScopeId, Step, StepId};

/// A picture: its shapes, frames before what they contain, and its lines.
#[derive(Debug)]
pub(super) struct Layout {
    pub width: i32,
    pub height: i32,
    pub shapes: Vec<(Element, Rect)>,
    pub flows: Vec<Flow>,
}

/// The size of the frame around everything.
const MARGIN: i32 = 24;

impl Layout {
    /// The picture of a definition.
    pub(super) fn new(definition: &Definition, style: &Style) -> Self {
        let planner = Planner { definition, graph: &definition.graph, style };
        let ends = track::Ends::drawn(Graph::ROOT);
        let root = planner.scope(Graph::ROOT, &ends);
        let (width, height) = (root.width + 2 * MARGIN, root.height + 2 * MARGIN);
        let mut all = Block::default();
        all.take(root, MARGIN, MARGIN);
        planner.add_reruns(&mut all);
        Self { width, height, shapes: all.shapes, flows: all.flows }
    }
}

/// Plans the picture of a definition.
#[derive(Clone, Copy, Debug)]
struct Planner<'a> {
    definition: &'a Definition,
    graph: &'a Graph,
    style: &'a Style,
}

impl Planner<'_> {
    /// A scope with its steps.
    fn scope(&self, scope: ScopeId, ends: &track::Ends) -> Block {
        let unit = |id, incoming, outgoing| self.unit(id, incoming, outgoing);
        track::scope(track::Plan { graph: self.graph, style: self.style, unit: &unit }, scope, ends)
    }

    /// A step with its gateways and lanes. Lines come from as many steps, and lead to as many.
    fn unit(&self, id: StepId, incoming: usize, outgoing: usize) -> Unit {
        let style = self.style;
        let step = self.graph.step(id);
        let (node, size) = self.node(id);
        let (node_width, node_height) = size;
        let gate = style.gate.unwrap_or(0);
        let above = (node_height / 2 + style.above).max(gate / 2);
        let mut block = Block::default();
        let mut gates: Vec<Element> = Vec::new();
        gates.extend((style.gate.is_some() && incoming > 1).then_some(Element::Join(id)));
        gates.extend((style.gate.is_some() && step.has_condition).then_some(Element::When(id)));
        let mut x = 0;
        let mut before: Option<(Element, i32)> = None;
        let first = (gates.first().copied().unwrap_or(Element::Step(id)), 0);
        for element in gates {
            block.put(element, Point::new(x + gate / 2, above), gate);
            self.connect(&mut block, before, (element, x), above);
            before = Some((element, x + gate));
            x += gate + style.gap * 3 / 4;
        }
        self.connect(&mut block, before, (Element::Step(id), x), above);
        let at = Rect { x, y: above - node_height / 2, width: node_width, height: node_height };
        block.shapes.push((Element::Step(id), at));
        block.take(node, at.x, at.y);
        let (right, bottom) = self.lanes(&mut block, step, id, at);

        before = Some((Element::Step(id), at.right()));
        let mut edge = at.right().max(right);
        let mut gates: Vec<(Element, i32)> = Vec::new();
        gates.extend(self.merges(step).then_some((Element::Merge(id), style.merge)));
        gates.extend((style.gate.is_some() && outgoing > 1).then_some((Element::Fork(id), gate)));
        for (element, size) in gates {
            let x = edge + style.gap / 2;
            block.put(element, Point::new(x + size / 2, above), size);
            self.connect(&mut block, before, (element, x), above);
            before = Some((element, x + size));
            edge = x + size;
        }
        self.close(&mut block, step, id);
        block.width = edge;
        block.height = bottom.max(above + gate / 2).max(at.bottom() + style.below);
        Unit { block, axis: above, first, last: before.unwrap_or((Element::Step(id), edge)) }
    }

    /// A straight line, if there is something before.
    fn connect(&self, block: &mut Block, from: Option<(Element, i32)>, to: (Element, i32), y: i32) {
        let Some((from, left)) = from else { return };
        let (to, right) = to;
        // A way that ends the flow does not go on behind it.
        let ends = |id: StepId| super::element::is_ending(&self.graph.step(id).kind);
        if let Element::Step(id) = from
            && ends(id)
        {
            return;
        }
        let kind = if matches!(from, Element::When(_)) { FlowKind::Then } else { FlowKind::Next };
        block.flows.push(Flow { from, to, kind, path: vec![Point::new(left, y), Point::new(right, y)] });
    }

    /// True if ways past the step meet behind it.
    fn merges(&self, step: &Step) -> bool {
        let has_skip = self.style.gate.is_some() && step.has_condition;
        has_skip || step.handlers.iter().any(|(_, scope)| goes_on(self.graph, *scope))
    }

    /// The contents of a step's box, and its size.
    fn node(&self, id: StepId) -> (Block, (i32, i32)) {
        let (style, step) = (self.style, self.graph.step(id));
        let lanes = super::element::pixels(step.handlers.len() + step.undo.iter().len());
        let marks = style.pitch * (lanes + 1);
        let Kind::Scope(scope) = step.kind else {
            let (width, height) = (style.size)(self.definition, id);
            return (Block::default(), (width.max(if lanes > 0 { marks } else { 0 }), height));
        };
        let ends = if style.has_inner_events { track::Ends::drawn(scope) } else { track::Ends::default() };
        let inner = self.scope(scope, &ends);
        let title = (style.title_width)(&step.name);
        let details = super::label::details(self.definition, id).join(" · ");
        let title = if details.is_empty() { title } else { title + (style.title_width)(&details) };
        let width = (inner.width + 2 * style.pad).max(title).max(marks);
        let height = (style.title + inner.height + style.pad).max(style.title + style.pad * 2);
        let mut block = Block::default();
        let spare = (width - inner.width) / 2;
        block.take(inner, spare, style.title);
        (block, (width, height))
    }

    /// The lanes below a step, with their marks. Returns how far they reach to the right and down.
    fn lanes(&self, block: &mut Block, step: &Step, id: StepId, at: Rect) -> (i32, i32) {
        let style = self.style;
        let mut marks: Vec<(Element, ScopeId)> = Vec::new();
        marks.extend(step.handlers.iter().map(|(trouble, scope)| (Element::Trouble(id, *trouble), *scope)));
        marks.extend(step.undo.map(|scope| (Element::Undo(id), scope)));
        if marks.is_empty() {
            return (at.right(), at.bottom());
        }
        let count = super::element::pixels(marks.len());
        let left = at.x + style.pitch * count + style.pitch / 2;
        let (mut right, mut y) = (at.right(), at.bottom() + style.mark / 2 + style.lane_gap);
        for (index, (mark, scope)) in (0..).zip(marks) {
            // The highest lane has the mark on the right, so that no line crosses a lane.
            let x = at.x + style.pitch * (count - index);
            block.put(mark, Point::new(x, at.bottom()), style.mark);
            let lane = self.lane(mark, scope);
            let frame = Rect { x: left, y, width: lane.width, height: lane.height };
            let from = [Point::new(x, at.bottom() + style.mark / 2), Point::new(x, y + lane.begin)];
            block.shapes.push((Element::Lane(scope), frame));
            let known = block.flows.len();
            block.take(lane, left, y);
            for flow in block.flows.iter_mut().skip(known).filter(|flow| flow.from == mark) {
                flow.path.splice(0..0, from);
            }
            right = right.max(frame.right());
            y += frame.height + style.lane_gap;
        }
        let again = self.graph.inside(id).into_iter().any(|inner| self.graph.step(inner).kind == Kind::Rerun(id));
        (right + if again { style.gap / 2 } else { 0 }, y - style.lane_gap)
    }

    /// The frame of a handler or an undo with its contents. Lines from its mark begin at its left edge, those to the merge of
    /// the step end at its right edge.
    fn lane(&self, mark: Element, scope: ScopeId) -> Block {
        let style = self.style;
        let is_framed = style.has_inner_events && alone(self.graph, scope).is_none();
        let ends = match (mark, self.graph.scope(scope).owner) {
            (_, Owner::Handler(step, _)) => {
                let finish = goes_on(self.graph, scope).then_some(Element::Merge(step));
                track::Ends { begin: Some(mark), finish, is_drawn: false }
            }
            (_, Owner::Undo(_)) if is_framed => track::Ends::drawn(scope),
            _ => track::Ends::default(),
        };
        let inner = self.scope(scope, &ends);
        let title = (style.title_width)(&super::label::lane(self.graph, scope));
        let width = (inner.width + 2 * style.pad).max(title);
        let (height, begin, end) = (style.title + inner.height + style.pad, inner.begin, inner.end);
        let (begin, end) = (style.title + begin, style.title + end);
        let mut block = Block { width, height, begin, end, ..Block::default() };
        block.take(inner, style.pad, style.title);
        for flow in &mut block.flows {
            if Some(flow.from) == ends.begin && !ends.is_drawn {
                flow.path.splice(0..0, [Point::new(0, begin)]);
            }
            if Some(flow.to) == ends.finish && !ends.is_drawn {
                flow.path.push(Point::new(width, end));
            }
        }
        if mark_is_undo(mark) {
            let alone = alone(self.graph, scope);
            let (to, x) = alone.map_or((Element::Lane(scope), 0), |inner| (Element::Step(inner), style.pad));
            let path = vec![Point::new(0, begin), Point::new(x, begin)];
            block.flows.push(Flow { from: mark, to, kind: FlowKind::Undo, path });
        }
        block
    }

    /// The lines past a step: from its lanes, and over it when it is skipped.
    fn close(&self, block: &mut Block, step: &Step, id: StepId) {
        let rects: BTreeMap<Element, Rect> = block.shapes.iter().copied().collect();
        let Some(merge) = rects.get(&Element::Merge(id)) else { return };
        let (center, top) = (merge.center(), merge.y);
        for flow in block.flows.iter_mut().filter(|flow| flow.to == Element::Merge(id)) {
            let is_of_lane = flow.path.last().is_some_and(|last| last.y > center.y);
            if let (true, Some(last)) = (is_of_lane, flow.path.last().copied()) {
                flow.path.extend([Point::new(center.x, last.y), Point::new(center.x, merge.bottom())]);
            }
        }
        if let (true, Some(when)) = (step.has_condition, rects.get(&Element::When(id))) {
            let over = rects.get(&Element::Step(id)).map_or(0, |node| node.y).min(top) - self.style.above / 2;
            let start = when.center();
            let path = vec![
                Point::new(start.x, when.y),
                Point::new(start.x, over),
                Point::new(center.x, over),
                Point::new(center.x, top),
            ];
            block.flows.push(Flow { from: Element::When(id), to: Element::Merge(id), kind: FlowKind::Skip, path });
        }
    }

    /// The lines back to steps that begin again: right of all lanes of the step, and below its box.
    fn add_reruns(&self, all: &mut Block) {
        let rects: BTreeMap<Element, Rect> = all.shapes.iter().copied().collect();
        for (id, step) in self.graph.steps() {
            let Kind::Rerun(target) = step.kind else { continue };
            let ends = (rects.get(&Element::Step(id)), rects.get(&Element::Step(target)));
            let (Some(from), Some(to)) = ends else { continue };
            let lanes =
                self.graph.step(target).handlers.iter().map(|(_, scope)| *scope).chain(self.graph.step(target).undo);
            let lanes = lanes.filter_map(|scope| rects.get(&Element::Lane(scope))).map(Rect::right);
            let right = lanes.max().unwrap_or_else(|| from.right()) + self.style.gap / 4;
            let (channel, x) = (to.bottom() + self.style.mark / 2 + self.style.lane_gap / 2, to.right() - 8);
            let start = Point::new(from.right(), from.center().y);
            let corners = [Point::new(right, start.y), Point::new(right, channel), Point::new(x, channel)];
            let path = [start].into_iter().chain(corners).chain([Point::new(x, to.bottom())]).collect();
            all.flows.push(Flow { from: Element::Step(id), to: Element::Step(target), kind: FlowKind::Again, path });
        }
    }
}

const fn mark_is_undo(mark: Element) -> bool {
    matches!(mark, Element::Undo(_))
}
