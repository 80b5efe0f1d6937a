//! The alerts of the bundle processor, one for each kind of deviation.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{EventOutcome, Member, Missing, Resolution, Role};
use crate::model::{Alert, Key, Severity, Timestamp};
use crate::processor::Effect;

/// The kind of an SLA breach.
const SLA_BREACH: &str = "sla_breach";

/// The kind of a warning before the deadline.
const SLA_WARNING: &str = "sla_warning";

/// The kind of the end of an incomplete bundle.
const EXPIRED: &str = "expired";

/// The kind of a condition that cannot be evaluated.
const CONDITION_FAILED: &str = "condition_failed";

/// All kinds of alerts.
pub(super) const KINDS: [&str; 11] = [
    CONDITION_FAILED,
    SLA_WARNING,
    SLA_BREACH,
    EXPIRED,
    EventOutcome::Duplicate.as_str(),
    EventOutcome::Conflict.as_str(),
    EventOutcome::Late.as_str(),
    EventOutcome::Unexpected.as_str(),
    EventOutcome::OutOfRange.as_str(),
    EventOutcome::TooOld.as_str(),
    EventOutcome::AfterClosing.as_str(),
];

/// The most missing children that an alert lists by name; of further ones it has the number.
const NAMED_MAX: usize = 100;

/// A deadline that comes near; details as of [`sla_breach`].
pub(super) fn sla_warning(key: &Key, missing: &Missing, (at, due): (Timestamp, Timestamp)) -> Effect {
    let message = format!("bundle {key} is due at {due} and not complete yet: missing {}", listed(missing));
    let remedy = "find out whether the missing events are on their way: the bundle is in time if they are of before its deadline";
    of_missing((SLA_WARNING, Severity::Warning, at), message, missing, due, remedy)
}

/// A passed deadline; details `missing` (`["parent", "child 2", "payment"]`), `due`, and `missing_more` if not all are listed.
pub(super) fn sla_breach(key: &Key, missing: &Missing, due: Timestamp) -> Effect {
    let message = format!("bundle {key} is not complete at its deadline: missing {}", listed(missing));
    let remedy = "find out why the missing events are not written, or look for them among the dead letters: the bundle completes when they are there";
    of_missing((SLA_BREACH, Severity::Critical, due), message, missing, due, remedy)
}

/// The end of an incomplete bundle; details as of [`sla_breach`].
pub(super) fn expired(key: &Key, missing: &Missing, (at, due): (Timestamp, Timestamp)) -> Effect {
    let message = format!("bundle {key} has expired incomplete and is not submitted: missing {}", listed(missing));
    let remedy = "run its work by hand if it is needed; `bundle.expire` is the limit, and the events that came are in their topics";
    of_missing((EXPIRED, Severity::Critical, at), message, missing, due, remedy)
}

/// A condition that cannot be evaluated; details `detail`.
pub(super) fn condition_failed(key: &Key, at: Timestamp, detail: &str) -> Effect {
    let message = format!("the condition of bundle {key} cannot be evaluated, so that it is not complete: {detail}");
    let details = BTreeMap::from([("detail".to_owned(), json!(detail))]);
    let alert = Alert { kind: CONDITION_FAILED.to_owned(), severity: Severity::Critical, at, message, details };
    let remedy = "correct `bundle.complete_when` in the topology, or find out who writes such an event";
    Effect::Alert(alert.with_remedy(remedy))
}

/// An alert that lists the missing members.
fn of_missing(
    (kind, severity, at): (&str, Severity, Timestamp),
    message: String,
    missing: &Missing,
    due: Timestamp,
    remedy: &str,
) -> Effect {
    let mut details = BTreeMap::from([("missing".to_owned(), json!(names(missing))), ("due".to_owned(), text(due))]);
    let more = missing.children.len().saturating_sub(NAMED_MAX);
    if more > 0 {
        details.insert("missing_more".to_owned(), json!(more));
    }
    Effect::Alert(Alert { kind: kind.to_owned(), severity, at, message, details }.with_remedy(remedy))
}

/// The first missing members by name.
fn names(missing: &Missing) -> Vec<String> {
    let parent = missing.parent.then(|| "parent".to_owned());
    let condition = missing.condition.then(|| "what `complete_when` asks for".to_owned());
    let children = missing.children.iter().take(NAMED_MAX).map(ToString::to_string);
    parent.into_iter().chain(children).chain(condition).collect()
}

/// The first missing members by name, and the number of the others.
pub(super) fn names_and_more(missing: &Missing) -> Vec<String> {
    let more = missing.children.len().saturating_sub(NAMED_MAX);
    names(missing).into_iter().chain((more > 0).then(|| format!("{more} more"))).collect()
}

/// The missing members in a message.
fn listed(missing: &Missing) -> String {
    match missing.children.len().saturating_sub(NAMED_MAX) {
        0 => names(missing).join(", "),
        more => format!("{} and {more} more", names(missing).join(", ")),
    }
}

/// A received member again.
pub(super) fn duplicate(key: &Key, role: Role, member: &Member) -> Effect {
    let message = format!("bundle {key} got its {} {} again", member.kind(role), member.id);
    let remedy = "none is needed: it changes nothing; find out why it is written twice if that is not meant";
    deviation(EventOutcome::Duplicate, member, message, of_member(role, member), remedy)
}

/// A second content for a known member; `kept` is the other one, unknown for a closed bundle.
pub(super) fn conflict(
    key: &Key,
    (role, member): (Role, &Member),
    kept: Option<&Member>,
    resolution: Resolution,
) -> Effect {
    let (what, remedy) = match resolution {
        Resolution::First => (
            "the first is kept",
            "find out which of both is right: sheaf goes on with the first; fields that may differ belong into `ignore`",
        ),
        Resolution::Latest => (
            "the latest is kept",
            "none is needed if the later one is a correction; fields that may differ belong into `ignore`",
        ),
        Resolution::Reject => (
            "the first is kept, and the other is a dead letter",
            "find out which of both is right; the other is in the topic of dead letters; fields that may differ belong into `ignore`",
        ),
    };
    let message = format!("bundle {key} got another {} {}; {what}", member.kind(role), member.id);
    let mut details = of_member(role, member);
    if let Some(kept) = kept {
        details.insert("kept".to_owned(), json!({ "id": kept.id, "source": kept.origin.to_string() }));
    }
    deviation(EventOutcome::Conflict, member, message, details, remedy)
}

/// A member after the deadline; details `due`.
pub(super) fn late(key: &Key, role: Role, member: &Member, due: Timestamp) -> Effect {
    let (role_name, id, at) = (member.kind(role), &member.id, member.at);
    let message =
        format!("bundle {key} got its {role_name} {id} late: it was due at {due}, the {role_name} is of {at}");
    let mut details = of_member(role, member);
    details.insert("due".to_owned(), text(due));
    deviation(
        EventOutcome::Late,
        member,
        message,
        details,
        "none is needed for this bundle; the topology's `sla`, `cut_off` or `deadline` is the limit",
    )
}

/// A new member for a closed bundle, which is not added to it.
pub(super) fn after_closing(key: &Key, role: Role, member: &Member) -> Effect {
    let message = format!("bundle {key} has ended; its {} {} came too late for it", member.kind(role), member.id);
    let remedy = "it is in no submission: run its work by hand if it is needed";
    deviation(EventOutcome::AfterClosing, member, message, of_member(role, member), remedy)
}

/// A member that is older than an incomplete bundle can be.
pub(super) fn too_old(key: &Key, role: Role, member: &Member) -> Effect {
    let (role_name, id, at) = (member.kind(role), &member.id, member.at);
    let message = format!("bundle {key} does not take its {role_name} {id} of {at}: it would have expired by now");
    let remedy = "run its work by hand if it is needed; correct the producer's time if it is wrong; `bundle.expire` is the limit";
    deviation(EventOutcome::TooOld, member, message, of_member(role, member), remedy)
}

/// A surplus child; details `reason`.
pub(super) fn unexpected(key: &Key, member: &Member, why: &str) -> Effect {
    surplus((EventOutcome::Unexpected, "does not expect"), key, member, why)
}

/// A child whose position does not exist; details `reason`.
pub(super) fn out_of_range(key: &Key, member: &Member, why: &str) -> Effect {
    surplus((EventOutcome::OutOfRange, "has no place for"), key, member, why)
}

fn surplus((outcome, what): (EventOutcome, &str), key: &Key, member: &Member, why: &str) -> Effect {
    let message = format!("bundle {key} {what} the {} {}: {why}", member.kind(Role::Child), member.id);
    let mut details = of_member(Role::Child, member);
    details.insert("reason".to_owned(), json!(why));
    let remedy =
        "correct the number of children that the parent or the topology states, or find out who writes too many";
    deviation(outcome, member, message, details, remedy)
}

fn deviation(
    outcome: EventOutcome,
    member: &Member,
    message: String,
    details: BTreeMap<String, Value>,
    remedy: &str,
) -> Effect {
    let (kind, severity) = (outcome.as_str().to_owned(), Severity::Warning);
    Effect::Alert(Alert { kind, severity, at: member.at, message, details }.with_remedy(remedy))
}

fn of_member(role: Role, member: &Member) -> BTreeMap<String, Value> {
    let mut details = BTreeMap::from([
        ("role".to_owned(), json!(role.as_str())),
        ("id".to_owned(), json!(member.id)),
        ("source".to_owned(), json!(member.origin.to_string())),
    ]);
    if let Some(name) = &member.name {
        details.insert("name".to_owned(), json!(name));
    }
    if let Some(position) = member.position {
        details.insert("position".to_owned(), json!(position));
    }
    details
}

fn text(at: Timestamp) -> Value {
    Value::String(at.to_string())
}
