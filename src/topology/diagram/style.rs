//! The measures of a picture.

use super::element::pixels;
use super::label::{self, Symbol};
use crate::processor::flow::{Definition, StepId};

/// The measures of a picture, in pixels.
#[derive(Clone, Copy, Debug)]
pub(super) struct Style {
    /// The size of gateways; `None`: lines part and meet without them.
    pub gate: Option<i32>,
    /// The size of the place where the ways past a step meet it again.
    pub merge: i32,
    /// The size of the marks of handlers.
    pub mark: i32,
    /// The distance of two marks.
    pub pitch: i32,
    /// The size of starts and ends.
    pub event: i32,
    /// True if each stage has a start and an end.
    pub has_inner_events: bool,
    /// The distance between columns.
    pub gap: i32,
    /// The distance between rows.
    pub row_gap: i32,
    /// The distance between a step and its first lane, and between lanes.
    pub lane_gap: i32,
    /// The distance of a frame from its contents.
    pub pad: i32,
    /// The height of a frame's title.
    pub title: i32,
    /// The room below events for their names.
    pub below: i32,
    /// The room above steps, for badges and for ways past them.
    pub above: i32,
    /// The size of a step.
    pub size: fn(&Definition, StepId) -> (i32, i32),
    /// The least width of a frame, for its title.
    pub title_width: fn(&str) -> i32,
}

/// The measures of an SVG picture.
pub(super) const PICTURE: Style = Style {
    gate: None,
    merge: 8,
    mark: 14,
    pitch: 24,
    event: 18,
    has_inner_events: false,
    gap: 44,
    row_gap: 14,
    lane_gap: 14,
    pad: 14,
    title: 30,
    below: 0,
    above: 10,
    size: box_size,
    title_width,
};

/// The measures of a BPMN diagram, those of bpmn-js.
pub(super) const BPMN: Style = Style {
    gate: Some(50),
    merge: 50,
    mark: 36,
    pitch: 60,
    event: 36,
    has_inner_events: true,
    gap: 40,
    row_gap: 20,
    lane_gap: 36,
    pad: 20,
    title: 24,
    below: 26,
    above: 26,
    size: symbol_size,
    title_width,
};

/// The heights of a box's lines.
pub(super) const NAME_LINE: i32 = 18;
pub(super) const DETAIL_LINE: i32 = 15;
/// The distance of a box's text from its edge, and the width of its symbol.
pub(super) const BOX_PAD: i32 = 12;
pub(super) const SYMBOL: i32 = 24;

fn box_size(definition: &Definition, id: StepId) -> (i32, i32) {
    let details = label::details(definition, id);
    let widest = details.iter().map(|line| text_width(&label::short(line), 62)).max().unwrap_or(0);
    let name = text_width(&label::short(&definition.graph.step(id).name), 76);
    let lines = NAME_LINE + DETAIL_LINE * pixels(details.len());
    (widest.max(name).max(60) + SYMBOL + 2 * BOX_PAD, (lines + 2 * BOX_PAD - 4).max(42))
}

/// Tasks have the usual size of bpmn-js, events that of circles.
fn symbol_size(definition: &Definition, id: StepId) -> (i32, i32) {
    if is_event(definition, id) { (36, 36) } else { (120, 80) }
}

/// True if a step is an event in BPMN, and no task. Events have no boundaries: with handlers it is a task.
pub(super) fn is_event(definition: &Definition, id: StepId) -> bool {
    let step = definition.graph.step(id);
    let is_event = match Symbol::of(definition, id) {
        Symbol::Sleep | Symbol::Undo | Symbol::Rerun | Symbol::Fail => true,
        Symbol::Service | Symbol::Human | Symbol::Send | Symbol::Await | Symbol::Stage => false,
    };
    is_event && step.handlers.is_empty() && step.undo.is_none()
}

fn title_width(text: &str) -> i32 {
    text_width(&label::short(text), 76) + 48
}

/// The width of a text of this mean width of a character, in tenths of pixels; wide characters count twice.
pub(super) fn text_width(text: &str, tenths: i32) -> i32 {
    let units = text.chars().map(|next| if u32::from(next) >= 0x1100 { 2 } else { 1 }).sum();
    pixels(units).saturating_mul(tenths) / 10
}
