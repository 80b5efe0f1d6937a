//! The number of series is bounded by the topology, and not by what passes through it.

use std::collections::BTreeSet;
use std::time::Duration;

use bytes::Bytes;
use sheaf::model::{Key, OutRecord, Topic};

use super::{START, records, run_for, world, write};
use crate::prometheus::{self, Series};

const TOPOLOGY: &str = "
name: pairs
sources:
  - { topic: parents, member: parent, bundle: /id, id: /id }
  - { topic: children, member: child, bundle: /parent, id: /id }
bundle: { key: text, children: 1, sla: 1h, deviations: { duplicate: alert } }
submissions: out
";

/// The bundles before the series are counted, and those after it.
const SOME: usize = 300;
const MANY: usize = 10_000;

fn event(topic: &str, number: usize, value: String) -> OutRecord {
    let key = Some(Key::new(&number.to_string()));
    let (topic, value) = (Topic::new(topic), Some(Bytes::from(value)));
    OutRecord { topic, partition: None, key, value, headers: sheaf::model::Headers::new(), timestamp: None }
}

/// A bundle, of which each seventh is incomplete, each fifth has a double event, and each third one that is unreadable.
fn bundle(number: usize) -> Vec<OutRecord> {
    let parent = || event("parents", number, format!(r#"{{"id":"p-{number}"}}"#));
    let mut events = vec![parent()];
    if !number.is_multiple_of(7) {
        events.push(event("children", number, format!(r#"{{"parent":"p-{number}","id":"c-{number}"}}"#)));
    }
    if number.is_multiple_of(5) {
        events.push(parent());
    }
    if number.is_multiple_of(3) {
        events.push(event("children", number, format!("unreadable {number}")));
    }
    events
}

#[test]
fn ten_thousand_bundles_have_no_series_of_their_own() {
    let mut world = world(TOPOLOGY, START, true);
    world.start("a").unwrap();
    let mut count = |bundles: std::ops::Range<usize>| {
        write(&world, bundles.flat_map(bundle));
        run_for(&mut world, Duration::from_mins(2), Duration::from_secs(1));
        // Past the deadlines; a member is expelled by such steps, and back with the last ones.
        run_for(&mut world, Duration::from_hours(2), Duration::from_mins(1));
        run_for(&mut world, Duration::from_mins(5), Duration::from_secs(1));
        let text = world.metrics("a").unwrap().encode().unwrap();
        let series: BTreeSet<Series> = prometheus::read(&text).unwrap().into_keys().collect();
        (records(&world, "out").len(), series)
    };
    let (forwarded, before) = count(0..SOME);
    assert_eq!(forwarded, 257);
    let (forwarded, after) = count(SOME..SOME + MANY);
    assert_eq!(forwarded, 8_828);
    assert_eq!(after.difference(&before).collect::<Vec<_>>(), Vec::<&Series>::new(), "of {MANY} bundles");
    assert!(before.len() > 200, "{}", before.len());
}
