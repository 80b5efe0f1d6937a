//! The sources of a bundle: topics, their records, and the places of these that matter.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::tz::TimeZone;

use super::{name, place, start, version};
use crate::codec::yaml::{Fields, Item, Value};
use crate::processor::bundle::{Implausible, NamedChildren, Role, SourceRules, TimeRule, TimeUnit};
use crate::processor::place::Place;
use crate::topology::StartAt;

/// Reads the list of sources, and checks it as a whole. `names` are those of children that are counted by name; `None` if they
/// could not be read.
pub(super) fn read(list: &Item<'_>, names: Option<&[NamedChildren]>) -> Option<Vec<(SourceRules, Option<StartAt>)>> {
    let items = list.items()?;
    let read: Vec<Option<(SourceRules, Option<StartAt>)>> = items.iter().map(|item| source(item, names)).collect();
    let mut known: Vec<&SourceRules> = Vec::new();
    let mut starts: BTreeMap<&str, Option<StartAt>> = BTreeMap::new();
    for (item, source) in items.iter().zip(&read) {
        let Some((source, start)) = source else { continue };
        refuse_another_start(item, (&source.topic, *start), &mut starts);
        if let Some(other) = known.iter().find(|other| other.topic == source.topic) {
            share(item, other, source);
        }
        if source.member == Role::Parent && known.iter().any(|other| other.member == Role::Parent) {
            let hint = "keep one, or make this one `member: child`".to_owned();
            item.problem("this is a second source of parents, and a bundle has one parent", Some(hint));
        }
        known.push(source);
    }
    // A source that could not be read may be the missing one.
    if read.iter().all(Option::is_some) {
        for named in names.unwrap_or_default() {
            if !known.iter().any(|source| source.name.as_ref() == Some(&named.name)) {
                let hint = format!("add a source with `member: {0}`, or remove it from `bundle.members`", named.name);
                list.problem(format!("there is no source of `{}`", named.name), Some(hint));
            }
        }
        if !known.iter().any(|source| source.member == Role::Child) {
            list.problem("there is no source of children", Some("add a source with `member: child`".to_owned()));
        }
    }
    read.into_iter().collect()
}

/// Checks that the sources of a topic begin at the same place, because they are read as one.
fn refuse_another_start<'r>(
    item: &Item<'_>,
    (topic, start): (&'r str, Option<StartAt>),
    starts: &mut BTreeMap<&'r str, Option<StartAt>>,
) {
    if *starts.entry(topic).or_insert(start) != start {
        let hint = "give all sources of a topic the same `start`".to_owned();
        item.problem(format!("topic `{topic}` is a source with another start already"), Some(hint));
    }
}

/// Checks a source whose topic is one of another source too.
fn share(item: &Item<'_>, other: &SourceRules, source: &SourceRules) {
    if source.conditions.is_empty() || other.conditions.is_empty() {
        let hint =
            "add `where: [{ at: /type, is: .. }]` to each source of the topic, to tell their records apart".to_owned();
        item.problem(format!("topic `{}` is a source already", source.topic), Some(hint));
    }
    if source.format != other.format {
        let hint = "give all sources of a topic the same `format`".to_owned();
        item.problem(format!("topic `{}` is a source of another format already", source.topic), Some(hint));
    }
}

fn source(item: &Item<'_>, names: Option<&[NamedChildren]>) -> Option<(SourceRules, Option<StartAt>)> {
    let mut fields = item.fields()?;
    let topic = fields.required_item("topic").and_then(|item| name::topic(&item));
    let role = fields.required_item("member").and_then(|item| member(&item, names));
    let (member, name) = role.clone().map_or((None, None), |(role, name)| (Some(role), name));
    let format = place::format(&mut fields, item);
    let conditions = fields.item("where").map_or(Some(Vec::new()), |item| place::conditions(&item));
    let bundle = fields.required_item("bundle").and_then(|item| place::place(&item));
    let id = fields.required_item("id").and_then(|item| place::place(&item));
    let expects = fields.item("expects");
    if let (Some(item), Some([_, ..])) = (&expects, names) {
        let hint = Some("remove it: the numbers in `bundle.members` are those of the children".to_owned());
        item.problem("children are counted by name here, and no event says their number", hint);
    }
    let expects = expects.and_then(|item| place::place(&item));
    let position = only_of(&mut fields, "position", member, Role::Child);
    let time = fields.item("time").map(|item| time(&item));
    let deadline = fields.item("deadline").map(|item| deadline(&item, role.as_ref()));
    let version = fields.item("version").map(|item| version::read(&item));
    let start = fields.item("start").map(|item| start::read(&item));
    let ignore = match fields.item("ignore") {
        Some(list) => list.items().and_then(|items| items.iter().map(ignored).collect()),
        None => Some(Vec::new()),
    };
    fields.finish();
    let (time, implausible) = match time {
        Some(read) => read?,
        None => (None, Implausible::default()),
    };
    let start = match start {
        Some(read) => Some(read?),
        None => None,
    };
    let deadline = match deadline {
        Some(read) => Some(read?),
        None => None,
    };
    let version = match version {
        Some(read) => Some(read?),
        None => None,
    };
    let (topic, member, bundle, id, ignore) = (topic?, member?, bundle?, id?, ignore?);
    let (format, conditions) = (format?, conditions?);
    let rules = SourceRules {
        topic,
        format,
        conditions,
        member,
        name,
        bundle,
        id,
        expects,
        position,
        time,
        deadline,
        version,
        ignore,
        implausible,
    };
    Some((rules, start))
}

/// Reads the role of a source's records, and the name of its children if they are counted by name.
fn member(item: &Item<'_>, names: Option<&[NamedChildren]>) -> Option<(Role, Option<Arc<str>>)> {
    let mut words = vec![("parent", (Role::Parent, None))];
    match names {
        None => return item.text().map(|text| (if text == "parent" { Role::Parent } else { Role::Child }, None)),
        Some([]) => words.push(("child", (Role::Child, None))),
        Some(names) => words.extend(names.iter().map(|named| (&*named.name, (Role::Child, Some(&named.name))))),
    }
    let (role, name) = item.word(&words)?;
    Some((role, name.cloned()))
}

/// Reads a place that only sources of one role may have.
fn only_of(fields: &mut Fields<'_>, key: &'static str, member: Option<Role>, role: Role) -> Option<Place> {
    let item = fields.item(key)?;
    if member.is_some_and(|member| member != role) {
        let hint = format!("remove it, or make this source `member: {}`", role.as_str());
        item.problem(format!("only a source with `member: {}` has this", role.as_str()), Some(hint));
    }
    place::place(&item)
}

/// Reads the field with the time, if one is named, and the policy for times that cannot be.
fn time(item: &Item<'_>) -> Option<(Option<TimeRule>, Implausible)> {
    let mut fields = item.fields()?;
    let field = fields.item("pointer").map(|item| place::place(&item));
    let zone = fields.item("zone");
    let unit = fields.item("unit");
    let words = [("append_time", Implausible::AppendTime), ("reject", Implausible::Reject)];
    let implausible = match fields.item("implausible") {
        Some(item) => item.word(&words),
        None => Some(Implausible::default()),
    };
    if field.is_none() {
        for (key, found) in [("zone", &zone), ("unit", &unit)] {
            if let Some(item) = found {
                let hint = format!("add `pointer: ..`; without it the time is Kafka's timestamp, which needs no {key}");
                item.problem(format!("`{key}` is of the field that `pointer` names"), Some(hint));
            }
        }
    }
    let (zone, unit) = (zone.and_then(|item| self::zone(&item)), unit.and_then(|item| self::unit(&item)));
    fields.finish();
    let rule = match field {
        Some(place) => Some(TimeRule { place: place?, zone, unit }),
        None => None,
    };
    Some((rule, implausible?))
}

/// Reads the field with the deadline of the bundle.
fn deadline(item: &Item<'_>, role: Option<&(Role, Option<Arc<str>>)>) -> Option<TimeRule> {
    if let Some((Role::Child, None)) = role {
        let hint = "let the parent state it, or count the children by name (`bundle.members`)".to_owned();
        item.problem("only a parent or a child with a name states the deadline", Some(hint));
    }
    if !matches!(item.node().value, Value::Map(_)) {
        return place::place(item).map(|place| TimeRule { place, zone: None, unit: None });
    }
    let mut fields = item.fields()?;
    let place = fields.required_item("pointer").and_then(|item| place::place(&item));
    let zone = fields.item("zone").and_then(|item| zone(&item));
    let unit = fields.item("unit").and_then(|item| unit(&item));
    fields.finish();
    Some(TimeRule { place: place?, zone, unit })
}

/// Reads the name of a time zone.
pub(super) fn zone(item: &Item<'_>) -> Option<String> {
    item.parsed(|name| match TimeZone::get(name) {
        Ok(_) => Ok(name.to_owned()),
        Err(_unknown) => Err(format!("the zone `{name}` is not known; name an IANA zone such as `Europe/Berlin`")),
    })
}

/// Reads the unit of times that are numbers.
fn unit(item: &Item<'_>) -> Option<TimeUnit> {
    item.word(&[("s", TimeUnit::Seconds), ("ms", TimeUnit::Millis), ("us", TimeUnit::Micros), ("ns", TimeUnit::Nanos)])
}

/// Reads a field of the value, or an attribute.
fn ignored(item: &Item<'_>) -> Option<Place> {
    let place = place::place(item)?;
    if let Place::Header(_) | Place::Key | Place::KeyField(_) = place {
        item.problem(
            "headers and key do not count anyway",
            Some("name a field of the value, such as `/sent_at`".to_owned()),
        );
        return None;
    }
    Some(place)
}
