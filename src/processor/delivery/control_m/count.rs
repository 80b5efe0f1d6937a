//! The metrics of rendering job definitions.

use crate::processor::{Count, Family};
use crate::template;

/// Renderings of the template; label `result`.
const RENDERS: &str = "template_renders_total";

pub(super) const RENDERED: Count = render("ok");
/// A definition without the folder for look-ups.
pub(super) const NO_FOLDER: Count = render("no_folder");
/// A definition that breaks a rule of jobs-as-code.
pub(super) const INVALID: Count = render("invalid_definition");

/// The family, with all its series.
pub(super) fn families() -> Vec<Family> {
    let counts = [RENDERED, NO_FOLDER, INVALID].into_iter().chain(template::Error::KINDS.into_iter().map(render));
    vec![Family {
        name: RENDERS,
        help: "Templates rendered, by result.",
        labels: &["result"],
        series: counts.map(|count| count.labels).collect(),
    }]
}

/// A rendering with this result.
pub(super) const fn render(result: &'static str) -> Count {
    Count::with(RENDERS, result)
}
