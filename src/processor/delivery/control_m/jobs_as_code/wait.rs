//! Rules for events: those that nobody adds, or too late, and those that outlive their day.

use std::collections::BTreeMap;

use super::definition::Definition;
use super::event::{ANY_DATE, Added, Event, Kind, NO_DATE, ORDER_DATE};
use super::job::days_kept;
use super::place::Places;
use super::progress::Progress;

/// Events that are waited for, and that nothing adds with that date.
pub(super) fn without_producer(definition: &Definition<'_>, places: &mut Places) {
    let signals = definition.setting.waiting.signals.iter().map(|name| Event { name, date: NO_DATE });
    let added: Added<'_> = definition.events().flat_map(|(_, events)| events.adds()).chain(signals).collect();
    waits(definition, |pointer, event| {
        if !(added.has(event) || is_external(definition, event)) {
            places.add(pointer, format!("nothing in the definition adds the event `{}` ({})", event.name, event.date));
        }
    });
}

/// Jobs that wait for what can only happen after them.
pub(super) fn cycles(definition: &Definition<'_>, places: &mut Places) {
    for job in Progress::new(definition).run() {
        places.add(
            job.pointer.as_str(),
            format!("`{}` waits, perhaps by way of others, for what comes after it", job.name),
        );
    }
}

/// Events without a date that stay when the bundle is done.
pub(super) fn never_deleted(definition: &Definition<'_>, places: &mut Places) {
    let mut kept: BTreeMap<&str, &str> = BTreeMap::new();
    for (pointer, events) in definition.events() {
        kept.extend(events.adds().filter(|event| event.date == NO_DATE).map(|event| (event.name, pointer)));
    }
    if kept.is_empty() {
        return;
    }
    for event in definition.events().flat_map(|(_, events)| events.deletes()) {
        if matches!(event.date, NO_DATE | ANY_DATE) {
            kept.remove(event.name);
        }
    }
    for (name, pointer) in kept {
        places.add(
            pointer,
            format!("the event `{name}` has no date and is never deleted, so the next run finds it there"),
        );
    }
}

/// Events of an order date that another submission adds, perhaps on another day.
pub(super) fn dated(definition: &Definition<'_>, places: &mut Places) {
    waits(definition, |pointer, event| {
        if event.date == ORDER_DATE && is_external(definition, event) {
            let what = format!(
                "the event `{}` comes from elsewhere, and is only met with this folder's order date",
                event.name
            );
            places.add(pointer, what);
        }
    });
}

/// Jobs that wait for another submission and are removed at the new day.
pub(super) fn not_kept(definition: &Definition<'_>, places: &mut Places) {
    if definition.setting.external.is_empty() {
        return;
    }
    for job in definition.jobs() {
        let waits = job.events.of_lists(Kind::Wait).any(|event| is_external(definition, event));
        if waits && days_kept(job) == Some(0) {
            places.add(job.pointer.as_str(), "the job waits for events from elsewhere, and the new day removes it");
        }
    }
}

/// Calls `each` with the events that are waited for, and the pointers of their lists.
fn waits<'a>(definition: &Definition<'a>, mut each: impl FnMut(&str, Event<'a>)) {
    for (_, events) in definition.events() {
        for list in events.lists.iter().filter(|list| list.kind == Kind::Wait) {
            list.events().for_each(|event| each(&list.pointer, event));
        }
    }
}

fn is_external(definition: &Definition<'_>, event: Event<'_>) -> bool {
    definition.setting.external.iter().any(|pattern| fits(pattern, event.name))
}

/// True if a pattern, in which `*` stands for any text, fits the name.
fn fits(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| name.strip_prefix(first)) else { return false };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        let Some(at) = rest.find(part) else { return false };
        rest = rest.get(at + part.len()..).unwrap_or_default();
    }
    true
}

#[cfg(test)]
mod tests {
    use super::fits;

    #[test]
    fn a_star_stands_for_any_text() {
        for (pattern, name, expected) in [
            ("child-*", "child-1", true),
            ("child-*", "a-child-1", false),
            ("*-p1", "child-1-p1", true),
            ("c*-*1", "child-p1", true),
            ("c*-*1", "child-p2", false),
            ("child", "child-1", false),
            ("*", "", true),
            ("a*a", "a", false),
        ] {
            assert_eq!(fits(pattern, name), expected, "{pattern} {name}");
        }
    }
}
