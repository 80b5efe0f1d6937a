//! A bundle as JSON: where it stands, its members, what is missing, its deadlines and its timeline; without payloads.

use serde_json::{Map, Value, json};

use super::timeline::{TimelineItem, What};
use super::{Bundle, EventOutcome, Gathering, Marker, Member, Role, State, Timeline, alert, status};
use crate::model::{Key, Timestamp};

/// The bundle as JSON.
///
/// `status`, `members` (`role`, `name`, `id`, `position`, `at`, `source`), `missing` by name, `timeline` (`at`, `what`, and of an
/// event `role`, `name`, `source`), `left_out`: the number of events that the timeline does not have. Of an incomplete bundle
/// `expected_children` if it is known, and `deadlines`; of one that has ended `ended_at`, while its members have no ids.
pub(super) fn show(bundle: &Bundle, key: &Key, state: &State) -> Value {
    let statuses = status::listing(bundle, state).statuses;
    let statuses = statuses.as_slice().iter().map(|status| status::name(*status));
    let mut shown = Map::new();
    shown.insert("key".to_owned(), json!(key.text()));
    shown.insert("status".to_owned(), json!(statuses.collect::<Vec<_>>().join(" ")));
    shown.extend(match state {
        State::Open(gathering) | State::Breached(gathering) => incomplete(bundle, gathering),
        State::Closed(marker) => ended(marker),
    });
    Value::Object(shown)
}

fn incomplete(bundle: &Bundle, gathering: &Gathering) -> Map<String, Value> {
    let ever = Timestamp::from_millis(i64::MAX);
    let deadlines = bundle.rules.deadlines(gathering);
    let timeline = bundle.whole_timeline(gathering, deadlines.map_or(ever, |deadlines| deadlines.due));
    let mut members: Vec<_> = gathering.members().collect();
    members.sort_by(|(_, one), (_, other)| (one.at, &one.id).cmp(&(other.at, &other.id)));
    let mut shown = timeline_of(&timeline);
    shown.insert("members".to_owned(), members.into_iter().map(|(role, member)| of_member(role, member)).collect());
    shown.insert("missing".to_owned(), json!(alert::names_and_more(&bundle.missing(gathering, ever))));
    if let Some(expected) = gathering.expected.or(bundle.counting.fixed()) {
        shown.insert("expected_children".to_owned(), json!(expected));
    }
    if let Some(deadlines) = deadlines {
        let times = [
            ("warning", deadlines.warning),
            ("due", Some(deadlines.due)),
            ("completes", gathering.timing.completes_at),
            ("expires", Some(deadlines.expiry)),
        ];
        let times = times.into_iter().filter_map(|(name, at)| Some((name.to_owned(), json!(at?.to_string()))));
        shown.insert("deadlines".to_owned(), Value::Object(times.collect()));
    }
    shown
}

fn ended(marker: &Marker) -> Map<String, Value> {
    let Some(timeline) = marker.story.timeline.as_deref() else {
        // It ended in a version that kept no timeline.
        return timeline_of(&Timeline::default());
    };
    let is_member = |item: &&TimelineItem| match item.what {
        What::Event { outcome, .. } => matches!(outcome, EventOutcome::Accepted | EventOutcome::Late),
        What::Warned
        | What::Breached
        | What::Completed
        | What::Partial
        | What::Expired
        | What::Extended
        | What::Reopened
        | What::Forced
        | What::Cancelled => false,
    };
    let items = timeline.in_order();
    let without_outcome = |mut member: Value| {
        member.as_object_mut().and_then(|member| member.remove("what"));
        member
    };
    let members = items.iter().filter(is_member).map(|item| without_outcome(of_item(timeline, item)));
    let members: Vec<Value> = members.collect();
    let mut shown = timeline_of(timeline);
    shown.insert("members".to_owned(), json!(members));
    if marker.ending.is_without_submission() {
        shown.insert("missing".to_owned(), json!(marker.missing));
    }
    if let Some(end) = items.iter().rfind(|item| item.is_end()) {
        shown.insert("ended_at".to_owned(), json!(end.at.to_string()));
    }
    shown
}

fn timeline_of(timeline: &Timeline) -> Map<String, Value> {
    let items: Vec<Value> = timeline.in_order().iter().map(|item| of_item(timeline, item)).collect();
    let mut shown = Map::from_iter([("timeline".to_owned(), json!(items))]);
    if timeline.left_out() > 0 {
        shown.insert("left_out".to_owned(), json!(timeline.left_out()));
    }
    shown
}

/// An item of the timeline.
fn of_item(timeline: &Timeline, item: &TimelineItem) -> Value {
    let what = match item.what {
        What::Event { outcome, .. } => outcome.as_str(),
        What::Warned => "sla_warning",
        What::Breached => "sla_breach",
        What::Completed => "submitted",
        What::Partial => "submitted_partial",
        What::Expired => "expired",
        What::Extended => "extended",
        What::Reopened => "reopened",
        What::Forced => "submitted_forced",
        What::Cancelled => "cancelled",
    };
    let mut shown = json!({ "at": item.at.to_string(), "what": what });
    if let (Some((source, origin)), Some(shown)) = (timeline.origin(item), shown.as_object_mut()) {
        shown.insert("role".to_owned(), json!(source.role.as_str()));
        shown.insert("source".to_owned(), json!(origin.to_string()));
        if let Some(name) = &source.name {
            shown.insert("name".to_owned(), json!(name));
        }
    }
    shown
}

fn of_member(role: Role, member: &Member) -> Value {
    let mut shown = json!({
        "role": role.as_str(),
        "id": member.id,
        "at": member.at.to_string(),
        "source": member.origin.to_string(),
    });
    if let Some(shown) = shown.as_object_mut() {
        let name = member.name.as_ref().map(|name| ("name".to_owned(), json!(name)));
        let position = member.position.map(|position| ("position".to_owned(), json!(position)));
        shown.extend(name.into_iter().chain(position));
    }
    shown
}
