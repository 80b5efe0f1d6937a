//! The times of a scenario to scale, as a drawing.

use super::super::outcome::{Moment, Outcome};
use super::escape;
use crate::model::Timestamp;
use crate::testing::golden::hours;

/// The width of the axis, and the room on its left and right for circles and texts.
const WIDTH: u64 = 960;
const MARGIN: u64 = 20;

/// The drawing: a circle for each moment, which leads to its place on the page. Empty if no time passes.
pub(super) fn axis(outcome: &Outcome) -> String {
    let moments: Vec<&Moment> = outcome.steps.iter().flat_map(|step| &step.moments).collect();
    let (Some(first), Some(last)) =
        (moments.iter().map(|moment| moment.at).min(), moments.iter().map(|moment| moment.at).max())
    else {
        return String::new();
    };
    if first == last {
        return String::new();
    }
    let (right, middle) = (WIDTH + MARGIN, 18);
    let mut svg = format!(
        "<svg class=\"axis\" viewBox=\"0 0 {} 50\" role=\"img\" aria-label=\"The times of the events\">\n\
         <line x1=\"{MARGIN}\" y1=\"{middle}\" x2=\"{right}\" y2=\"{middle}\"/>\n",
        WIDTH + 2 * MARGIN
    );
    for (number, moment) in (1..).zip(&moments) {
        let (x, title) = (place(first, last, moment.at), escape(&label(moment)));
        let class = class(moment);
        svg.extend([format!(
            "<a href=\"#m{number}\"><circle class=\"{class}\" cx=\"{x}\" cy=\"{middle}\" r=\"8\"><title>{title}</title></circle></a>\n"
        )]);
    }
    let (begin, end) = (hours(first), hours(last));
    svg + &format!(
        "<text x=\"{MARGIN}\" y=\"44\">{begin}</text>\n<text x=\"{right}\" y=\"44\" text-anchor=\"end\">{end}</text>\n</svg>\n"
    )
}

/// The place of a time on the axis.
fn place(first: Timestamp, last: Timestamp, at: Timestamp) -> u64 {
    let millis = |from: Timestamp| u64::try_from(from.since(first).as_millis()).unwrap_or(u64::MAX);
    MARGIN + millis(at).saturating_mul(WIDTH) / millis(last).max(1)
}

fn label(moment: &Moment) -> String {
    let cause = moment.command.as_deref().unwrap_or("timers are due");
    format!("{}: {}", hours(moment.at), cause.chars().take(120).collect::<String>())
}

fn class(moment: &Moment) -> &'static str {
    let is_alarm = |line: &String| line.starts_with("alert") || line.starts_with("dead");
    match (moment.lines.iter().any(is_alarm), &moment.command) {
        (true, _) => "alarm",
        (false, None) => "due",
        (false, Some(_)) => "event",
    }
}
