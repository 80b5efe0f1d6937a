//! Rules for the events that are added while a bundle is incomplete, each without a date.

use std::collections::BTreeSet;

use super::definition::Definition;
use super::event::{ANY_DATE, Event, Kind, NO_DATE};
use super::job::days_kept;
use super::place::Places;

/// Events that no job waits for: the work could begin without the member.
pub(super) fn not_waited_for(definition: &Definition<'_>, places: &mut Places) {
    let lists = definition.events().flat_map(|(_, events)| events.of_lists(Kind::Wait));
    missing(definition, lists, |name| {
        places.add("", format!("no job waits for the event `{name}`, which is added without a date"));
    });
}

/// Jobs that are removed before the bundle expires.
pub(super) fn not_kept(definition: &Definition<'_>, places: &mut Places) {
    let days = definition.setting.waiting.days;
    for job in definition.jobs().filter(|_| !definition.setting.waiting.signals.is_empty()) {
        if let Some(kept) = days_kept(job).filter(|kept| *kept < u64::from(days)) {
            let what = format!("the job is kept for {kept} days, and the bundle may be incomplete for {days}");
            places.add(job.pointer.as_str(), what);
        }
    }
}

/// Events that stay when the bundle is done.
pub(super) fn never_deleted(definition: &Definition<'_>, places: &mut Places) {
    let deleted = definition.events().flat_map(|(_, events)| events.deletes());
    missing(definition, deleted, |name| places.add("", format!("the event `{name}` is never deleted")));
}

/// Calls `each` with the signals that are not among these events.
fn missing<'a>(definition: &Definition<'a>, events: impl Iterator<Item = Event<'a>>, each: impl FnMut(&String)) {
    let signals = definition.setting.waiting.signals;
    if signals.is_empty() {
        return;
    }
    let there: BTreeSet<&str> =
        events.filter(|event| matches!(event.date, NO_DATE | ANY_DATE)).map(|event| event.name).collect();
    signals.iter().filter(|name| !there.contains(name.as_str())).for_each(each);
}
