//! The sources of a bundle: topics, and the JSON pointers to the fields of their records.

use jiff::tz::TimeZone;

use super::{name, start};
use crate::codec::json::Pointer;
use crate::codec::yaml::{Fields, Item};
use crate::processor::bundle::{Role, SourceRules, TimeRule};
use crate::topology::StartAt;

/// Reads the list of sources, and checks it as a whole.
pub(super) fn read(list: &Item<'_>) -> Option<Vec<(SourceRules, Option<StartAt>)>> {
    let items = list.items()?;
    let read: Vec<Option<(SourceRules, Option<StartAt>)>> = items.iter().map(source).collect();
    let mut known: Vec<&SourceRules> = Vec::new();
    for (item, source) in items.iter().zip(&read) {
        let Some((source, _)) = source else { continue };
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
    // A source that could not be read may be the missing one.
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

fn source(item: &Item<'_>) -> Option<(SourceRules, Option<StartAt>)> {
    let mut fields = item.fields()?;
    let topic = fields.required_item("topic").and_then(|item| name::topic(&item));
    let words = [("parent", Role::Parent), ("child", Role::Child)];
    let member = fields.required_item("member").and_then(|item| item.word(&words));
    let bundle = fields.required_item("bundle").and_then(|item| pointer(&item));
    let id = fields.required_item("id").and_then(|item| pointer(&item));
    let expects = only_of(&mut fields, "expects", member, Role::Parent);
    let position = only_of(&mut fields, "position", member, Role::Child);
    let time = fields.item("time").map(|item| time(&item));
    let start = fields.item("start").map(|item| start::read(&item));
    fields.finish();
    let time = match time {
        Some(read) => Some(read?),
        None => None,
    };
    let start = match start {
        Some(read) => Some(read?),
        None => None,
    };
    Some((SourceRules { topic: topic?, member: member?, bundle: bundle?, id: id?, expects, position, time }, start))
}

/// Reads a pointer that only sources of one role may have.
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

fn pointer(item: &Item<'_>) -> Option<Pointer> {
    item.parsed(Pointer::parse)
}
