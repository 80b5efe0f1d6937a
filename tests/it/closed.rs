//! Closed bundles: their markers go after `keep_closed`, and take a bounded space until then.

use std::fs;
use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use sheaf::codec::{Head, entry};
use sheaf::model::{Headers, Key, Moment, Record, Timer, Timestamp, Topic, TopicPartition};
use sheaf::processor::{Effect, Input, Keyed};
use sheaf::store::counts::Bucket;
use sheaf::store::index::Diff;
use sheaf::store::rocks::{RocksOptions, RocksStores};
use sheaf::store::{Batch, Change, Stores as _};
use sheaf::testing::TestDriver;
use sheaf::topology::{Spec, Topology};

const TOPOLOGY: &str = "\
name: closed
sources:
  - { topic: ctm-parent-events,   member: parent, bundle: /id,        id: /id, expects: /children }
  - { topic: ctm-children-events, member: child,  bundle: /parent_id, id: /id, position: /position }
bundle: { sla: 24h, keep_closed: 7d }
submissions: pairs
";
const NOW: Timestamp = Timestamp::from_millis(1_767_225_600_000);

fn topology() -> Topology {
    Spec::parse("closed.yaml", TOPOLOGY).unwrap().assemble("test", |_| None).unwrap()
}

/// The topics and the values of a bundle's events.
fn events(chance: &mut fastrand::Rng, children: usize, fill: usize) -> Vec<(&'static str, String)> {
    let mut id = || uuid::Uuid::from_u128(chance.u128(..));
    let (parent, fill) = (id(), "x".repeat(fill));
    let mut events = vec![("ctm-parent-events", format!(r#"{{"id":"{parent}","children":{children}}}"#))];
    events.extend((1..=children).map(|position| {
        let child = id();
        let value = format!(r#"{{"id":"{child}","parent_id":"{parent}","position":{position},"fill":"{fill}"}}"#);
        ("ctm-children-events", value)
    }));
    events
}

#[test]
fn a_marker_goes_after_keep_closed_and_leaves_a_tombstone() {
    let mut driver = TestDriver::new(topology()).unwrap();
    // The second bundle is stored in parts while it is open.
    for fill in [0, 3_000] {
        for (topic, value) in events(&mut fastrand::Rng::with_seed(1), 3, fill) {
            driver.send(topic, "", value).unwrap();
        }
        let changelog = driver.read("test-bundle-changelog").unwrap();
        let key = String::from_utf8(changelog.last().unwrap().key.as_ref().unwrap().to_vec()).unwrap();
        let key = key.split_at(key.len() - 36).1.to_owned();
        assert_eq!(driver.show("bundle", &key).unwrap().unwrap()["status"], "closed");
        driver.advance(Duration::from_hours(7 * 24)).unwrap();
        assert_eq!(driver.show("bundle", &key).unwrap(), None);
        let changelog = driver.read("test-bundle-changelog").unwrap();
        let last = changelog.iter().rfind(|record| record.key.as_deref() == Some(key.as_bytes()));
        assert_eq!(last.unwrap().value, None, "a tombstone");
        driver.lose_disk().unwrap();
        assert_eq!(driver.show("bundle", &key).unwrap(), None);
    }
}

/// The closed entry of a bundle with three children, by its steps.
fn closed(topology: &Topology, chance: &mut fastrand::Rng) -> (Key, Head, Bytes) {
    let processor = &*topology.nodes[0].processor;
    let (mut state, mut head, mut found) = (None, Head::default(), Key::new(""));
    for (topic, value) in events(chance, 3, 0) {
        let source = TopicPartition::new(&Topic::new(topic), chance.i32(0..64));
        let offset = chance.i64(0..1_000_000_000);
        let timestamp = NOW.saturating_add(Duration::from_millis(chance.u64(0..3_600_000)));
        let record =
            Record { source, offset, timestamp, key: None, value: Some(value.into()), headers: Headers::new() };
        let source = topology.sources.iter().find(|source| source.topic.as_str() == topic).unwrap();
        let Ok(Keyed::To(keyed)) = source.keying.key(&record) else { panic!("it is a member") };
        let (key, event) = keyed.into_event(record);
        let next = processor.step(&key, state, Input::Record(event), Moment::at(NOW)).unwrap();
        for effect in &next.effects {
            match effect {
                Effect::Schedule(timer) => head.timers.push(*timer),
                Effect::Unschedule(kind) => head.timers.retain(|timer: &Timer| timer.kind != *kind),
                Effect::Forward(_)
                | Effect::Act(_)
                | Effect::Settle(_)
                | Effect::Alert(_)
                | Effect::Count(_)
                | Effect::CountMany(..)
                | Effect::Observe(_)
                | Effect::AddPart(_)
                | Effect::DropParts
                | Effect::DeadLetter(_) => {}
            }
        }
        (state, found) = (next.state, key);
    }
    let (state, mut body, mut bytes) = (state.unwrap(), Vec::new(), Vec::new());
    let listing = processor.listing(&state);
    (head.statuses, head.at) = (listing.statuses, head.timers[0].due);
    processor.encode(&state, &mut body).unwrap();
    entry::encode(&head, processor.version(&state).unwrap(), &body, &mut bytes).unwrap();
    (found, head, bytes.into())
}

fn size(directory: &Path) -> u64 {
    let items = fs::read_dir(directory).unwrap().map(|item| item.unwrap());
    items.map(|item| if item.path().is_dir() { size(&item.path()) } else { item.metadata().unwrap().len() }).sum()
}

/// Its figures stand in docs/performance.md.
#[test]
#[ignore = "takes some minutes"]
fn a_million_closed_bundles_take_a_bounded_space() {
    const BUNDLES: u64 = 1_000_000;
    const BATCH: u64 = 10_000;
    let (topology, directory) = (topology(), tempfile::tempdir().unwrap());
    let stores = RocksStores::open(RocksOptions::new(directory.path())).unwrap();
    let mut store = stores.open("bundle-0").unwrap();
    let (mut chance, mut changelog) = (fastrand::Rng::with_seed(1), 0);
    let mut purge = Vec::new();
    for _ in 0..BUNDLES / BATCH {
        let mut changes = Vec::new();
        for _ in 0..BATCH {
            let (key, head, bytes) = closed(&topology, &mut chance);
            changelog += key.as_bytes().len() + bytes.len();
            changes.extend(Diff { old: None, new: Some(&head) }.changes(&key));
            changes.push(Change::Count(Bucket::of(&head), 1));
            changes.push(Change::PutEntry(key.clone(), bytes));
            purge.push((key, head));
        }
        store.apply(&Batch { changes, is_bulk: false }).unwrap();
    }
    drop(store);
    let mut store = stores.open("bundle-0").unwrap();
    let (disk, of) = (size(directory.path()), |bytes: u64| bytes / BUNDLES);
    let changelog = u64::try_from(changelog).unwrap();
    println!("bytes per closed bundle: {} in the store, {} in the changelog", of(disk), of(changelog));
    for page in purge.chunks(10_000) {
        let mut changes = Vec::new();
        for (key, head) in page {
            changes.extend(Diff { old: Some(head), new: None }.changes(key));
            changes.push(Change::Count(Bucket::of(head), -1));
            changes.push(Change::DeleteEntry(key.clone()));
        }
        store.apply(&Batch { changes, is_bulk: false }).unwrap();
    }
    drop(store);
    let store = stores.open("bundle-0").unwrap();
    println!("MiB of the store after they are purged: {}", size(directory.path()) >> 20);
    assert_eq!(store.counts().total(), 0);
    assert!(of(disk) < 600 && of(changelog) < 500, "{disk} {changelog}");
}
