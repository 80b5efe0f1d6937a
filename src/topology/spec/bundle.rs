//! A bundle: its sources, its rules, and the topic of its submissions.

use std::sync::Arc;
use std::time::Duration;

use super::{name, source};
use crate::codec::yaml::{Fields, Item};
use crate::model::Topic;
use crate::processor::bundle::{
    self, CHILDREN_DEFAULT, CHILDREN_MAX, KEEP_CLOSED_DEFAULT, KeyFormat, KeyingError, MemberKeying, Rules,
    SLA_DEFAULT, SourceRules,
};
use crate::processor::erase;
use crate::topology::{Node, Output, Source, StartAt};

/// The name of the bundle's processor: part of its topics, tasks and directories.
pub const BUNDLE: &str = "bundle";
/// The topic of submissions when a file names none.
pub const SUBMISSIONS_DEFAULT: &str = "ctm-submissions";

/// A processor that gathers the members of bundles.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bundle {
    /// The sources of the members, and the rules of completeness and lateness.
    pub rules: Rules,
    /// Where the first start begins each source, in the order of the rules' sources.
    pub starts: Vec<Option<StartAt>>,
    /// The topic of complete bundles.
    pub submissions: Topic,
}

impl Bundle {
    /// The sources, for the node with this index.
    pub(super) fn sources(&self, node: usize) -> Result<Vec<Source>, KeyingError> {
        let wire = |(index, source): (usize, &SourceRules)| {
            let keying = Arc::new(MemberKeying::new(&self.rules, index)?);
            let start = self.starts.get(index).copied().flatten();
            Ok(Source { topic: Topic::new(&source.topic), node, keying, start })
        };
        self.rules.sources.iter().enumerate().map(wire).collect()
    }

    /// The node; the topology's name is a field of its submissions and alerts.
    pub(super) fn node(&self, topology: &str) -> Node {
        Node {
            name: BUNDLE.into(),
            processor: erase(bundle::Bundle::new(topology, self.rules.clone())),
            outputs: vec![Output::public(bundle::SUBMISSIONS, self.submissions.clone())],
        }
    }
}

/// Reads the keys `sources`, `bundle` and `submissions` of the root.
pub(super) fn read(root: &mut Fields<'_>) -> Option<Bundle> {
    // All keys are read before the first `?`, so that all mistakes are reported.
    let list = root.required_item("sources");
    let sources = list.as_ref().and_then(source::read);
    let rules = rules(root.item("bundle"));
    let submissions = match root.item("submissions") {
        Some(item) => name::topic(&item),
        None => Some(SUBMISSIONS_DEFAULT.to_owned()),
    };
    let (sources, starts): (Option<Vec<_>>, Option<Vec<_>>) = sources.map(|read| read.into_iter().unzip()).unzip();
    if let (Some(list), Some(sources), Some(submissions)) = (&list, &sources, &submissions) {
        refuse_loop(list, sources, submissions);
    }
    let rules = Rules { sources: sources?, ..rules? };
    Some(Bundle { rules, starts: starts?, submissions: Topic::new(&submissions?) })
}

/// Reads the rules of completeness and lateness; without the section all have their defaults.
fn rules(section: Option<Item<'_>>) -> Option<Rules> {
    let mut rules = Rules {
        sources: Vec::new(),
        children: CHILDREN_DEFAULT,
        sla: SLA_DEFAULT,
        keep_closed: KEEP_CLOSED_DEFAULT,
        key: KeyFormat::Uuid,
    };
    let Some(section) = section else { return Some(rules) };
    let mut fields = section.fields()?;
    if let Some(children) = fields.item("children") {
        rules.children = children.integer(1..=i64::from(CHILDREN_MAX)).unwrap_or(CHILDREN_DEFAULT);
    }
    rules.sla = positive(&mut fields, "sla").unwrap_or(SLA_DEFAULT);
    rules.keep_closed = positive(&mut fields, "keep_closed").unwrap_or(KEEP_CLOSED_DEFAULT);
    if let Some(key) = fields.item("key") {
        let words = [("uuid", KeyFormat::Uuid), ("text", KeyFormat::Text)];
        rules.key = key.word(&words).unwrap_or(KeyFormat::Uuid);
    }
    fields.finish();
    Some(rules)
}

fn positive(fields: &mut Fields<'_>, key: &'static str) -> Option<Duration> {
    let item = fields.item(key)?;
    let duration: Duration = item.read()?;
    if duration.is_zero() {
        item.problem("this must be longer than 0", None);
    }
    Some(duration)
}

/// Refuses the topic of submissions as a source: each submission would cause another one.
fn refuse_loop(list: &Item<'_>, sources: &[SourceRules], submissions: &str) {
    if sources.iter().any(|source| source.topic == submissions) {
        let hint = Some("write submissions to another topic".to_owned());
        list.problem(format!("`{submissions}` is a source and the topic of submissions"), hint);
    }
}
