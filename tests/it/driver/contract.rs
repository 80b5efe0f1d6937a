//! The contract of a processor, on the real runtime: inputs, effects, keying, statuses.

use std::borrow::Cow;
use std::time::Duration;

use bytes::Bytes;
use sheaf::model::{
    Headers, Key, Listing, Moment, OutRecord, Record, Reject, Status, Statuses, Timer, TimerKind, Timestamp, Topic,
};
use sheaf::processor::{Effect, Forward, Input, Keyed, Processor, Transition, by_key};
use sheaf::testing::TestDriver;
use sheaf::topology::Topology;

use super::versatile::Seen;

const EVENING: Timestamp = Timestamp::from_millis(1_767_290_400_000);

/// Records its inputs; the value of a record selects the effects.
struct Recorder;

impl Processor for Recorder {
    type State = Seen;

    fn step(&self, key: &Key, state: Option<Seen>, input: Input, at: Moment) -> Result<Transition<Seen>, Reject> {
        let Seen(mut seen) = state.unwrap_or_default();
        let mut effects = Vec::new();
        let text = match input {
            Input::Record(event) => {
                let value = event.record.value.unwrap_or_default();
                match &value[..] {
                    b"elsewhere" => effects.push(Effect::Forward(Forward {
                        key: Some(Key::new("other")),
                        timestamp: Some(EVENING),
                        ..Forward::new("out", value.clone())
                    })),
                    b"tombstone" => {
                        effects.push(Effect::Forward(Forward { value: None, ..Forward::new("out", value.clone()) }));
                    }
                    b"alarm" => {
                        let due = at.wall.saturating_add(Duration::from_mins(1));
                        effects.push(Effect::Schedule(Timer { kind: TimerKind::Delay(0), due }));
                    }
                    b"reply" => effects.push(Effect::forward("out", "done")),
                    _ => {}
                }
                String::from_utf8_lossy(&value).into_owned()
            }
            Input::Timer(timer) => format!("due {}", timer.due),
            Input::Command(command) => {
                let arguments: Vec<_> =
                    command.arguments.iter().map(|(name, value)| format!("{name}={value}")).collect();
                format!("{} {} for {key}, by {}: {}", command.name, arguments.join(","), command.by, command.why)
            }
            Input::Outcome(_) => String::new(),
        };
        seen.push(text);
        Ok(Transition { state: Some(Seen(seen)), effects })
    }

    fn listing(&self, Seen(seen): &Seen) -> Listing {
        let statuses = Statuses::two(Status(7), Status(u64::try_from(seen.len()).unwrap()));
        Listing { statuses, at: seen.iter().any(|word| word == "soon").then_some(EVENING) }
    }

    fn status_name(&self, Status(status): Status) -> Cow<'static, str> {
        Cow::Owned(format!("{status} seen"))
    }
}

/// Passes over records whose key begins with `foreign`.
fn own_keys(record: &Record) -> Result<Keyed, Reject> {
    if record.key.as_deref().is_some_and(|key| key.starts_with(b"foreign")) { Ok(Keyed::Pass) } else { by_key(record) }
}

fn driver() -> TestDriver {
    let wiring =
        Topology::builder("recorder").processor("recorder", Recorder).reads("in", own_keys).writes("out", "out");
    TestDriver::new(wiring.build().unwrap()).unwrap()
}

fn seen(driver: &mut TestDriver, key: &str) -> Vec<String> {
    driver.state::<Seen>("recorder", key).unwrap().unwrap_or_default().0
}

#[test]
fn a_record_may_go_to_another_key_at_another_time_or_be_a_tombstone() {
    let mut driver = driver();
    driver.send("in", "x", "elsewhere").unwrap();
    driver.send("in", "x", "tombstone").unwrap();
    let [elsewhere, tombstone] = driver.read("out").unwrap().try_into().unwrap();
    assert_eq!((elsewhere.key.as_deref(), elsewhere.timestamp), (Some(&b"other"[..]), EVENING));
    assert_eq!((tombstone.key.as_deref(), tombstone.value), (Some(&b"x"[..]), None));
}

#[test]
fn a_passed_record_is_counted_and_not_processed() {
    let mut driver = driver();
    driver.send("in", "foreign", "1").unwrap();
    driver.send("in", "x", "1").unwrap();
    assert_eq!(seen(&mut driver, "foreign"), Vec::<String>::new());
    assert_eq!(seen(&mut driver, "x"), ["1"]);
    assert!(driver.dead_letters().unwrap().is_empty());
    let metrics = driver.metrics().unwrap().encode().unwrap();
    let passed = "sheaf_consumer_passed_records_total{application=\"test\",topic=\"in\"} 1\n";
    assert!(metrics.contains(passed), "{metrics}");
}

#[test]
fn a_timer_has_its_due_time() {
    let mut driver = driver();
    let due = driver.now().saturating_add(Duration::from_mins(1));
    driver.send("in", "x", "alarm").unwrap();
    driver.advance(Duration::from_mins(2)).unwrap();
    assert_eq!(seen(&mut driver, "x"), ["alarm".to_owned(), format!("due {due}")]);
}

/// A record of the inbox, as sheaf writes it.
fn inbox(kind: &str, value: &str) -> OutRecord {
    let record =
        OutRecord::keyed(&Topic::new("test-recorder-inbox"), &Key::new("x"), Bytes::copy_from_slice(value.as_bytes()));
    record.with_headers(Headers::new().with("sheaf-kind", kind.to_owned()))
}

#[test]
fn a_command_in_the_inbox_is_an_input_of_its_entry() {
    let mut driver = driver();
    let id = "6b0e7a52-9d43-4c1e-8f27-3a5d10c4e9b6";
    let command = format!(
        r#"{{"id":"{id}","name":"extend","arguments":{{"until":"18:00"}},"by":"ada","why":"late train","at":5}}"#
    );
    driver.send_records(&[inbox("command", &command)]).unwrap();
    assert_eq!(seen(&mut driver, "x"), ["extend until=18:00 for x, by ada: late train"]);
    driver.send_records(&[inbox("command", "extend")]).unwrap();
    let [letter] = driver.dead_letters().unwrap().try_into().unwrap();
    assert_eq!(letter.reason, "unparsable");
    assert!(letter.detail.starts_with("not a command: "), "{}", letter.detail);
}

#[test]
fn a_watermark_is_skipped_and_an_unknown_kind_is_a_dead_letter() {
    let mut driver = driver();
    driver.send_records(&[inbox("watermark", "{}"), inbox("carrier-pigeon", "coo")]).unwrap();
    driver.send("in", "x", "1").unwrap();
    assert_eq!(seen(&mut driver, "x"), ["1"]);
    let [letter] = driver.dead_letters().unwrap().try_into().unwrap();
    assert_eq!(letter.reason, "unsupported");
    assert!(letter.detail.contains("`carrier-pigeon`"), "{}", letter.detail);
    assert_eq!(letter.record.value.as_deref(), Some(&b"coo"[..]));
}

#[test]
fn the_statuses_of_an_entry_are_stored_with_it() {
    let mut driver = driver();
    driver.send("in", "x", "1").unwrap();
    let entry = driver.entry::<Seen>("recorder", "x").unwrap().unwrap();
    assert_eq!(entry.statuses.as_slice(), [Status(7), Status(1)]);
    assert_eq!(entry.at, Timestamp::from_millis(i64::MAX), "an entry without a time and without timers is last");
    driver.send("in", "x", "alarm").unwrap();
    let entry = driver.entry::<Seen>("recorder", "x").unwrap().unwrap();
    assert_eq!(entry.statuses.as_slice(), [Status(7), Status(2)]);
    assert_eq!(entry.at, driver.now().saturating_add(Duration::from_mins(1)), "the default is its first timer");
    driver.send("in", "x", "soon").unwrap();
    driver.lose_disk().unwrap();
    let entry = driver.entry::<Seen>("recorder", "x").unwrap().unwrap();
    assert_eq!((entry.statuses.as_slice(), entry.at), ([Status(7), Status(3)].as_slice(), EVENING));
}

#[test]
fn a_topology_may_read_its_own_output() {
    let wiring = Topology::builder("loop").processor("recorder", Recorder).reads("in", by_key).writes("out", "in");
    let mut driver = TestDriver::new(wiring.build().unwrap()).unwrap();
    driver.send("in", "x", "reply").unwrap();
    assert_eq!(seen(&mut driver, "x"), ["reply", "done"]);
}

#[test]
fn reserved_changelog_keys_of_a_newer_version_are_skipped() {
    let mut driver = driver();
    driver.send("in", "x", "1").unwrap();
    let changelog = Topic::new("test-recorder-changelog");
    let key = Key::new("\0sheaf-something");
    driver.send_records(&[OutRecord::keyed(&changelog, &key, Bytes::from_static(b"no entry"))]).unwrap();
    driver.lose_disk().unwrap();
    driver.send("in", "x", "2").unwrap();
    assert_eq!(seen(&mut driver, "x"), ["1", "2"]);
}
