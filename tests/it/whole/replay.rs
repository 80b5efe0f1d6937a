//! A recorded day that is replayed: all of its input is there at once and there is no state, and the story is the same.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};
use sheaf::model::{Clock as _, OutRecord, Record, Timestamp, Topic, TopicPartition};
use sheaf::sim::World;

use super::{START, json, records, run_for, world, write};

/// Parents that state the number of their children.
const STATED: &str = "
name: stated
sources:
  - { topic: parents, member: parent, bundle: /bundle, id: /id, expects: /children, time: { pointer: /at } }
  - { topic: children, member: child, bundle: /bundle, id: /id, position: /position, time: { pointer: /at } }
bundle: { key: text, sla: 2h, warn_before: 30m, expire: 8h, deviations: { duplicate: alert } }
submissions: out
";

/// Children by name without a parent, a minimum after a time-out, deadlines of events, Kafka's timestamps.
const NAMED: &str = "
name: named
sources:
  - { topic: parents, member: a, bundle: /bundle, id: /id, deadline: /due, time: { pointer: /at } }
  - { topic: children, member: b, bundle: /bundle, id: /id }
bundle: { key: text, members: { a: 1, b: 1..3 }, at_least: { after: 90m }, sla: 2h, expire: 8h }
submissions: out
";

/// The bundles of a day.
const BUNDLES: u32 = 150;
/// The time within which the members of a bundle are written.
const SPREAD_S: u32 = 5 * 3_600;
/// The length of the day with the last deadlines.
const LENGTH: Duration = Duration::from_hours(34);

/// An event and the time at which it is written.
type Written = (Duration, OutRecord);

/// A day of events from a seed: late, missing, double, contradictory, surplus, and of no place.
fn day(seed: u64) -> Vec<Written> {
    let mut chance = fastrand::Rng::with_seed(seed);
    let mut day = Vec::new();
    for number in 0..BUNDLES {
        let bundle = format!("bundle-{number}");
        let (begin, count) = (chance.u32(..18 * 3_600), chance.u32(1..4));
        // Most come within an hour or so, others at any time.
        let spread = if chance.u8(..3) == 0 { SPREAD_S } else { 3_600 };
        let mut put = |is_parent: bool, id: String, position: u32, chance: &mut fastrand::Rng| {
            if chance.u8(..12) == 0 {
                return;
            }
            // Surplus children are the last, because until the parent has come they count.
            let when = begin + if id.ends_with("surplus") { SPREAD_S } else { 0 } + chance.u32(..spread);
            let at = |seconds: u32| START.saturating_add(Duration::from_secs(seconds.into())).to_string();
            let mut value = json!({ "bundle": bundle, "id": id, "at": at(when), "data": 0 });
            if is_parent {
                value["children"] = json!(count);
                value["due"] = if chance.bool() { json!(at(begin + 5_400)) } else { Value::Null };
            } else {
                value["position"] = json!(position);
            }
            day.push((when, is_parent, value.clone()));
            if chance.u8(..6) == 0 {
                // The same again, or another content with its own time.
                let again = when + chance.u32(1..spread);
                if chance.bool() {
                    value["data"] = json!(1);
                    value["at"] = json!(at(again));
                }
                day.push((again, is_parent, value));
            }
        };
        put(true, bundle.clone(), 0, &mut chance);
        for position in 1..=count {
            put(false, format!("{bundle}-{position}"), position, &mut chance);
        }
        if chance.u8(..8) == 0 {
            put(false, format!("{bundle}-surplus"), chance.u32(0..6), &mut chance);
        }
    }
    day.sort_by_key(|(when, ..)| *when);
    let written = |(when, is_parent, value): (u32, bool, Value)| {
        let when = Duration::from_secs(when.into());
        let topic = Topic::new(if is_parent { "parents" } else { "children" });
        let value = Bytes::from(value.to_string());
        let partition = Some(chance.i32(0..4));
        (
            when,
            OutRecord { partition, timestamp: Some(START.saturating_add(when)), ..OutRecord::unkeyed(&topic, value) },
        )
    };
    day.into_iter().map(written).collect()
}

/// What a world tells: the alerts without `raised_at`, and the submissions, in order.
#[derive(Debug, PartialEq, Eq)]
struct Story {
    alerts: Vec<String>,
    submissions: Vec<String>,
    rejected: usize,
}

impl Story {
    /// Removes the detail `kept` of conflicts, which is known while a bundle is open.
    fn forget_kept(&mut self) {
        for alert in &mut self.alerts {
            if let Some((before, rest)) = alert.split_once(r#""kept":{"#) {
                *alert = format!("{before}{}", rest.split_once("},").unwrap().1);
            }
        }
        self.alerts.sort();
    }
}

fn text(record: &Record, value: &str) -> String {
    let headers: Vec<String> = record.headers.iter().map(|it| format!("{}={:?}", it.name, it.value)).collect();
    format!("{:?} {value} {headers:?}", record.key)
}

/// The bytes of an alert without the field `raised_at`.
fn without_raised_at(record: &Record) -> String {
    let value = String::from_utf8(record.value.clone().unwrap().to_vec()).unwrap();
    let (before, rest) = value.split_once(r#""raised_at":""#).unwrap();
    let (_, after) = rest.split_once("\",").unwrap();
    text(record, &format!("{before}{after}"))
}

fn story(world: &World) -> Story {
    let mut alerts: Vec<String> = records(world, "app-alerts").iter().map(without_raised_at).collect();
    let as_text = |record: &Record| text(record, &String::from_utf8_lossy(record.value.as_deref().unwrap()));
    let mut submissions: Vec<String> = records(world, "out").iter().map(as_text).collect();
    alerts.sort();
    submissions.sort();
    Story { alerts, submissions, rejected: records(world, "app-dead-letters").len() }
}

/// What the first one tells and the other one does not, by line.
fn difference(one: &Story, other: &Story) -> String {
    let only = one.alerts.iter().filter(|alert| !other.alerts.contains(alert));
    let submissions = one.submissions.iter().filter(|submission| !other.submissions.contains(submission));
    only.chain(submissions).cloned().collect::<Vec<_>>().join("\n")
}

/// The sources as Kafka has them: coordinates, times, bytes.
fn sources(world: &World) -> BTreeMap<(TopicPartition, i64), (Timestamp, Option<Bytes>)> {
    let all = ["parents", "children"].into_iter().flat_map(|topic| records(world, topic));
    all.map(|record| ((record.source, record.offset), (record.timestamp, record.value))).collect()
}

/// The day as it happens, each event at its time.
fn live(topology: &str, day: &[Written]) -> World {
    let mut world = world(topology, START, true);
    world.start("a").unwrap();
    world.start("b").unwrap();
    run_for(&mut world, Duration::from_secs(2), Duration::from_millis(100));
    for (when, record) in day {
        let left = START.saturating_add(*when).since(world.clock().now());
        run_for(&mut world, left, Duration::from_secs(2));
        write(&world, [record.clone()]);
    }
    let left = START.saturating_add(LENGTH).since(world.clock().now());
    run_for(&mut world, left, Duration::from_secs(20));
    world
}

/// The same input at once, a day later, on instances without state.
fn replayed(topology: &str, day: &[Written], instances: &[&str]) -> World {
    let mut world = world(topology, START.saturating_add(LENGTH).saturating_add(Duration::from_hours(24)), true);
    // The first start makes the topics.
    world.start("a").unwrap();
    world.stop("a").unwrap();
    for (_, record) in day {
        write(&world, [record.clone()]);
    }
    for name in instances {
        world.start(name).unwrap();
    }
    run_for(&mut world, Duration::from_mins(5), Duration::from_millis(100));
    world
}

fn assert_same_story(topology: &str, seed: u64) {
    let day = day(seed);
    let live = live(topology, &day);
    for instances in [&["a"][..], &["a", "b"]] {
        let again = replayed(topology, &day, instances);
        assert_eq!(sources(&again), sources(&live), "the recording is the same");
        let (mut again, mut expected) = (story(&again), story(&live));
        if instances.len() > 1 {
            // Two instances read partitions at their own pace, so a conflict may be read before or after the end of its bundle.
            again.forget_kept();
            expected.forget_kept();
        }
        let (lost, new) = (difference(&expected, &again), difference(&again, &expected));
        assert!(again == expected, "seed {seed}: only live:\n{lost}\nonly replayed:\n{new}");
    }
    let told: BTreeSet<_> = records(&live, "app-alerts").iter().map(|alert| json(alert)["kind"].to_string()).collect();
    for alert in records(&live, "app-alerts") {
        crate::alert::assert_valid(&json(&alert));
    }
    for kind in ["after_closing", "conflict", "expired", "late", "sla_breach"] {
        assert!(told.contains(&format!("\"{kind}\"")), "seed {seed} has no {kind}: {told:?}");
    }
}

#[test]
fn a_day_that_is_replayed_tells_the_same_story() {
    (1..=2).for_each(|seed| assert_same_story(STATED, seed));
}

#[test]
fn a_day_of_time_outs_that_is_replayed_tells_the_same_story() {
    (1..=2).for_each(|seed| assert_same_story(NAMED, seed));
}
