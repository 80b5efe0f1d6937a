//! The section `alerts`: which alerts people are told, how, and how often.

use std::time::Duration;

use super::field::{Default, Field, Kind};
use super::reader::Reader;
use super::sinks::{Sinks, name_of};
use crate::codec::yaml::{Item, closest};
use crate::model::Severity;
use crate::processor::notification::GroupBy;
use crate::processor::notification::settings::ROUTES_MAX;

/// Which alerts people are told, how, and how often.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alerts {
    /// The properties that alerts of one message have in common.
    pub group_by: Vec<GroupBy>,
    /// The time from the first alert of a group to its message.
    pub group_wait: Duration,
    /// The shortest time between two messages of a group.
    pub group_interval: Duration,
    /// The most messages of a route in any hour.
    pub max_per_hour: usize,
    /// The time from the first attempt until a message is given up.
    pub give_up_after: Duration,
    /// The routes, with different names; none: nobody is told.
    pub routes: Vec<AlertRoute>,
}

/// The way of some alerts to a sink.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlertRoute {
    /// The name; by default that of the sink.
    pub name: String,
    /// The name of the sink.
    pub to: String,
    /// The least severity.
    pub severity: Severity,
    /// The kinds; all of them if there is none.
    pub kinds: Vec<String>,
}

/// The words of `group_by`.
const PROPERTIES: [(&str, GroupBy); 4] = [
    ("kind", GroupBy::Kind),
    ("severity", GroupBy::Severity),
    ("processor", GroupBy::Processor),
    ("key", GroupBy::Key),
];

pub(super) const FIELDS: &[Field] = &[
    Field {
        path: "alerts.routes",
        kind: Kind::Tree,
        default: Default::None("nobody is told"),
        doc: "Who is told of which alerts: a list of `{ to, severity, kinds, name }`. `to` is the name of one of `sinks`; \
              `severity` is the least severity (`info`, `warning` or `critical`; default `info`); `kinds` is a list of kinds \
              of alerts (default: all; `docs/operations.md` has them); `name` is the route's own name, by default that of the \
              sink. An alert goes to each route that takes it. Up to 8 routes.",
    },
    Field {
        path: "alerts.group_by",
        kind: Kind::List,
        default: Default::Value("[kind]"),
        doc: "The alerts of one message have these in common: any of `kind`, `severity`, `processor`, `key`. With `[]` all \
              alerts are one group. At most 20 groups of a route are told apart, the rest are one.",
    },
    Field {
        path: "alerts.group_wait",
        kind: Kind::Duration,
        default: Default::Value("10s"),
        doc: "How long the first alert of a group waits for others, which are told by the same message.",
    },
    Field {
        path: "alerts.group_interval",
        kind: Kind::Duration,
        default: Default::Value("5m"),
        doc: "The shortest time between two messages of a group: what comes meanwhile is told by the next one.",
    },
    Field {
        path: "alerts.max_per_hour",
        kind: Kind::Integer(1, 3_600),
        default: Default::Value("20"),
        doc: "The most messages of a route in any hour, for all its groups and all instances together. What it holds back is \
              told by one message when the hour is over; its text says so.",
    },
    Field {
        path: "alerts.give_up_after",
        kind: Kind::Duration,
        default: Default::Value("1d"),
        doc: "How long a message is tried. Then it is a dead letter and counted as `gave_up`; no alert tells of it.",
    },
];

/// Reads the section.
pub(super) fn read(from: &Reader<'_>, sinks: Option<&Sinks>) -> Option<Alerts> {
    let routes = from.item("alerts.routes").map_or(Some(Vec::new()), |item| routes(&item, sinks));
    let group_by = from.item("alerts.group_by").and_then(|item| group_by(&item));
    let group_wait = from.duration("alerts.group_wait");
    let group_interval = from.duration("alerts.group_interval");
    let max_per_hour = from.integer("alerts.max_per_hour");
    let give_up_after = from.duration("alerts.give_up_after");
    Some(Alerts {
        group_by: group_by?,
        group_wait: group_wait?,
        group_interval: group_interval?,
        max_per_hour: max_per_hour?,
        give_up_after: give_up_after?,
        routes: routes?,
    })
}

fn group_by(item: &Item<'_>) -> Option<Vec<GroupBy>> {
    let words = item.texts()?;
    let property = |word: &String| {
        let found = PROPERTIES.iter().find(|(name, _)| name == word).map(|(_, property)| *property);
        if found.is_none() {
            let hint = closest(word, PROPERTIES.iter().map(|(name, _)| *name));
            let known = "alerts are grouped by `kind`, `severity`, `processor` or `key`".to_owned();
            item.problem(format!("`{word}` is no property of an alert"), hint.or(Some(known)));
        }
        found
    };
    let properties: Vec<Option<GroupBy>> = words.iter().map(property).collect();
    properties.into_iter().collect()
}

fn routes(list: &Item<'_>, sinks: Option<&Sinks>) -> Option<Vec<AlertRoute>> {
    let items = list.items()?;
    if items.len() > ROUTES_MAX {
        let hint = "tell more people by one route: a list of addresses, a channel".to_owned();
        list.problem(format!("there are {} routes of at most {ROUTES_MAX}", items.len()), Some(hint));
    }
    let read: Vec<Option<AlertRoute>> = items.iter().map(|item| route(item, sinks)).collect();
    let mut names: Vec<&str> = Vec::new();
    for (item, route) in items.iter().zip(&read) {
        let Some(route) = route else { continue };
        if names.contains(&route.name.as_str()) {
            let hint = "give each route to the same sink its own `name`".to_owned();
            item.problem(format!("there is another route `{}`", route.name), Some(hint));
        }
        names.push(&route.name);
    }
    read.into_iter().collect()
}

fn route(item: &Item<'_>, sinks: Option<&Sinks>) -> Option<AlertRoute> {
    let mut fields = item.fields()?;
    let to = fields.required_item("to").and_then(|item| sink(&item, sinks));
    let severities = [("info", Severity::Info), ("warning", Severity::Warning), ("critical", Severity::Critical)];
    let severity = fields.item("severity").map_or(Some(Severity::Info), |item| item.word(&severities));
    let kinds = fields.item("kinds").map_or(Some(Vec::new()), |item| {
        let kinds = item.texts()?;
        if kinds.is_empty() {
            item.problem(
                "there is no kind, so that the route would take no alert",
                Some("remove it for all".to_owned()),
            );
            return None;
        }
        Some(kinds)
    });
    let name = match fields.item("name") {
        Some(item) => item.text().and_then(|name| name_of(name, &item)),
        None => to.clone(),
    };
    fields.finish();
    Some(AlertRoute { name: name?, to: to?, severity: severity?, kinds: kinds? })
}

/// The name of a sink. Those of sinks that could not be read are taken as they are.
fn sink(item: &Item<'_>, sinks: Option<&Sinks>) -> Option<String> {
    let name = item.text()?;
    let Some(Sinks(sinks)) = sinks else { return Some(name.to_owned()) };
    if sinks.contains_key(name) {
        return Some(name.to_owned());
    }
    let hint = match closest(name, sinks.keys().map(String::as_str)) {
        Some(hint) => hint,
        None if sinks.is_empty() => format!("add `sinks: {{ {name}: {{ webhook: {{ url: .. }} }} }}`"),
        None => format!("known sinks: `{}`", sinks.keys().cloned().collect::<Vec<_>>().join("`, `")),
    };
    item.problem(format!("there is no sink `{name}`"), Some(hint));
    None
}
