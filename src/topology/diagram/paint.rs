//! The colours and symbols of an SVG picture.

use super::label::Symbol;
use crate::processor::flow::Trouble;

/// The style, for pages in light and dark. All is below one class, because a page may contain the picture.
pub(super) const STYLE: &str = "\
.sheaf-flow { color-scheme: light dark; --ink: #1c2430; --soft: #5c6773; --line: #8b96a2; --card: #ffffff; --page: #f5f7f9;
  --edge: #c6ced6; --stage: #eaeef2; --blue: #1f5fae; --violet: #6b3fa0; --green: #1a7f4b; --teal: #0b7285; --amber: #8a5a00;
  --red: #b3261e; --on: #ffffff; font-family: system-ui, -apple-system, 'Segoe UI', 'Liberation Sans', 'DejaVu Sans', sans-serif; }
@media (prefers-color-scheme: dark) {
  .sheaf-flow { --ink: #e4e8ec; --soft: #9aa5b1; --line: #76828e; --card: #1f2730; --page: #13181e; --edge: #3a4550;
    --stage: #192028; --blue: #82b4f5; --violet: #c3a2f0; --green: #5cc98f; --teal: #66d0de; --amber: #e2b25b; --red: #ff8a80;
    --on: #13181e; }
}
.sheaf-flow text { fill: var(--ink); font-size: 11px; }
.sheaf-flow .page { fill: var(--page); }
.sheaf-flow .heading { font-size: 16px; font-weight: 600; }
.sheaf-flow .name { font-size: 13px; font-weight: 600; }
.sheaf-flow .soft, .sheaf-flow .lane-name { fill: var(--soft); }
.sheaf-flow .lane-name { font-weight: 600; }
.sheaf-flow .card { fill: var(--card); stroke: var(--edge); }
.sheaf-flow .stage { fill: var(--stage); stroke: var(--edge); }
.sheaf-flow .lane { fill: none; stroke: var(--edge); stroke-dasharray: 2 3; }
.sheaf-flow .lane.trouble { fill: var(--red); fill-opacity: .05; stroke: var(--red); stroke-opacity: .45; stroke-dasharray: none; }
.sheaf-flow .lane.late { fill: var(--amber); stroke: var(--amber); }
.sheaf-flow .flow { fill: none; stroke: var(--line); stroke-width: 1.5; }
.sheaf-flow .head { fill: var(--line); }
.sheaf-flow .flow.again { stroke: var(--amber); stroke-dasharray: 5 4; }
.sheaf-flow .head.again { fill: var(--amber); }
.sheaf-flow .flow.undo { stroke-dasharray: 2 3; }
.sheaf-flow .begin, .sheaf-flow .finish { fill: var(--card); stroke: var(--line); stroke-width: 1.5; }
.sheaf-flow .finish { stroke: var(--ink); stroke-width: 3; }
.sheaf-flow .merge { fill: var(--line); }
.sheaf-flow .mark { fill: var(--card); stroke: currentColor; stroke-width: 1.25; }
.sheaf-flow .glyph { fill: none; stroke: currentColor; stroke-width: 1.5; stroke-linecap: round; stroke-linejoin: round; }
.sheaf-flow .stripe { fill: currentColor; }
.sheaf-flow .service { color: var(--blue); } .sheaf-flow .human { color: var(--violet); }
.sheaf-flow .send { color: var(--green); } .sheaf-flow .await { color: var(--teal); }
.sheaf-flow .sleep, .sheaf-flow .rerun, .sheaf-flow .undo, .sheaf-flow .late { color: var(--amber); }
.sheaf-flow .fail, .sheaf-flow .trouble { color: var(--red); } .sheaf-flow .late.trouble { color: var(--amber); }
.sheaf-flow .stage-name { font-size: 13px; font-weight: 600; }
.sheaf-flow .badge { fill: var(--blue); } .sheaf-flow .badge.held { fill: var(--red); } .sheaf-flow .badge.done { fill: var(--green); }
.sheaf-flow .badge.undone { fill: var(--amber); }
.sheaf-flow .badge.failed { fill: var(--card); stroke: var(--red); } .sheaf-flow .badge.failed + .count { fill: var(--red); }
.sheaf-flow .count { fill: var(--on); font-weight: 600; text-anchor: middle; }
.sheaf-flow.way .done > .card { stroke: var(--green); } .sheaf-flow.way .undone > .card { stroke: var(--amber); }
.sheaf-flow.way .here > .card { stroke: var(--blue); stroke-width: 2.5; }
.sheaf-flow.way .held > .card, .sheaf-flow.way .failed > .card { stroke: var(--red); stroke-width: 2.5; }
.sheaf-flow.way .flow.taken { stroke: var(--ink); stroke-width: 2.5; } .sheaf-flow.way .head.taken { fill: var(--ink); }
.sheaf-flow.way .ahead, .sheaf-flow.way .skipped { opacity: .45; } .sheaf-flow.way .skipped > .name { text-decoration: line-through; }
";

/// The lines of a step's symbol, in a square of 16 pixels.
pub(super) const fn symbol(symbol: Symbol) -> &'static str {
    match symbol {
        // A box with an arrow into it.
        Symbol::Service => "M7 3h5a1.5 1.5 0 0 1 1.5 1.5v7a1.5 1.5 0 0 1-1.5 1.5h-5M2 8h7M6.5 5.5l2.5 2.5l-2.5 2.5",
        // A head and shoulders.
        Symbol::Human => "M8 2.5a2.6 2.6 0 1 0 .01 0M2.8 13.5c0-6 10.4-6 10.4 0z",
        // A paper plane.
        Symbol::Send => "M2 7.5l12-5.5l-3.5 12l-3-5zM14 2l-6.5 7",
        // A letter.
        Symbol::Await => "M2 4h12v8.5h-12zM2 4l6 5l6-5",
        // A clock.
        Symbol::Sleep => "M8 2a6 6 0 1 0 .01 0M8 4.5v3.7l2.6 1.6",
        // Boxes.
        Symbol::Stage => "M2 3h5v10h-5zM9 3h5v4h-5zM9 9h5v4h-5z",
        // Back, twice.
        Symbol::Undo => "M7.5 4l-5 4l5 4zM13.5 4l-5 4l5 4z",
        // Round again.
        Symbol::Rerun => "M13 8a5 5 0 1 1-1.6-3.7M11.8 1.5v3h-3",
        // A cross in a circle.
        Symbol::Fail => "M8 2a6 6 0 1 0 .01 0M5.8 5.8l4.4 4.4M10.2 5.8l-4.4 4.4",
    }
}

/// The lines of a mark, around its centre. `None`: that of an undo.
pub(super) const fn mark(trouble: Option<Trouble>) -> &'static str {
    match trouble {
        Some(Trouble::Refused) => "M-2.3-2.3l4.6 4.6M2.3-2.3l-4.6 4.6",
        Some(Trouble::Exhausted) => "M.8-3.4l-2.4 3.6h3.2l-2.4 3.4",
        Some(Trouble::Late) => "M0-3.2v3.2l2 1.4",
        Some(Trouble::Failed) => "M0-3.2v3.4M0 2.9v.1",
        None => "M0-2.4l-3 2.4l3 2.4zM3.4-2.4l-3 2.4l3 2.4z",
    }
}
