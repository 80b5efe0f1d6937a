//! Where shapes and lines are: boxes do not overlap, each lies in its frame, lines end at their shapes and cross no box.

use std::collections::BTreeMap;

use super::{chance, sample};
use crate::processor::flow::{Definition, Graph, Kind, Owner, ScopeId};
use crate::topology::diagram::element::{Element, Flow, FlowKind, Point, Rect};
use crate::topology::diagram::layout::Layout;
use crate::topology::diagram::style::{BPMN, PICTURE, Style};

const SEEDS: u64 = 150;

fn overlap(one: &Rect, other: &Rect) -> bool {
    one.x < other.right() && other.x < one.right() && one.y < other.bottom() && other.y < one.bottom()
}

fn contains(outer: &Rect, inner: &Rect) -> bool {
    outer.x <= inner.x && outer.y <= inner.y && inner.right() <= outer.right() && inner.bottom() <= outer.bottom()
}

fn touches(rect: &Rect, point: Point) -> bool {
    (rect.x..=rect.right()).contains(&point.x) && (rect.y..=rect.bottom()).contains(&point.y)
}

/// The scope in which a shape stands beside others; `None` for marks, which stand on the edges of their steps.
fn home(graph: &Graph, element: Element) -> Option<ScopeId> {
    match element {
        Element::Begin(scope) | Element::Split(scope) | Element::Gather(scope) | Element::Finish(scope) => Some(scope),
        Element::Lane(scope) => match graph.scope(scope).owner {
            Owner::Flow => None,
            Owner::Step(step) | Owner::Handler(step, _) | Owner::Undo(step) => Some(graph.step(step).scope),
        },
        Element::Join(step)
        | Element::When(step)
        | Element::Step(step)
        | Element::Merge(step)
        | Element::Fork(step) => Some(graph.step(step).scope),
        Element::Trouble(_, _) | Element::Undo(_) => None,
    }
}

fn check(definition: &Definition, style: &Style, what: &str) {
    let graph = &definition.graph;
    let layout = Layout::new(definition, style);
    let rects: BTreeMap<Element, Rect> = layout.shapes.iter().copied().collect();
    assert_eq!(rects.len(), layout.shapes.len(), "{what}: a shape is there twice");
    let drawn = graph.steps().filter(|(id, _)| rects.contains_key(&Element::Step(*id))).count();
    assert_eq!(drawn, graph.len(), "{what}: all steps are there");
    let page = Rect { x: 0, y: 0, width: layout.width, height: layout.height };
    let mut siblings: BTreeMap<ScopeId, Vec<(Element, Rect)>> = BTreeMap::new();
    for (element, rect) in &layout.shapes {
        let Some(scope) = home(graph, *element) else { continue };
        let frame = match graph.scope(scope).owner {
            Owner::Flow => page,
            Owner::Step(step) => rects[&Element::Step(step)],
            Owner::Handler(_, _) | Owner::Undo(_) => rects[&Element::Lane(scope)],
        };
        assert!(contains(&frame, rect), "{what}: {element:?} {rect:?} is not in its frame {frame:?}");
        let others = siblings.entry(scope).or_default();
        for (other, place) in others.iter() {
            assert!(!overlap(rect, place), "{what}: {element:?} {rect:?} and {other:?} {place:?} overlap");
        }
        others.push((*element, *rect));
    }
    for flow in &layout.flows {
        check_line(definition, flow, &rects, &page, what);
    }
}

fn check_line(definition: &Definition, flow: &Flow, rects: &BTreeMap<Element, Rect>, page: &Rect, what: &str) {
    let Flow { from, to, kind, path } = flow;
    let (first, last) = (path[0], path[path.len() - 1]);
    assert!(touches(&rects[from], first), "{what}: {flow:?} begins away from {:?}", rects[from]);
    assert!(touches(&rects[to], last), "{what}: {flow:?} ends away from {:?}", rects[to]);
    assert!(path.iter().all(|point| touches(page, *point)), "{what}: {flow:?} leaves the page {page:?}");
    for pair in path.windows(2) {
        let [one, other] = [pair[0], pair[1]];
        assert!(one.x == other.x || one.y == other.y, "{what}: {flow:?} is not straight");
        // A line back may cross what stands on its way.
        if *kind == FlowKind::Again {
            continue;
        }
        let (x, y) = (one.x.min(other.x), one.y.min(other.y));
        let line = Rect { x, y, width: (one.x - other.x).abs(), height: (one.y - other.y).abs() };
        for (element, rect) in rects {
            let is_box =
                matches!(element, Element::Step(id) if !matches!(definition.graph.step(*id).kind, Kind::Scope(_)));
            assert!(
                !is_box || element == from || element == to || !overlap(&line, rect),
                "{what}: {flow:?} crosses {element:?} {rect:?}"
            );
        }
    }
}

#[test]
fn boxes_lie_in_their_frames_and_do_not_overlap() {
    for (name, definition) in [("bicycle", sample::bicycle()), ("voyage", sample::voyage())] {
        check(&definition, &PICTURE, &format!("{name}, svg"));
        check(&definition, &BPMN, &format!("{name}, bpmn"));
    }
    let mut steps = 0;
    for seed in 0..SEEDS {
        let definition = chance::definition(seed);
        steps += definition.graph.len();
        check(&definition, &PICTURE, &format!("seed {seed}, svg"));
        check(&definition, &BPMN, &format!("seed {seed}, bpmn"));
    }
    assert!(steps > 1_500, "the flows are small: {steps} steps in all");
}
