//! Rules for jobs: their names and properties, their lists of events, pools and actions.

use std::collections::BTreeSet;

use serde_json::Value;

use super::definition::{Definition, Job};
use super::event::is_condition;
use super::limit::{EVENTS_MAX, NAME_CHARS_MAX};
use super::object::{Object, property, text};
use super::place::{Places, below};

/// The properties that a type needs.
const REQUIRED: [(&str, &[&str]); 4] = [
    ("Command", &["Command"]),
    ("EmbeddedScript", &["Script", "FileName"]),
    ("Script", &["FileName", "FilePath"]),
    ("SLAManagement", &["ServiceName"]),
];
/// The properties that are names, with the most characters.
const NAMES: [(&str, usize); 3] = [("Application", 64), ("SubApplication", 64), ("RunAs", 30)];
/// The most characters of an event's name.
const EVENT_CHARS_MAX: usize = 255;

pub(super) fn names(definition: &Definition<'_>, places: &mut Places) {
    for job in definition.jobs() {
        let chars = job.name.chars().count();
        if !(1..=NAME_CHARS_MAX).contains(&chars) {
            places.add(job.pointer.as_str(), format!("the job's name has {chars} characters"));
        }
    }
}

pub(super) fn unique(definition: &Definition<'_>, places: &mut Places) {
    for folder in &definition.folders {
        let mut seen = BTreeSet::from([(folder.pointer.as_str(), folder.name)]);
        for job in &folder.jobs {
            // Sub-folders have names of their own.
            let around = job.pointer.rsplit_once('/').map_or("", |(around, _)| around.trim_end_matches("/Jobs"));
            if !seen.insert((around, job.name)) {
                let what = format!("the job's name `{}` is that of the folder, or of another job in it", job.name);
                places.add(job.pointer.as_str(), what);
            }
        }
    }
}

pub(super) fn colons(definition: &Definition<'_>, places: &mut Places) {
    for job in definition.jobs() {
        let unescaped = job.name.replace("\\:", "");
        if unescaped.contains(':') {
            places.add(job.pointer.as_str(), "the job's name has a colon");
        }
    }
}

pub(super) fn required(definition: &Definition<'_>, places: &mut Places) {
    for job in definition.jobs() {
        let needed = REQUIRED.iter().find(|(kind, _)| *kind == job.kind).map_or(&[][..], |(_, needed)| needed);
        for key in needed.iter().filter(|key| !has(job.body, &job.inherited, key)) {
            places.add(job.pointer.as_str(), format!("a `Job:{}` has no `{key}`", job.kind));
        }
    }
}

fn has(body: &Object, inherited: &[&Object], key: &str) -> bool {
    property(body, inherited, key).is_some_and(|value| value.as_str() != Some(""))
}

pub(super) fn properties(definition: &Definition<'_>, places: &mut Places) {
    let folders = definition.folders.iter().map(|folder| (folder.pointer.as_str(), folder.body));
    let jobs = definition.jobs().map(|job| (job.pointer.as_str(), job.body));
    for (pointer, body) in folders.chain(jobs) {
        for (key, chars_max) in NAMES {
            let Some(name) = body.get(key).and_then(Value::as_str) else { continue };
            let chars = name.chars().count();
            if !(1..=chars_max).contains(&chars) {
                places.add(below(pointer, key), format!("`{key}` has {chars} characters, not 1 to {chars_max}"));
            }
            if name.contains(char::is_whitespace) {
                places.add(below(pointer, key), format!("`{key}` has a blank"));
            }
        }
    }
}

pub(super) fn event_names(definition: &Definition<'_>, places: &mut Places) {
    let is_bad = |character: char| character.is_whitespace() || "()|'".contains(character);
    for (pointer, events) in definition.events() {
        let listed = events.lists.iter().flat_map(|list| list.events().map(|event| (list.pointer.as_str(), event)));
        let acted = events.added.iter().chain(&events.deleted).map(|event| (pointer, *event));
        for (pointer, event) in listed.chain(acted) {
            let chars = event.name.chars().count();
            if !(1..=EVENT_CHARS_MAX).contains(&chars) {
                places.add(pointer, format!("an event's name has {chars} characters"));
            }
            if let Some(bad) = event.name.chars().find(|character| is_bad(*character)) {
                places.add(pointer, format!("the event's name `{}` has {bad:?}", event.name));
            }
        }
    }
}

pub(super) fn event_counts(definition: &Definition<'_>, places: &mut Places) {
    for list in definition.events().flat_map(|(_, events)| &events.lists) {
        let events = list.events().count();
        if events > EVENTS_MAX {
            places.add(
                list.pointer.as_str(),
                format!("the list has {events} events, and Control-M takes at most {EVENTS_MAX} in one"),
            );
        }
    }
}

pub(super) fn pools(definition: &Definition<'_>, places: &mut Places) {
    for (pointer, pool) in members(definition, |kind| matches!(kind, "Resource:Pool" | "Resource:Semaphore")) {
        let is_number = match pool.get("Quantity") {
            Some(Value::String(text)) => !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()),
            Some(Value::Number(number)) => number.is_u64(),
            _ => false,
        };
        if !is_number {
            places.add(below(&pointer, "Quantity"), "the quantity of a pool is no number");
        }
    }
}

pub(super) fn actions(definition: &Definition<'_>, places: &mut Places) {
    for (pointer, condition) in members(definition, is_condition) {
        for (name, _) in condition
            .iter()
            .filter(|(_, action)| action.as_object().is_some_and(|action| text(action, "Type").is_empty()))
        {
            places.add(below(&pointer, name), "an action has no `Type`");
        }
    }
}

/// The days that a job stays in Control-M; `None` for ever.
pub(super) fn days_kept(job: &Job<'_>) -> Option<u64> {
    match property(job.body, &job.inherited, "DaysKeepActive") {
        Some(Value::Number(days)) => days.as_u64(),
        Some(Value::String(days)) => days.parse().ok(),
        _ => Some(0),
    }
}

/// The objects in jobs and folders whose type is of a kind, with their pointers.
fn members<'a>(definition: &Definition<'a>, is_wanted: fn(&str) -> bool) -> Vec<(String, &'a Object)> {
    let folders = definition.folders.iter().map(|folder| (folder.pointer.as_str(), folder.body));
    let jobs = definition.jobs().map(|job| (job.pointer.as_str(), job.body));
    let mut found = Vec::new();
    for (pointer, body) in folders.chain(jobs).chain(definition.defaults.iter().copied()) {
        let objects = body.iter().filter_map(|(key, value)| Some((key, value.as_object()?)));
        for (key, object) in objects.filter(|(_, object)| is_wanted(text(object, "Type"))) {
            found.push((below(pointer, key), object));
        }
    }
    found
}
