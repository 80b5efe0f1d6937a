//! A flow as an SVG document.

use std::fmt::Write as _;

use super::badge::badges;
use super::element::{Element, Flow, FlowKind, Point, Rect, frame, pixels};
use super::label::{self, Symbol};
use super::layout::Layout;
use super::paint;
use super::style::{BOX_PAD, DETAIL_LINE, NAME_LINE, PICTURE, SYMBOL, text_width};
use super::told::Told;
use crate::codec::markup::escape;
use crate::processor::flow::{Definition, Kind, Owner, ScopeId, StepId, Trouble};

/// The height of the heading.
const HEADING: i32 = 36;
/// The radius of the corners of lines.
const ROUND: i32 = 8;

/// The document of a definition.
pub(super) fn draw(definition: &Definition, told: Told<'_>) -> String {
    let layout = Layout::new(definition, &PICTURE);
    let (name, start) = (escape(&definition.name), escape(&definition.start));
    let begun = text_width(&definition.name, 96) + text_width(&definition.start, 65) + 140;
    let (width, height) = (layout.width.max(begun), layout.height + HEADING);
    let mut canvas = Canvas { definition, told, text: String::new() };
    let class = if matches!(told, Told::Way(_)) { "sheaf-flow way" } else { "sheaf-flow" };
    canvas.add(&format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"{class}\" role=\"img\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\">\n<title>{name}</title>\n<style>\n{}</style>\n\
         <rect class=\"page\" width=\"{width}\" height=\"{height}\"/>\n\
         <text x=\"24\" y=\"34\"><tspan class=\"heading\">{name}</tspan><tspan class=\"soft\" dx=\"12\">begun by {start}</tspan></text>\n\
         <g transform=\"translate(0 {HEADING})\">\n",
        paint::STYLE
    ));
    // Lines stand on frames, and steps on lines.
    for (element, rect) in &layout.shapes {
        canvas.frame(*element, rect);
    }
    layout.flows.iter().for_each(|flow| canvas.flow(flow));
    for (element, rect) in &layout.shapes {
        canvas.shape(*element, rect);
    }
    for (element, rect) in &layout.shapes {
        canvas.badges(*element, rect);
    }
    canvas.text + "</g>\n</svg>\n"
}

struct Canvas<'a> {
    definition: &'a Definition,
    told: Told<'a>,
    text: String,
}

impl Canvas<'_> {
    fn add(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// A stage or a lane.
    fn frame(&mut self, element: Element, rect: &Rect) {
        match (element, frame(&self.definition.graph, element)) {
            (Element::Step(step), Some(_)) => self.stage(step, rect),
            (_, Some(scope)) => self.lane(scope, rect),
            (_, None) => {}
        }
    }

    fn stage(&mut self, id: StepId, rect: &Rect) {
        let name = escape(&label::short(&self.definition.graph.step(id).name));
        let details = escape(&label::details(self.definition, id).join(" · "));
        let (x, y) = (rect.x + 14, rect.y + 20);
        let text = format!(
            "<g class=\"{}\"><title>{}</title>{}<text x=\"{x}\" y=\"{y}\"><tspan class=\"stage-name\">{name}</tspan>\
             <tspan class=\"soft\" dx=\"10\">{details}</tspan></text></g>\n",
            self.told.class("", &self.definition.graph, id),
            self.title(id),
            boxed("stage", rect, 10)
        );
        self.add(&text);
    }

    fn lane(&mut self, scope: ScopeId, rect: &Rect) {
        let class = match self.definition.graph.scope(scope).owner {
            Owner::Handler(_, Trouble::Late) => "lane trouble late",
            Owner::Handler(_, Trouble::Refused | Trouble::Exhausted | Trouble::Failed) => "lane trouble",
            Owner::Flow | Owner::Step(_) | Owner::Undo(_) => "lane",
        };
        let name = escape(&label::short(&label::lane(&self.definition.graph, scope)));
        let (x, y) = (rect.x + 12, rect.y + 18);
        let class = format!("{class}{}", self.told.reached(|way| way.is_open(&self.definition.graph, scope)));
        self.add(&boxed(&class, rect, 8));
        self.add(&format!("<text class=\"lane-name\" x=\"{x}\" y=\"{y}\">{name}</text>\n"));
    }

    /// Whatever is no frame.
    fn shape(&mut self, element: Element, rect: &Rect) {
        let Point { x, y } = rect.center();
        let radius = rect.width / 2;
        let circle = |class: &str| format!("<circle class=\"{class}\" cx=\"{x}\" cy=\"{y}\" r=\"{radius}\"/>");
        let text = match element {
            Element::Begin(_) => format!("{}\n", circle("begin")),
            Element::Finish(_) => format!("{}\n", circle("finish")),
            Element::Merge(_) | Element::Split(_) | Element::Gather(_) | Element::Join(_) | Element::Fork(_) => {
                format!("{}\n", circle("merge"))
            }
            Element::Trouble(step, trouble) => {
                let class = if trouble == Trouble::Late { "trouble late" } else { "trouble" };
                let name = escape(&self.definition.graph.step(step).name);
                mark(class, &format!("{name}: on {}", trouble.as_str()), Some(trouble), Point::new(x, y))
            }
            Element::Undo(step) => {
                let name = escape(&self.definition.graph.step(step).name);
                mark("undo", &format!("{name}: undo"), None, Point::new(x, y))
            }
            Element::Step(step) => match self.definition.graph.step(step).kind {
                Kind::Scope(_) => String::new(),
                Kind::Once | Kind::Request | Kind::Sleep(_) | Kind::Undo | Kind::Rerun(_) | Kind::Fail(_) => {
                    self.step(step, rect)
                }
            },
            Element::Lane(_) | Element::When(_) => String::new(),
        };
        self.add(&text);
    }

    fn step(&self, id: StepId, rect: &Rect) -> String {
        let symbol = Symbol::of(self.definition, id);
        let name = escape(&label::short(&self.definition.graph.step(id).name));
        let details = label::details(self.definition, id);
        let lines = NAME_LINE + DETAIL_LINE * pixels(details.len());
        let (x, top) = (rect.x + BOX_PAD + SYMBOL, rect.y + (rect.height - lines) / 2);
        let mut text = format!(
            "<g class=\"{}\"><title>{}</title>{}<rect class=\"stripe\" x=\"{}\" y=\"{}\" width=\"3\" height=\"{}\" rx=\"1.5\"/>\
             <path class=\"glyph\" transform=\"translate({} {})\" d=\"{}\"/><text class=\"name\" x=\"{x}\" y=\"{}\">{name}</text>",
            self.told.class(symbol.as_str(), &self.definition.graph, id),
            self.title(id),
            boxed("card", rect, 7),
            rect.x + 4,
            rect.y + 7,
            rect.height - 14,
            rect.x + BOX_PAD,
            top + 1,
            paint::symbol(symbol),
            top + 14,
        );
        for (line, y) in details.iter().zip((top + NAME_LINE + 11..).step_by(usize::try_from(DETAIL_LINE).unwrap_or(1)))
        {
            let line = escape(&label::short(line));
            text.extend([format!("<text class=\"soft\" x=\"{x}\" y=\"{y}\">{line}</text>")]);
        }
        text + "</g>\n"
    }

    /// The whole name and details of a step, and what is told of it.
    fn title(&self, id: StepId) -> String {
        let name = self.definition.graph.step(id).name.to_string();
        let told = self.told.words(id);
        let lines = [name].into_iter().chain(label::details(self.definition, id)).chain(told);
        escape(&lines.collect::<Vec<_>>().join("\n"))
    }

    /// The badges of a step.
    fn badges(&mut self, element: Element, rect: &Rect) {
        if let Element::Step(id) = element {
            let text = badges(self.told, &self.definition.graph, id, rect);
            self.add(&text);
        }
    }

    /// A line with round corners and an arrow at its end.
    fn flow(&mut self, flow: &Flow) {
        let class = match flow.kind {
            FlowKind::Again => " again",
            FlowKind::Undo => " undo",
            FlowKind::Next | FlowKind::Then | FlowKind::Skip => "",
        };
        let class = format!("{class}{}", self.told.reached(|way| way.takes(&self.definition.graph, flow)));
        let has_head = !matches!(flow.to, Element::Merge(_));
        let head = flow.path.iter().rev().take(2).collect::<Vec<_>>();
        let text = format!("<path class=\"flow{class}\" d=\"{}\"/>\n", rounded(&flow.path));
        self.add(&text);
        if let (true, [end, before]) = (has_head, head.as_slice()) {
            let Point { x, y } = **end;
            let (dx, dy) = ((before.x - x).signum() * 7, (before.y - y).signum() * 7);
            let (sx, sy) = (dy * 4 / 7, dx * 4 / 7);
            let text = format!(
                "<path class=\"head{class}\" d=\"M{x} {y}L{} {}L{} {}z\"/>\n",
                x + dx + sx,
                y + dy + sy,
                x + dx - sx,
                y + dy - sy
            );
            self.add(&text);
        }
    }
}

fn boxed(class: &str, rect: &Rect, round: i32) -> String {
    let Rect { x, y, width, height } = rect;
    format!("<rect class=\"{class}\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" rx=\"{round}\"/>")
}

fn mark(class: &str, title: &str, trouble: Option<Trouble>, Point { x, y }: Point) -> String {
    format!(
        "<g class=\"{class}\" transform=\"translate({x} {y})\"><title>{title}</title><circle class=\"mark\" r=\"7\"/>\
         <path class=\"glyph\" d=\"{}\"/></g>\n",
        paint::mark(trouble)
    )
}

/// A path through points, with round corners.
fn rounded(points: &[Point]) -> String {
    let mut path = String::new();
    for (index, point) in points.iter().enumerate() {
        let before = index.checked_sub(1).and_then(|before| points.get(before));
        let written = match (before, points.get(index + 1)) {
            (None, _) => write!(path, "M{} {}", point.x, point.y),
            (Some(_), None) => write!(path, "L{} {}", point.x, point.y),
            (Some(before), Some(after)) => {
                let (from, to) = (toward(*point, *before), toward(*point, *after));
                write!(path, "L{} {}Q{} {} {} {}", from.x, from.y, point.x, point.y, to.x, to.y)
            }
        };
        // A string takes all that is written to it.
        if written.is_err() {
            return path;
        }
    }
    path
}

/// The point near a corner at which the line to another point becomes straight.
fn toward(corner: Point, other: Point) -> Point {
    let near = |from: i32, to: i32| from + (to - from).signum() * ((to - from).abs() / 2).min(ROUND);
    Point::new(near(corner.x, other.x), near(corner.y, other.y))
}
