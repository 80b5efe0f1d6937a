//! A part of a picture, and a step as one.

use super::element::{Element, Flow, FlowKind, Point, Rect};

/// A part of a picture, with its own upper left corner.
#[derive(Debug, Default)]
pub(super) struct Block {
    pub width: i32,
    pub height: i32,
    pub shapes: Vec<(Element, Rect)>,
    pub flows: Vec<Flow>,
    /// The height at which lines come in.
    pub begin: i32,
    /// The height at which lines go out.
    pub end: i32,
}

/// A step with its gateways and lanes.
#[derive(Debug)]
pub(super) struct Unit {
    pub block: Block,
    /// The height of the line through it.
    pub axis: i32,
    /// What lines lead to, and where it begins.
    pub first: (Element, i32),
    /// What lines come from, and where it ends.
    pub last: (Element, i32),
}

impl Block {
    /// Adds the contents of another block, moved.
    pub(super) fn take(&mut self, other: Self, x: i32, y: i32) {
        let moved = |rect: Rect| Rect { x: rect.x + x, y: rect.y + y, ..rect };
        self.shapes.extend(other.shapes.into_iter().map(|(element, rect)| (element, moved(rect))));
        for mut flow in other.flows {
            flow.path.iter_mut().for_each(|point| *point = Point::new(point.x + x, point.y + y));
            self.flows.push(flow);
        }
    }

    /// Adds a shape around a point.
    pub(super) fn put(&mut self, element: Element, center: Point, size: i32) {
        self.shapes.push((element, Rect::around(center, size, size)));
    }

    /// Adds a line.
    pub(super) fn link(&mut self, from: Element, to: Element, path: Vec<Point>) {
        self.flows.push(Flow { from, to, kind: FlowKind::Next, path });
    }
}
