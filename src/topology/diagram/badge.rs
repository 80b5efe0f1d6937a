//! The badges on the corners of steps.

use super::element::Rect;
use super::style::text_width;
use super::told::Told;
use crate::codec::markup::escape;
use crate::processor::flow::{Graph, StepId};

/// The height of a badge.
const HEIGHT: i32 = 18;

/// The badges of a step, on its upper right corner: the flows at it, none for zero; or what has become of it on the way of a flow.
pub(super) fn badges(told: Told<'_>, graph: &Graph, id: StepId, rect: &Rect) -> String {
    let mut right = rect.right() - 8;
    let mut text = String::new();
    for (class, words) in told.badges(graph, id) {
        let width = text_width(&words, 65) + 12;
        let (x, y) = (right - width, rect.y - HEIGHT / 2);
        let (middle, base, words) = (x + width / 2, y + 13, escape(&words));
        text.extend([format!(
            "<g><rect class=\"badge {class}\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{HEIGHT}\" rx=\"9\"/>\
             <text class=\"count\" x=\"{middle}\" y=\"{base}\">{words}</text></g>\n"
        )]);
        right = x - 4;
    }
    text
}
