//! The pictures of the sample flows, as files: `SHEAF_UPDATE_GOLDEN=1` writes them, for a look at each.

use std::path::Path;

use similar::TextDiff;

use super::sample;
use crate::processor::flow::{Definition, StepId};
use crate::topology::diagram::{Count, Counts, bpmn, mermaid, svg, text};

fn counts() -> Counts {
    let count = |step, waiting, held, failed| (StepId(step), Count { waiting, held, failed });
    [count(1, 12, 0, 0), count(3, 1_234, 2, 17), count(6, 0, 3, 0), count(7, 0, 0, 0)].into()
}

#[expect(clippy::disallowed_methods, reason = "a test is told to write its files")]
fn check(name: &str, found: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/diagram").join(name);
    if std::env::var_os("SHEAF_UPDATE_GOLDEN").is_some_and(|value| value == "1") {
        return std::fs::write(&path, found).unwrap();
    }
    let known = std::fs::read_to_string(&path).unwrap_or_default();
    let difference = TextDiff::from_lines(known.as_str(), found).unified_diff().to_string();
    assert!(difference.is_empty(), "- is {}, + is the current picture\n\n{difference}", path.display());
}

fn check_all(name: &str, definition: &Definition) {
    check(&format!("{name}.svg"), &svg(definition, &counts()));
    check(&format!("{name}.bpmn"), &bpmn(definition));
    check(&format!("{name}.mmd"), &mermaid(definition));
    check(&format!("{name}.outline"), &text(definition));
}

#[test]
fn a_staged_template_is_drawn() {
    check_all("bicycle", &sample::bicycle());
}

#[test]
fn a_flow_with_every_kind_of_step_is_drawn() {
    check_all("voyage", &sample::voyage());
}
