//! The story of a bundle and of its delivery on one screen: what it waits for and since when, what happened, and what can be done.

use serde_json::Value;

use super::words::{distance, list, text, time};
use crate::model::Timestamp;

/// The story of a bundle, with its delivery if there is one, or why that could not be asked for.
pub(super) fn bundle(item: &Value, delivery: Option<Result<&Value, &String>>, now: Timestamp) -> String {
    let key = text(item, "/key");
    let mut lines = vec![format!("bundle {key}: {}", bundle_state(item)), String::new()];
    lines.extend(facts(&bundle_facts(item, now)));
    let timeline = list(item, "/entry/timeline");
    if !timeline.is_empty() {
        lines.extend([String::new(), "what happened".to_owned()]);
        lines.extend(timeline.iter().map(|event| format!("  {}  {}", time(&text(event, "/at")), happened(event))));
        let left_out = text(item, "/entry/left_out");
        lines.extend((!left_out.is_empty()).then(|| format!("  and {left_out} more events")));
    }
    let mut actions = bundle_actions(item);
    match delivery {
        Some(Ok(delivery)) => {
            lines.extend([String::new(), format!("delivery: {}", delivery_state(delivery))]);
            lines.extend(facts(&delivery_facts(delivery, now)).into_iter().map(|line| format!("  {line}")));
            actions.extend(delivery_actions(delivery));
        }
        Some(Err(error)) => {
            let error = text(&Value::String(error.clone()), "");
            lines.extend([String::new(), format!("delivery: it could not be asked for, so ask again: {error}")]);
        }
        None => {}
    }
    lines.extend(what_can_be_done(&key, &actions));
    lines.join("\n")
}

/// The story of a delivery.
pub(super) fn delivery(item: &Value, now: Timestamp) -> String {
    let key = text(item, "/key");
    let mut lines = vec![format!("delivery of {key}: {}", delivery_state(item)), String::new()];
    lines.extend(facts(&delivery_facts(item, now)));
    lines.extend(what_can_be_done(&key, &delivery_actions(item)));
    lines.join("\n")
}

/// What can be done: a command, and what it does.
pub(super) type Action = (&'static str, &'static str);

fn bundle_state(item: &Value) -> String {
    let status = text(item, "/status");
    let late = if status.starts_with("breached/") { "late, " } else { "" };
    let waits = match status.split_once('/').map_or(status.as_str(), |(_, rest)| rest) {
        "waiting-parent" => "waits for its parent",
        "waiting-children" => "waits for children",
        "waiting-both" => "waits for its parent and for children",
        "waiting-completion" => "has what it needs, and waits for its completion",
        "closed" => "complete, and handed on",
        "forced" => "handed on by an operator, with what was there",
        "cancelled" => "cancelled by an operator",
        "expired" => "expired without being complete",
        other => other,
    };
    format!("{late}{waits}")
}

/// Names and values.
pub(super) type Facts = Vec<(&'static str, String)>;

fn bundle_facts(item: &Value, now: Timestamp) -> Facts {
    let with_distance = |pointer: &str| {
        let at = text(item, pointer);
        if at.is_empty() { at } else { format!("{} ({})", time(&at), distance(&at, now)) }
    };
    let members = list(item, "/entry/members");
    let first = members.iter().map(|member| text(member, "/at")).min().unwrap_or_default();
    let since = if first.is_empty() { first } else { format!("{} ({})", time(&first), distance(&first, now)) };
    let mut facts = vec![
        ("cannot be read", text(item, "/entry/error")),
        ("missing", text(item, "/entry/missing")),
        ("first event", since),
        ("warning", with_distance("/entry/deadlines/warning")),
        ("deadline", with_distance("/entry/deadlines/due")),
        ("completes", with_distance("/entry/deadlines/completes")),
        ("given up", with_distance("/entry/deadlines/expires")),
        ("ended", with_distance("/entry/ended_at")),
    ];
    let expected = text(item, "/entry/expected_children");
    let children = members.iter().filter(|member| text(member, "/role") != "parent").count();
    facts.push(("children", if expected.is_empty() { String::new() } else { format!("{children} of {expected}") }));
    facts.push(("trace id", text(item, "/entry/trace_id")));
    facts.push(("processed by", format!("{}, partition {}", text(item, "/instance"), text(item, "/partition"))));
    facts
}

fn delivery_state(item: &Value) -> String {
    let status = text(item, "/status");
    match status.as_str() {
        "submitting" => "is being submitted",
        "waiting" => "waits for its next attempt",
        "unsure" => "its submit had no answer: it is looked up before anything is sent again",
        "looking-up" => "is being looked up at the target, because its submit had no answer",
        "submitted" => "submitted",
        "failed" => "failed, and is not tried again",
        "unknown" => "nobody knows whether it was submitted: a person has to look",
        "held" => "a replay has completed it: it is not submitted until a person says so",
        other => other,
    }
    .to_owned()
}

fn delivery_facts(item: &Value, now: Timestamp) -> Facts {
    let with_distance = |pointer: &str| {
        let at = text(item, pointer);
        if at.is_empty() { at } else { format!("{} ({})", time(&at), distance(&at, now)) }
    };
    let next = if text(item, "/status") == "waiting" { with_distance("/due") } else { String::new() };
    vec![
        ("cannot be read", text(item, "/entry/error")),
        ("name", text(item, "/entry/name")),
        ("id", text(item, "/entry/id")),
        ("reason", text(item, "/entry/reason")),
        ("attempts", text(item, "/entry/attempts")),
        ("last answer", text(item, "/entry/last_answer")),
        ("since", with_distance("/entry/since")),
        ("last attempt", with_distance("/entry/last_submit_at")),
        ("next attempt", next),
        ("in doubt since", with_distance("/entry/doubtful_since")),
        ("ended", with_distance("/entry/ended_at")),
        ("template", text(item, "/entry/revision")),
        ("submission", text(item, "/entry/source")),
        ("trace id", text(item, "/entry/trace_id")),
        ("processed by", format!("{}, partition {}", text(item, "/instance"), text(item, "/partition"))),
    ]
}

/// Those that are known, their values in one column.
pub(super) fn facts(facts: &[(&'static str, String)]) -> Vec<String> {
    let known: Vec<_> = facts.iter().filter(|(_, value)| !value.is_empty()).collect();
    let width = known.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
    known.into_iter().map(|(name, value)| format!("{name:width$}  {value}")).collect()
}

/// An event of the timeline in words.
fn happened(event: &Value) -> String {
    let what = text(event, "/what");
    let (role, name, source) = (text(event, "/role"), text(event, "/name"), text(event, "/source"));
    if role.is_empty() {
        return match what.as_str() {
            "sla_warning" => "the warning before the deadline".to_owned(),
            "sla_breach" => "the deadline passed: it is late".to_owned(),
            "submitted" => "complete: handed on".to_owned(),
            "submitted_partial" => "handed on, although not all was there".to_owned(),
            "expired" => "expired: it is not waited for any more".to_owned(),
            _ => what,
        };
    }
    let who = if name.is_empty() { role } else { name };
    let came = match what.as_str() {
        "accepted" => "came".to_owned(),
        "duplicate" => "came again, and changed nothing".to_owned(),
        "late" => "came after the deadline".to_owned(),
        other => format!("came: {other}"),
    };
    format!("{who} {came} ({source})")
}

fn bundle_actions(item: &Value) -> Vec<Action> {
    let status = text(item, "/status");
    if status.starts_with("open/") || status.starts_with("breached/") {
        return vec![
            ("sheaf bundles extend KEY --until +6h --why '..'", "wait longer"),
            ("sheaf bundles complete KEY --why '..'", "hand it on with what is there"),
            ("sheaf bundles cancel KEY --why '..'", "end it, and hand nothing on"),
        ];
    }
    match status.as_str() {
        "cancelled" | "expired" => {
            vec![("sheaf bundles reopen KEY --until +12h --why '..'", "gather on, with the members that it had")]
        }
        _ => Vec::new(),
    }
}

fn delivery_actions(item: &Value) -> Vec<Action> {
    let retry = ("sheaf deliveries retry KEY --why '..'", "submit it at once; look it up first if that is unknown");
    let resubmit =
        ("sheaf deliveries resubmit KEY --why '..'", "render it anew with the template of today, and submit it");
    match text(item, "/status").as_str() {
        "waiting" => vec![retry, resubmit, ("sheaf deliveries cancel KEY --why '..'", "give it up")],
        "failed" => vec![retry, resubmit],
        "held" => vec![
            ("sheaf deliveries retry KEY --why '..'", "submit it: it was not submitted before"),
            ("sheaf deliveries resolve KEY --as submitted --why '..'", "it was submitted before"),
            ("sheaf deliveries cancel KEY --why '..'", "give it up"),
        ],
        "unknown" => vec![
            ("sheaf deliveries resolve KEY --as submitted --why '..'", "the target has it"),
            ("sheaf deliveries resolve KEY --as failed --why '..'", "the target does not have it"),
            retry,
        ],
        _ => Vec::new(),
    }
}

pub(super) fn what_can_be_done(key: &str, actions: &[Action]) -> Vec<String> {
    if actions.is_empty() {
        return Vec::new();
    }
    let lines = actions
        .iter()
        .flat_map(|(command, effect)| [format!("  {}", command.replace("KEY", key)), format!("      {effect}")]);
    [String::new(), "what can be done".to_owned()].into_iter().chain(lines).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_795_273_200_000);

    #[test]
    fn a_bundle_that_waits_tells_for_what_and_what_can_be_done() {
        let item = json!({
            "key": "order-7", "status": ["breached/waiting-children"], "instance": "a", "partition": 3,
            "at": "2026-11-21T12:00:00.000Z",
            "entry": {
                "missing": ["child 2"], "expected_children": 2,
                "deadlines": { "due": "2026-11-21T12:00:00.000Z", "expires": "2026-12-05T12:00:00.000Z" },
                "members": [
                    { "role": "parent", "at": "2026-11-20T12:00:00.000Z" },
                    { "role": "child", "at": "2026-11-20T13:00:00.000Z" },
                ],
                "timeline": [
                    { "at": "2026-11-20T12:00:00.000Z", "what": "accepted", "role": "parent", "source": "orders-0@7" },
                    { "at": "2026-11-20T13:00:00.000Z", "what": "accepted", "role": "child", "name": "payment", "source": "payments-1@9" },
                    { "at": "2026-11-20T13:00:01.000Z", "what": "duplicate", "role": "child", "name": "payment", "source": "payments-1@\u{1b}[31m" },
                    { "at": "2026-11-21T12:00:00.000Z", "what": "sla_breach" },
                ],
            },
        });
        assert_eq!(
            bundle(&item, None, NOW),
            "bundle order-7: late, waits for children

missing       child 2
first event   2026-11-20 12:00:00Z (27 h 0 min ago)
deadline      2026-11-21 12:00:00Z (3 h 0 min ago)
given up      2026-12-05 12:00:00Z (in 13 d 21 h)
children      1 of 2
processed by  a, partition 3

what happened
  2026-11-20 12:00:00Z  parent came (orders-0@7)
  2026-11-20 13:00:00Z  payment came (payments-1@9)
  2026-11-20 13:00:01Z  payment came again, and changed nothing (payments-1@\\u{1b}[31m)
  2026-11-21 12:00:00Z  the deadline passed: it is late

what can be done
  sheaf bundles extend order-7 --until +6h --why '..'
      wait longer
  sheaf bundles complete order-7 --why '..'
      hand it on with what is there
  sheaf bundles cancel order-7 --why '..'
      end it, and hand nothing on"
        );
    }

    #[test]
    fn a_bundle_that_was_handed_on_tells_what_became_of_it() {
        let item = json!({ "key": "order-7", "status": ["closed"], "instance": "a", "partition": 3, "entry": {} });
        let delivery = json!({
            "key": "order-7", "status": ["failed"], "instance": "b", "partition": 1,
            "entry": { "name": "ORDER_7", "attempts": 3, "reason": "no such application", "ended_at": "2026-11-21T14:00:00.000Z" },
        });
        assert_eq!(
            bundle(&item, Some(Ok(&delivery)), NOW),
            "bundle order-7: complete, and handed on

processed by  a, partition 3

delivery: failed, and is not tried again
  name          ORDER_7
  reason        no such application
  attempts      3
  ended         2026-11-21 14:00:00Z (1 h 0 min ago)
  processed by  b, partition 1

what can be done
  sheaf deliveries retry order-7 --why '..'
      submit it at once; look it up first if that is unknown
  sheaf deliveries resubmit order-7 --why '..'
      render it anew with the template of today, and submit it"
        );
        let told = bundle(&item, Some(Err(&"http://a answers 503: b restores it".to_owned())), NOW);
        assert!(
            told.ends_with("delivery: it could not be asked for, so ask again: http://a answers 503: b restores it"),
            "{told}"
        );
        assert!(
            self::delivery(&delivery, NOW).starts_with("delivery of order-7: failed, and is not tried again\n\nname ")
        );
    }
}
