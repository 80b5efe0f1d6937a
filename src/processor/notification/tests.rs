//! The size of a full entry, and a route whose outcome was rejected.

use bytes::Bytes;
use serde_json::json;

use super::*;
use crate::codec::{Head, Versioned as _, entry};
use crate::model::{Act, Headers, Record, Severity, Target, Topic, TopicPartition};
use crate::processor::call::{Answer, Backoff, Certainty, Limits, Request, Webhook};
use crate::processor::{Keyed, Keying as _};

fn at(seconds: i64) -> Moment {
    let wall = Timestamp::from_millis(1_700_000_000_000 + seconds * 1_000);
    Moment { wall, watermark: wall }
}

/// A processor with this many routes to Slack.
fn processor(routes: usize) -> Notification {
    let route = |number: usize| Route {
        name: format!("{number}-{}", "r".repeat(60)),
        to: Target::new(&format!("sink-{number}")),
        format: Format::Slack,
        severity: Severity::Info,
        kinds: Vec::new(),
    };
    let retry = Backoff { first: Duration::from_secs(5), factor: 2, max: Duration::from_mins(5), jitter_percent: 0 };
    Notification::new(Settings {
        application: "a".repeat(60),
        routes: (0..routes).map(route).collect(),
        group_by: vec![GroupBy::Kind, GroupBy::Processor, GroupBy::Key],
        group_wait: Duration::from_secs(10),
        group_interval: Duration::from_mins(5),
        max_per_hour: 1,
        intent_valid_for: Duration::from_mins(1),
        call: Limits { certainty: Certainty::Idempotent, retry, give_up_after: Duration::from_hours(24) },
    })
}

/// An alert with the longest texts, in the group of this number.
fn alert(filling: &str, group: usize) -> Input {
    let long = |text: &str| format!("{text}{}", filling.repeat(1_000));
    let value = json!({
        "kind": long("kind"), "severity": "critical", "key": long(&format!("{group:02}")), "topology": long("topology"),
        "processor": long("processor"), "occurred_at": "2026-01-01T00:00:00Z", "message": long("message"),
        "details": { "remedy": long("remedy") },
    });
    let record = Record {
        source: TopicPartition::new(&Topic::new("ctm-alerts"), 0),
        offset: 0,
        timestamp: at(0).wall,
        key: None,
        value: Some(Bytes::from(value.to_string())),
        headers: Headers::new(),
    };
    let Ok(Keyed::To(keyed)) = AlertKeying.key(&record) else { panic!("{value}") };
    Input::Record(keyed.into_event(record).1)
}

/// An entry, as the runtime keeps it.
#[derive(Default)]
struct Entry {
    state: Option<Notifications>,
    head: Head,
}

impl Entry {
    /// Runs a step; returns its acts.
    fn step(&mut self, processor: &Notification, input: Input, at: Moment) -> Vec<Act> {
        if let Input::Timer(timer) = &input {
            self.head.timers.retain(|other| other.kind != timer.kind);
        }
        let next = processor.step(&Key::new(ENTRY), self.state.take(), input, at).unwrap();
        self.state = next.state;
        let mut acts = Vec::new();
        for effect in next.effects {
            match effect {
                Effect::Act(act) => {
                    self.head.add_act(act.clone(), false);
                    acts.push(act);
                }
                Effect::Settle(slot) => self.head.remove_act(slot),
                Effect::Schedule(timer) => {
                    self.head.timers.retain(|other| other.kind != timer.kind);
                    self.head.timers.push(timer);
                }
                Effect::Unschedule(kind) => self.head.timers.retain(|timer| timer.kind != kind),
                Effect::Forward(_)
                | Effect::Alert(_)
                | Effect::Count(_)
                | Effect::CountMany(..)
                | Effect::Observe(_)
                | Effect::AddPart(_)
                | Effect::DropParts
                | Effect::DeadLetter(_) => {}
            }
        }
        acts
    }

    /// Fires the timers that are due, until there are none; returns the acts.
    fn fire(&mut self, processor: &Notification, at: Moment) -> Vec<Act> {
        let mut acts = Vec::new();
        while let Some(timer) = self.head.timers.iter().find(|timer| timer.due <= at.wall).copied() {
            acts.extend(self.step(processor, Input::Timer(timer), at));
        }
        acts
    }

    fn size(&self) -> usize {
        let mut bytes = Vec::new();
        entry::encode_front(&self.head, 1, &mut bytes).unwrap();
        self.state.as_ref().unwrap().encode(&mut bytes).unwrap();
        bytes.len()
    }
}

#[test]
fn an_entry_of_full_routes_with_the_longest_texts_fits_its_topic() {
    for filling in ["x", "\"", "&", "x ", "ä"] {
        let processor = processor(settings::ROUTES_MAX);
        let mut entry = Entry::default();
        let gather = |entry: &mut Entry, seconds| {
            for number in 0..300 {
                entry.step(&processor, alert(filling, number % 30), at(seconds));
            }
        };
        // The limit per hour is reached, so that each route tells all its groups in one message.
        gather(&mut entry, 0);
        for Act { slot, attempt, .. } in entry.fire(&processor, at(10)) {
            let verdict = Answer::Executed { detail: String::new() }.verdict();
            entry.step(&processor, Input::Outcome(Outcome { slot, attempt, verdict }), at(11));
        }
        entry.fire(&processor, at(20));
        entry.fire(&processor, at(4_000));
        gather(&mut entry, 4_001);
        assert_eq!(entry.head.acts.len(), settings::ROUTES_MAX, "each route has a pending act");
        assert!(entry.size() < 900_000, "{filling:?}: {}", entry.size());
        for act in &entry.head.acts {
            let Ok(Request::Webhook(Webhook { body, .. })) = Request::decode(&act.request) else { panic!("{act:?}") };
            assert!(act.request.len() <= message::REQUEST_BYTES_MAX, "{filling:?}: {}", act.request.len());
            assert!(body.contains("not shown") && body.contains('…'), "{body}");
        }
    }
}

#[test]
fn a_route_whose_outcome_was_rejected_sends_again() {
    let processor = processor(1);
    let mut entry = Entry::default();
    entry.step(&processor, alert("x", 0), at(0));
    let first = entry.fire(&processor, at(10));
    let [act] = first.as_slice() else { panic!("{first:?}") };
    // What the task does when the step of the outcome is rejected.
    entry.head.remove_act(act.slot);
    entry.head.timers.extend(processor.timer_after_rejection(Deleted::Act(act.slot), at(11)));
    assert!(entry.fire(&processor, at(70)).is_empty());
    assert!(entry.fire(&processor, at(71)).is_empty(), "it counts as an attempt, and is followed by a wait");
    let again = entry.fire(&processor, at(76));
    let [repeated] = again.as_slice() else { panic!("{again:?}") };
    assert_eq!((repeated.slot, repeated.attempt, &repeated.request), (act.slot, act.attempt + 1, &act.request));
}
