//! A bundle: its sources, its rules, and the topic of its submissions.

use std::sync::Arc;
use std::time::Duration;

use super::{name, source};
use crate::codec::yaml::{Fields, Item};
use crate::model::Topic;
use crate::processor::bundle::{
    self, CHILDREN_DEFAULT, CHILDREN_MAX, EXPIRE_DEFAULT, EventOutcome, KEEP_CLOSED_DEFAULT, KeyFormat, KeyingError,
    MemberKeying, NamedChildren, Report, Reports, Resolution, Role, Rules, SLA_DEFAULT, SourceRules,
};
use crate::processor::erase;
use crate::topology::{Node, Output, Source, StartAt, internal_topic};

/// The name of the bundle's processor: part of its topics, tasks and directories.
pub const BUNDLE: &str = "bundle";
/// The topic of submissions when a file names none is `<application>-` and this.
const SUBMISSIONS_DEFAULT: &str = "submissions";

/// A processor that gathers the members of bundles.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bundle {
    /// The sources of the members, and the rules of completeness and lateness.
    pub rules: Rules,
    /// Where the first start begins each source, in the order of the rules' sources.
    pub starts: Vec<Option<StartAt>>,
    /// The topic of complete bundles.
    pub submissions: Submissions,
}

/// The topic of complete bundles.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Submissions {
    /// `<application>-submissions`, so that two applications of one file do not share it.
    OfApplication,
    /// The topic that the file names.
    Named(Topic),
}

impl Submissions {
    /// The topic for an application.
    pub fn topic(&self, application: &str) -> Topic {
        match self {
            Self::OfApplication => internal_topic(application, SUBMISSIONS_DEFAULT),
            Self::Named(topic) => topic.clone(),
        }
    }
}

impl Bundle {
    /// The sources, for the node with this index.
    pub(super) fn sources(&self, node: usize) -> Result<Vec<Source>, KeyingError> {
        let sources = &self.rules.sources;
        // The sources of one topic are one source of the runtime, with a keying step that tells them apart.
        let is_first = |(index, source): &(usize, &SourceRules)| {
            !sources.iter().take(*index).any(|other| other.topic == source.topic)
        };
        let wire = |(index, source): (usize, &SourceRules)| {
            let keying = Arc::new(MemberKeying::new(&self.rules, index)?);
            let start = self.starts.get(index).copied().flatten();
            Ok(Source { topic: Topic::new(&source.topic), node, keying, start })
        };
        sources.iter().enumerate().filter(is_first).map(wire).collect()
    }

    /// The topics of children that are counted together although they are several: two of one are taken for one of each.
    pub fn counted_together(&self) -> Vec<&str> {
        let is_unnamed = |source: &&SourceRules| source.member == Role::Child && source.name.is_none();
        let topics: Vec<&str> =
            self.rules.sources.iter().filter(is_unnamed).map(|source| source.topic.as_str()).collect();
        if topics.len() > 1 { topics } else { Vec::new() }
    }

    /// The node; the names of the application and the topology are fields of its submissions and alerts.
    pub(super) fn node(&self, application: &str, topology: &str) -> Node {
        let processor = bundle::Bundle::new(topology, self.rules.clone()).of_application(application);
        Node {
            name: BUNDLE.into(),
            processor: erase(processor),
            outputs: vec![Output::public(bundle::SUBMISSIONS, self.submissions.topic(application))],
        }
    }
}

/// Reads the keys `sources`, `bundle` and `submissions` of the root.
pub(super) fn read(root: &mut Fields<'_>) -> Option<Bundle> {
    // All keys are read before the first `?`, so that all mistakes are reported.
    let list = root.required_item("sources");
    let rules = rules(root.item("bundle"));
    // The names of children are words of the sources; without rules any may be right.
    let names = rules.as_ref().map(|rules| &*rules.members);
    let sources = list.as_ref().and_then(|list| source::read(list, names));
    let submissions = match root.item("submissions") {
        Some(item) => name::topic(&item).map(|name| Submissions::Named(Topic::new(&name))),
        None => Some(Submissions::OfApplication),
    };
    let (sources, starts): (Option<Vec<_>>, Option<Vec<_>>) = sources.map(|read| read.into_iter().unzip()).unzip();
    if let (Some(list), Some(sources), Some(Submissions::Named(submissions))) = (&list, &sources, &submissions) {
        refuse_loop(list, sources, submissions);
    }
    let rules = Rules { sources: sources?, ..rules? };
    Some(Bundle { rules, starts: starts?, submissions: submissions? })
}

/// Reads the rules of completeness and lateness; without the section all have their defaults.
fn rules(section: Option<Item<'_>>) -> Option<Rules> {
    let mut rules = Rules::new(Vec::new());
    let Some(section) = section else { return Some(rules) };
    let mut fields = section.fields()?;
    let members = fields.item("members");
    if let Some(children) = fields.item("children") {
        if members.is_some() {
            let hint = Some("remove it: the numbers in `members` are those of the children".to_owned());
            children.problem("children are counted by name here", hint);
        }
        rules.children = children.integer(1..=i64::from(CHILDREN_MAX)).unwrap_or(CHILDREN_DEFAULT);
    }
    if let Some(item) = fields.item("conflicts") {
        let words = [("first", Resolution::First), ("latest", Resolution::Latest), ("reject", Resolution::Reject)];
        rules.conflicts = item.word(&words).unwrap_or_default();
    }
    if let Some(item) = fields.item("deviations") {
        rules.reports = reports(&item).unwrap_or_default();
    }
    rules.sla = positive(&mut fields, "sla").unwrap_or(SLA_DEFAULT);
    deadlines(&mut fields, &mut rules);
    rules.keep_closed = positive(&mut fields, "keep_closed").unwrap_or(KEEP_CLOSED_DEFAULT);
    if let Some(key) = fields.item("key") {
        let words = [("uuid", KeyFormat::Uuid), ("text", KeyFormat::Text)];
        rules.key = key.word(&words).unwrap_or(KeyFormat::Uuid);
    }
    if let Some(no_ids) = fields.item("no_ids") {
        rules.no_ids = no_ids.texts().unwrap_or_default();
    }
    fields.finish();
    if let Some(members) = members {
        rules.members = names(&members)?;
    }
    Some(rules)
}

/// Reads how deviations are reported.
fn reports(item: &Item<'_>) -> Option<Reports> {
    let words = [("alert", Report::Alert), ("count", Report::Count), ("ignore", Report::Ignore)];
    let (mut fields, mut reports) = (item.fields()?, Reports::default());
    for deviation in EventOutcome::DEVIATIONS {
        if let Some(report) = fields.item(deviation.as_str()).and_then(|item| item.word(&words)) {
            reports.set(deviation, report);
        }
    }
    fields.finish();
    Some(reports)
}

/// Reads the warning before the deadline, and the expiry.
fn deadlines(fields: &mut Fields<'_>, rules: &mut Rules) {
    let item = fields.item("warn_before");
    rules.warn_before = positive_item(item.as_ref());
    if let (Some(item), Some(_)) = (item, rules.warn_before.filter(|before| *before >= rules.sla)) {
        let hint = "it is the time from the warning to the deadline: to warn at 20 of 24 hours, write `4h`".to_owned();
        item.problem("this must be shorter than `sla`", Some(hint));
    }
    let item = fields.item("expire");
    rules.expire = positive_item(item.as_ref()).unwrap_or(EXPIRE_DEFAULT.max(rules.sla.saturating_mul(2)));
    if let Some(item) = item.filter(|_| rules.expire <= rules.sla) {
        let hint =
            "an incomplete bundle is kept from its first event to its expiry, the deadline in between".to_owned();
        item.problem("this must be longer than `sla`", Some(hint));
    }
}

/// Reads the numbers of children by name.
fn names(members: &Item<'_>) -> Option<Vec<NamedChildren>> {
    if members.node().entries().is_empty() {
        return members.expected("a map of names and numbers", Some("as in `{ payment: 1, shipment: 1 }`".to_owned()));
    }
    let named = members.node().entries().iter().map(|entry| {
        let item = members.below(&entry.key, &entry.node);
        let is_reserved = [Role::Parent, Role::Child].iter().any(|role| role.as_str() == entry.key);
        if is_reserved || !name::is_legal(&entry.key) {
            item.problem(
                format!("`{}` is not a name of children", entry.key),
                Some("take letters, digits, `.`, `_` and `-`, and neither `parent` nor `child`".to_owned()),
            );
        }
        Some(NamedChildren { name: Arc::from(entry.key.as_str()), count: item.integer(1..=i64::from(CHILDREN_MAX))? })
    });
    // All are read before the first failure ends it, so that all problems are reported.
    let named: Vec<Option<NamedChildren>> = named.collect();
    let named: Vec<NamedChildren> = named.into_iter().collect::<Option<_>>()?;
    let total: u64 = named.iter().map(|named| u64::from(named.count)).sum();
    if total > u64::from(CHILDREN_MAX) {
        members.problem(format!("these are {total} children; a bundle has at most {CHILDREN_MAX}"), None);
    }
    Some(named)
}

fn positive(fields: &mut Fields<'_>, key: &'static str) -> Option<Duration> {
    positive_item(fields.item(key).as_ref())
}

fn positive_item(item: Option<&Item<'_>>) -> Option<Duration> {
    let item = item?;
    let duration: Duration = item.read()?;
    if duration.is_zero() {
        item.problem("this must be longer than 0", None);
    }
    Some(duration)
}

/// Refuses the topic of submissions as a source: each submission would cause another one.
fn refuse_loop(list: &Item<'_>, sources: &[SourceRules], submissions: &Topic) {
    if sources.iter().any(|source| source.topic == submissions.as_str()) {
        let hint = Some("write submissions to another topic".to_owned());
        list.problem(format!("`{submissions}` is a source and the topic of submissions"), hint);
    }
}
