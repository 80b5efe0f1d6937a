//! `submit: progressive`: what it demands of the rules of a bundle, and what follows from it.

use std::time::Duration;

use super::Bundle;
use super::delivery::ControlM;
use crate::codec::yaml::Item;
use crate::processor::bundle::Rules;

/// A day of Control-M.
const DAY: Duration = Duration::from_hours(24);
/// The longest time from the first event to the next cut-off, on a day on which clocks are set back.
const CUT_OFF_MAX: Duration = Duration::from_hours(25);

/// Checks the file, and sets what follows from progressive submits. `root` is the whole file.
pub(super) fn apply(root: &Item<'_>, bundle: &mut Bundle, to: &mut ControlM) {
    let rules = &mut bundle.rules;
    if !is_fixed(rules) {
        let hint = "write the number in `bundle.children`, or in `bundle.members` without ranges, and remove `expects`, `complete_when` and \
                    `at_least`; or submit complete bundles";
        at(root, &["deliver", "control_m", "submit"]).problem(
            "the folder is made at the first event of a bundle, when the number of its members must be known",
            Some(hint.to_owned()),
        );
    }
    let kept = DAY.saturating_mul(to.retention_days);
    if kept < rules.expire {
        let days = rules.expire.as_secs().div_ceil(DAY.as_secs());
        let hint = format!("write {days} or more, or a shorter `bundle.expire`");
        at(root, &["deliver", "control_m", "retention_days"])
            .problem("Control-M would remove the folder before its bundle expires", Some(hint));
    }
    // A repeated event must not open a bundle again, because its folder would be submitted again.
    match root.node().get("bundle").and_then(|bundle| bundle.get("keep_closed")) {
        None => rules.keep_closed = rules.keep_closed.max(rules.expire),
        Some(_) if rules.keep_closed < rules.expire => {
            let hint = "remove it, or make it at least as long as `expire`".to_owned();
            at(root, &["bundle", "keep_closed"]).problem(
                "with `submit: progressive` a repeated event of a forgotten bundle would submit its folder again",
                Some(hint),
            );
        }
        Some(_) => {}
    }
    // Until its bundle is late a folder waits as it should.
    let deadline = if rules.cut_off.is_some() { CUT_OFF_MAX } else { rules.sla };
    let says_waiting = at(root, &["deliver", "control_m", "track"]).node().get("waiting").is_some();
    if let Some(track) = to.track.as_mut().filter(|_| !says_waiting) {
        track.waiting = track.waiting.saturating_add(deadline);
    }
    rules.progress = true;
}

/// True if each bundle has the same number of members.
fn is_fixed(rules: &Rules) -> bool {
    !rules.is_flexible() && rules.sources.iter().all(|source| source.expects.is_none())
}

/// The item at this path, or the nearest one above it.
fn at<'a>(root: &Item<'a>, path: &[&str]) -> Item<'a> {
    let mut item = root.clone();
    for key in path {
        let Some(node) = item.node().get(key) else { break };
        item = item.below(key, node);
    }
    item
}
