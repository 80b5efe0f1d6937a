//! What is counted of the rendering of definitions.

use crate::processor::{Count, Family};
use crate::template;

/// Renderings of the template; label `result`.
const RENDERS: &str = "template_renders_total";

pub(in crate::processor::delivery) const RENDERED: Count = Count::with(RENDERS, "ok");

/// The result of a definition without the folder by which it would be looked up.
pub(super) const NO_FOLDER: &str = "no_folder";

/// Every family, with every series that exists.
pub(in crate::processor::delivery) fn families() -> Vec<Family> {
    let results = [RENDERED, render(NO_FOLDER)].into_iter().chain(template::Error::KINDS.into_iter().map(render));
    vec![Family {
        name: RENDERS,
        help: "Templates rendered, by result.",
        labels: &["result"],
        series: results.map(|count| count.labels).collect(),
    }]
}

/// A rendering with this result.
pub(in crate::processor::delivery) const fn render(result: &'static str) -> Count {
    Count::with(RENDERS, result)
}
