//! A bundle: its sources, its rules, and the topic of its submissions.

use std::sync::Arc;
use std::time::Duration;

use jiff::civil::Time;
use jiff::tz::TimeZone;

use super::expression;
use super::{name, source};
use crate::codec::yaml::{Fields, Item, Value};
use crate::model::Topic;
use crate::processor::bundle::{
    self, AtLeast, CHILDREN_DEFAULT, CHILDREN_MAX, CONDITION_VARIABLES, CutOff, EXPIRE_DEFAULT, EventOutcome,
    KEEP_CLOSED_DEFAULT, KeyFormat, KeyingError, MemberKeying, NamedChildren, Report, Reports, Resolution, Role, Rules,
    SLA_DEFAULT, SourceRules,
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
        let mut outputs = vec![Output::public(bundle::SUBMISSIONS, self.submissions.topic(application))];
        if self.rules.progress {
            let progress = [bundle::OPENINGS, bundle::SIGNALS];
            outputs.extend(progress.map(|name| Output::own(name, internal_topic(application, name))));
        }
        Node::new(BUNDLE, erase(processor), outputs)
    }
}

/// Reads the keys `sources`, `bundle` and `submissions` of the root.
pub(super) fn read(root: &mut Fields<'_>) -> Option<Bundle> {
    // All keys are read before the first `?`, so that all mistakes are reported.
    let list = root.required_item("sources");
    let section = root.item("bundle");
    let rules = rules(section.clone());
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
    if let Some(list) = &list {
        check_number(section.as_ref(), list, &rules);
    }
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
    let sla = fields.item("sla");
    rules.sla = positive_item(sla.as_ref()).unwrap_or(SLA_DEFAULT);
    rules.cut_off = fields.item("cut_off").and_then(|item| cut_off(&item));
    if let (Some(sla), Some(_)) = (sla, &rules.cut_off) {
        sla.problem("the deadline is the cut-off here", Some("remove it, or `cut_off`".to_owned()));
    }
    deadlines(&mut fields, &mut rules);
    rules.keep_closed = positive(&mut fields, "keep_closed").unwrap_or(KEEP_CLOSED_DEFAULT);
    if let Some(key) = fields.item("key") {
        let words = [("uuid", KeyFormat::Uuid), ("text", KeyFormat::Text)];
        rules.key = key.word(&words).unwrap_or(KeyFormat::Uuid);
    }
    if let Some(no_ids) = fields.item("no_ids") {
        rules.no_ids = no_ids.texts().unwrap_or_default();
    }
    rules.complete_when = fields.item("complete_when").and_then(|item| expression::read(&item, &CONDITION_VARIABLES));
    let at_least_item = fields.item("at_least");
    if let (Some(item), Some(_)) = (&at_least_item, &rules.complete_when) {
        item.problem("a condition says when the bundle is complete", Some("remove it, or `complete_when`".to_owned()));
    }
    fields.finish();
    if let Some(members) = members {
        rules.members = names(&members)?;
    }
    if let Some(item) = at_least_item {
        rules.at_least = Some(at_least(&item, &rules)?);
    }
    Some(rules)
}

/// Reads a number of children, or a range of it (`1..3`).
fn range(item: &Item<'_>) -> Option<(u32, u32)> {
    let words = "a whole number from 1 to 10000, or a range such as `1..3`";
    if let Value::Integer(number) = item.node().value {
        let number = u32::try_from(number).ok().filter(|number| (1..=CHILDREN_MAX).contains(number));
        return number.map_or_else(|| item.expected(words, None), |number| Some((number, number)));
    }
    let ends = item.text()?.split_once("..").and_then(|(min, max)| Some((min.parse().ok()?, max.parse().ok()?)));
    match ends {
        Some((min, max)) if min <= max && (1..=CHILDREN_MAX).contains(&max) => Some((min, max)),
        Some(_) | None => item.expected(words, None),
    }
}

/// Reads the members that suffice after a time-out.
fn at_least(item: &Item<'_>, rules: &Rules) -> Option<AtLeast> {
    let mut fields = item.fields()?;
    let children = fields.item("children");
    let after = fields.required_item("after").and_then(|item| positive_item(Some(&item)));
    let least = match (&children, rules.members.is_empty()) {
        (Some(children), true) => children.integer(1..=i64::from(CHILDREN_MAX)),
        (Some(children), false) => {
            let hint = Some("remove it: the least numbers are those of the ranges in `members`".to_owned());
            children.problem("children are counted by name here", hint);
            None
        }
        (None, true) => {
            let hint = Some("add the least number of children, as in `{ children: 3, after: 2h }`".to_owned());
            item.problem("this says no number of children", hint);
            None
        }
        (None, false) if rules.members.iter().all(|named| named.min == named.count) => {
            let hint = Some("give one a range, as in `members: { quote: 3..5 }`".to_owned());
            item.problem("all members are needed, so that a time-out changes nothing", hint);
            None
        }
        (None, false) => Some(0),
    };
    fields.finish();
    let after = after?;
    if after >= rules.expire {
        item.problem("`after` must be shorter than `expire`", None);
    }
    Some(AtLeast { children: least?, after })
}

/// Checks that it is known how many members a bundle has, by the rules and the sources together.
fn check_number(section: Option<&Item<'_>>, list: &Item<'_>, rules: &Rules) {
    let expects = |role: Role| rules.sources.iter().any(|source| source.member == role && source.expects.is_some());
    let children = section.and_then(|section| section.node().get("children"));
    let has_parent = rules.sources.iter().any(|source| source.member == Role::Parent);
    if expects(Role::Parent) && expects(Role::Child) {
        let hint = Some("keep `expects` at the parent, or at the children".to_owned());
        list.problem("parents and children both say how many children there are", hint);
    }
    if let (true, Some(section), Some(node)) = (expects(Role::Child), section, children) {
        let hint = Some("remove it, or `expects` of the children".to_owned());
        section.below("children", node).problem("children say their number here", hint);
    }
    if !has_parent && rules.members.is_empty() && children.is_none() && !expects(Role::Child) {
        let hint = "add a source with `member: parent`; or say how many members a bundle without one has: `bundle.children`, \
                    `bundle.members`, or `expects` of the children";
        list.problem("there is no source of parents", Some(hint.to_owned()));
    }
    if !has_parent && !rules.members.is_empty() && rules.members.iter().all(|named| named.min == 0) {
        let hint = Some("make one of them required, as in `{ order: 1, payment: 0..3 }`".to_owned());
        list.problem("no member is required, so that each would be a bundle", hint);
    }
    if let (Some(_), true, Some(section)) =
        (&rules.complete_when, expects(Role::Parent) || expects(Role::Child), section)
    {
        let hint = Some(
            "remove `expects`: `children` or `members` say the least number, and the condition the rest".to_owned(),
        );
        section.problem("with `complete_when` no event says the number of children", hint);
    }
    let is_fixed = !expects(Role::Parent) && !expects(Role::Child) && rules.members.is_empty();
    if let (true, Some(at_least), Some(section)) = (is_fixed, rules.at_least, section)
        && at_least.children >= rules.children
    {
        let hint = Some("make it fewer than `children`, or let a source say the number with `expects`".to_owned());
        section.problem(format!("`at_least` names {} children of {}", at_least.children, rules.children), hint);
    }
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

/// Reads the time of the day at which bundles are due.
fn cut_off(item: &Item<'_>) -> Option<CutOff> {
    let mut fields = item.fields()?;
    let at = fields.required_item("at").and_then(|item| {
        item.parsed(|text| {
            let clock = |_error| format!("`{text}` is not a time of the day: write it as `23:59` or `06:30:00`");
            text.parse::<Time>().map_err(clock)
        })
    });
    let zone = fields.required_item("zone").and_then(|item| source::zone(&item));
    fields.finish();
    Some(CutOff { at: at?, zone: TimeZone::get(&zone?).ok()? })
}

/// Reads the warning before the deadline, and the expiry.
fn deadlines(fields: &mut Fields<'_>, rules: &mut Rules) {
    // A day by the clocks has up to 25 hours.
    let (longest, what) = match rules.cut_off {
        Some(_) => (Duration::from_hours(25), "25 hours, the longest day"),
        None => (rules.sla, "`sla`"),
    };
    let item = fields.item("warn_before");
    rules.warn_before = positive_item(item.as_ref());
    if let (Some(item), Some(_)) = (item, rules.warn_before.filter(|before| *before >= longest)) {
        let hint = "it is the time from the warning to the deadline: to warn at 20 of 24 hours, write `4h`".to_owned();
        item.problem(format!("this must be shorter than {what}"), Some(hint));
    }
    let item = fields.item("expire");
    rules.expire = positive_item(item.as_ref()).unwrap_or(EXPIRE_DEFAULT.max(rules.sla.saturating_mul(2)));
    if let Some(item) = item.filter(|_| rules.expire <= longest) {
        let hint =
            "an incomplete bundle is kept from its first event to its expiry, the deadline in between".to_owned();
        item.problem(format!("this must be longer than {what}"), Some(hint));
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
        if is_reserved || !Topic::is_legal(&entry.key) {
            item.problem(
                format!("`{}` is not a name of children", entry.key),
                Some("take letters, digits, `.`, `_` and `-`, and neither `parent` nor `child`".to_owned()),
            );
        }
        let (min, count) = range(&item)?;
        Some(NamedChildren { name: Arc::from(entry.key.as_str()), count, min })
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
