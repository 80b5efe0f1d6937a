//! What is checked of processors that stand beside a bundle or a flow, or alone.

use std::collections::BTreeSet;

use crate::codec::yaml::{Fields, Item};

/// The keys of these processors.
const KEYS: [&str; 3] = ["schedule", "script", "trace"];
/// The keys of a file that gathers bundles. Without all of them a file with one of these processors has no bundle.
const BUNDLE_KEYS: [&str; 4] = ["sources", "bundle", "submissions", "deliver"];

/// True for a file with such a processor and without a bundle.
pub(super) fn is_alone(root: &mut Fields<'_>) -> bool {
    // All of them are looked at: what nobody has looked at is reported as unknown.
    let has_bundle = BUNDLE_KEYS.map(|key| root.item(key).is_some()).contains(&true);
    KEYS.map(|key| root.item(key).is_some()).contains(&true) && !has_bundle
}

/// Checks that no topic of the list `reads` of such a processor is one that another processor of the file reads: `read` has the topics, each
/// with what reads it. `root` is the whole file, and `topics` what is in the list.
pub(super) fn refuse_shared<'a>(
    root: &Item<'_>,
    key: &str,
    topics: impl Iterator<Item = &'a str>,
    read: &[(&str, &str)],
) {
    let Some(section) = root.node().get(key) else { return };
    let list = section.get("reads").and_then(|reads| root.below(key, section).below("reads", reads).items());
    for (item, topic) in list.iter().flatten().zip(topics) {
        if let Some((reader, _)) = read.iter().find(|(_, known)| *known == topic) {
            let hint = format!(
                "write the {key} into a topology file of its own: each file is an application, and several may read a topic"
            );
            item.problem(format!("{reader} reads `{topic}` already"), Some(hint));
        }
    }
}

/// Checks that no topic stands in a list twice; `done` is what becomes of it there.
pub(super) fn refuse_repeated<'a>(items: &[Item<'_>], topics: impl Iterator<Item = Option<&'a str>>, done: &str) {
    let mut known = BTreeSet::new();
    for (item, topic) in items.iter().zip(topics).filter_map(|(item, topic)| Some((item, topic?))) {
        if !known.insert(topic) {
            item.problem(format!("topic `{topic}` is {done} already"), Some("keep one of them".to_owned()));
        }
    }
}
