//! A topology's text as a [`Spec`].

use std::time::Duration;

use jiff::tz::TimeZone;

use super::{ControlM, SUBMISSIONS_DEFAULT, Spec};
use crate::codec::json::Pointer;
use crate::codec::yaml::{Collector, Fields, Item, Problems, parse};
use crate::model::Topic;
use crate::processor::bundle::{
    CHILDREN_DEFAULT, CHILDREN_MAX, KEEP_CLOSED_DEFAULT, KeyFormat, Role, Rules, SLA_DEFAULT, SourceRules, TimeRule,
};

/// The longest name of a Kafka topic (`org.apache.kafka.common.internals.Topic.MAX_NAME_LENGTH`).
const TOPIC_CHARS_MAX: usize = 249;
/// How many days Control-M may be told to keep jobs.
const RETENTION_DAYS_MAX: i64 = 3_650;
const RETENTION_DAYS_DEFAULT: u32 = 14;

impl Spec {
    /// Reads a file's text; `name` is what problems call the file.
    pub fn parse(name: &str, text: &str) -> Result<Self, Problems> {
        let tree = parse(name, text)?;
        let collector = Collector::default();
        let spec = whole(&Item::root(&tree, &collector));
        collector.finish(&tree.at, spec)
    }
}

fn whole(root: &Item<'_>) -> Option<Spec> {
    let mut fields = root.fields()?;
    // Everything is read before anything is given up, so that all mistakes are reported.
    let name = fields.required_item("name").and_then(|item| legal_name(&item));
    let sources = fields.required_item("sources").and_then(|item| sources(&item));
    let bundle = fields.item("bundle");
    let submissions = match fields.item("submissions") {
        Some(item) => topic(&item),
        None => Some(SUBMISSIONS_DEFAULT.to_owned()),
    };
    let deliver = fields.item("deliver").map(|item| deliver(&item));
    if let (Some(item), Some(sources), Some(submissions)) = (fields.item("sources"), &sources, &submissions) {
        not_in_a_circle(&item, sources, submissions);
    }
    fields.finish();
    let rules = rules(bundle, sources.unwrap_or_default());
    let deliver = match deliver {
        Some(read) => Some(read?),
        None => None,
    };
    Some(Spec { name: name?, rules: rules?, submissions: Topic::new(&submissions?), deliver })
}

/// Reads what a bundle is; a file without the section takes every default.
fn rules(bundle: Option<Item<'_>>, sources: Vec<SourceRules>) -> Option<Rules> {
    let mut rules = Rules {
        sources,
        children: CHILDREN_DEFAULT,
        sla: SLA_DEFAULT,
        keep_closed: KEEP_CLOSED_DEFAULT,
        key: KeyFormat::Uuid,
    };
    let Some(bundle) = bundle else { return Some(rules) };
    let mut fields = bundle.fields()?;
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

/// Reads every source and judges them together.
fn sources(list: &Item<'_>) -> Option<Vec<SourceRules>> {
    let items = list.items()?;
    let read: Vec<Option<SourceRules>> = items.iter().map(source).collect();
    let mut known: Vec<&SourceRules> = Vec::new();
    for (item, source) in items.iter().zip(&read) {
        let Some(source) = source else { continue };
        if known.iter().any(|other| other.topic == source.topic) {
            item.problem(
                format!("topic `{}` is a source already", source.topic),
                Some("name each topic once".to_owned()),
            );
        }
        if source.member == Role::Parent && known.iter().any(|other| other.member == Role::Parent) {
            let hint = "keep one, or make this one `member: child`".to_owned();
            item.problem("this is a second source of parents, and a bundle has one parent", Some(hint));
        }
        known.push(source);
    }
    // A source that could not be read may be the one that would be missed.
    if read.iter().all(Option::is_some) {
        for (role, article) in [(Role::Parent, "parents"), (Role::Child, "children")] {
            if !known.iter().any(|source| source.member == role) {
                let hint = format!("add a source with `member: {}`", role.as_str());
                list.problem(format!("there is no source of {article}"), Some(hint));
            }
        }
    }
    read.into_iter().collect()
}

fn source(item: &Item<'_>) -> Option<SourceRules> {
    let mut fields = item.fields()?;
    let topic = fields.required_item("topic").and_then(|item| topic(&item));
    let words = [("parent", Role::Parent), ("child", Role::Child)];
    let member = fields.required_item("member").and_then(|item| item.word(&words));
    let bundle = fields.required_item("bundle").and_then(|item| pointer(&item));
    let id = fields.required_item("id").and_then(|item| pointer(&item));
    let expects = only_of(&mut fields, "expects", member, Role::Parent);
    let position = only_of(&mut fields, "position", member, Role::Child);
    let time = fields.item("time").map(|item| time(&item));
    fields.finish();
    let time = match time {
        Some(read) => Some(read?),
        None => None,
    };
    Some(SourceRules { topic: topic?, member: member?, bundle: bundle?, id: id?, expects, position, time })
}

/// A pointer that only sources of one role may have.
fn only_of(fields: &mut Fields<'_>, key: &'static str, member: Option<Role>, role: Role) -> Option<Pointer> {
    let item = fields.item(key)?;
    if member.is_some_and(|member| member != role) {
        let hint = format!("remove it, or make this source `member: {}`", role.as_str());
        item.problem(format!("only a source with `member: {}` has this", role.as_str()), Some(hint));
    }
    pointer(&item)
}

fn time(item: &Item<'_>) -> Option<TimeRule> {
    let mut fields = item.fields()?;
    let pointer = fields.required_item("pointer").and_then(|item| pointer(&item));
    let zone = fields.item("zone").and_then(|item| {
        item.parsed(|name| match TimeZone::get(name) {
            Ok(_) => Ok(name.to_owned()),
            Err(_unknown) => Err(format!("the zone `{name}` is not known; name an IANA zone such as `Europe/Berlin`")),
        })
    });
    fields.finish();
    Some(TimeRule { pointer: pointer?, zone })
}

fn deliver(item: &Item<'_>) -> Option<ControlM> {
    let mut fields = item.fields()?;
    let control_m = fields.required_item("control_m").and_then(|item| control_m(&item));
    fields.finish();
    control_m
}

fn control_m(item: &Item<'_>) -> Option<ControlM> {
    let mut fields = item.fields()?;
    let template = fields.required("template");
    let server = fields.required("server");
    let retention_days = match fields.item("retention_days") {
        Some(item) => item.integer(0..=RETENTION_DAYS_MAX),
        None => Some(RETENTION_DAYS_DEFAULT),
    };
    fields.finish();
    Some(ControlM { template: template?, server: server?, retention_days: retention_days? })
}

fn pointer(item: &Item<'_>) -> Option<Pointer> {
    item.parsed(Pointer::parse)
}

fn legal_name(item: &Item<'_>) -> Option<String> {
    item.parsed(|name| if legal(name) { Ok(name.to_owned()) } else { Err(illegal("a name", name)) })
}

fn topic(item: &Item<'_>) -> Option<String> {
    item.parsed(|name| if legal(name) { Ok(name.to_owned()) } else { Err(illegal("a topic's name in Kafka", name)) })
}

fn illegal(what: &str, name: &str) -> String {
    format!("`{name}` is not {what}: take 1 to {TOPIC_CHARS_MAX} letters, digits, `.`, `_` and `-`")
}

/// Kafka's own rule for topics (`org.apache.kafka.common.internals.Topic.validate`), which also suits a topology's name.
fn legal(name: &str) -> bool {
    let character = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    (1..=TOPIC_CHARS_MAX).contains(&name.len()) && name.chars().all(character) && !matches!(name, "." | "..")
}

/// A topology that reads what it writes would never come to rest.
fn not_in_a_circle(list: &Item<'_>, sources: &[SourceRules], submissions: &str) {
    if sources.iter().any(|source| source.topic == submissions) {
        let hint = Some("write submissions to another topic".to_owned());
        list.problem(format!("`{submissions}` is a source and the topic of submissions"), hint);
    }
}
