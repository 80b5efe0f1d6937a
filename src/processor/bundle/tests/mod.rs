//! Tests of the bundle's encoding, limits, keying and labels; its behaviour is tested by `tests/golden/bundle`.

use super::*;
use crate::codec::{Versioned as _, part};
use crate::model::{Headers, Key, Moment, Record, Status, Timer, Timestamp, Topic, TopicPartition};
use crate::processor::{Addressed, Count, Effect, Input, Keyed, Keying as _, Processor as _, Transition};

mod version_4;
mod version_5;
mod version_6;

use version_5::without_timeline;

const NOON: i64 = 1_767_268_800_000;

/// An open bundle with a parent, a child and an alerted deviation, in version 1.
const OPEN_V1: &str = concat!(
    "0001027031fd00acdbf23603000000187b226964223a227031222c226368696c6472656e223a327d07706172656e7473",
    "0622010161fd00acdbf2360300000102287b226964223a2261222c22706172656e745f6964223a227031222c22706f73",
    "6974696f6e223a327d086368696c6472656e0622010201faadf471ab5bae3f006436df8262ff26"
);

/// The same bundle, closed by its last child.
const CLOSED_V1: &str = concat!(
    "020003755c2bab182658d28a3ed63084b249c85ae30dd534550b7d93014e24a69fa6e3e19b5df4f16d58138f381aed11",
    "df7403d9841ca7c54129f78bb0e504a7a18379f8126ed521235474bfd1c1aec11149730ba4ab4c7647aebf043ea8cd1b",
    "ce77d401faadf471ab5bae3f006436df8262ff26"
);

/// The same bundle as sheaf 0.1.0 stored it, with fingerprints of bytes.
const CLOSED_BY_0_1_0: &str = concat!(
    "020003755c2bab182658d28a3ed63084b249c8893d4d45c6f75ed7a70a02a02a004c0ae19b5df4f16d58138f381aed11",
    "df7403c2a0b6ef9e5e50f79d7d06bdb9b2d71af8126ed521235474bfd1c1aec1114973e38289a9c3db5df8b29b9809b2",
    "30542d0186d7886bfb7f5495a6b196583720bd2c"
);

/// The open bundle in version 2: the entry without members, and the parts.
const PARTED_V2: &str = "00010201faadf471ab5bae3f006436df8262ff26";
const PARTS_V2: [&str; 2] = [
    "00027031fd00acdbf23603000000187b226964223a227031222c226368696c6472656e223a327d07706172656e74730622",
    concat!(
        "010161fd00acdbf2360300000102287b226964223a2261222c22706172656e745f6964223a227031222c22706f736974696f6e22",
        "3a327d086368696c6472656e0622"
    ),
];

fn rules(key: KeyFormat) -> Rules {
    let pointer = |text| crate::codec::json::Pointer::parse(text).unwrap();
    let source = |topic: &str, member, bundle| SourceRules {
        expects: Some(pointer("/children").into()),
        position: Some(pointer("/position").into()),
        ..SourceRules::new(topic, member, pointer(bundle).into(), pointer("/id").into())
    };
    let sources = vec![source("parents", Role::Parent, "/id"), source("children", Role::Child, "/parent_id")];
    Rules { key, ..Rules::new(sources) }
}

fn record(topic: &str, value: &str) -> Record {
    Record {
        source: TopicPartition::new(&Topic::new(topic), 3),
        offset: 17,
        timestamp: Timestamp::from_millis(NOON),
        key: None,
        value: Some(bytes::Bytes::copy_from_slice(value.as_bytes())),
        headers: Headers::new(),
    }
}

fn step(state: Option<State>, role: &str, topic: &str, value: &str) -> Result<Transition<State>, Reject> {
    let record = record(topic, value);
    let input = Input::Record(Event::new(role.to_owned(), record.timestamp, record));
    Bundle::new("t", rules(KeyFormat::Text)).step(
        &Key::new("p1"),
        state,
        input,
        Moment::at(Timestamp::from_millis(NOON)),
    )
}

fn child(state: Option<State>, value: &str) -> Transition<State> {
    step(state, "child", "children", value).unwrap()
}

fn open() -> Option<State> {
    let state = step(None, "parent", "parents", r#"{"id":"p1","children":2}"#).unwrap().state;
    let state = child(state, r#"{"id":"a","parent_id":"p1","position":2}"#).state;
    child(state, r#"{"id":"b","parent_id":"p1","position":2}"#).state
}

fn hex(state: &State) -> String {
    let mut bytes = Vec::new();
    state.encode(&mut bytes).unwrap();
    digits(&bytes)
}

fn digits(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .map(|digit| char::from_digit(digit.into(), 16).unwrap())
        .collect()
}

fn from_hex(version: u16, text: &str) -> State {
    State::decode(version, &bytes(text)).unwrap()
}

fn bytes(digits: &str) -> Vec<u8> {
    let digits: Vec<u8> = digits.chars().map(|digit| u8::try_from(digit.to_digit(16).unwrap()).unwrap()).collect();
    digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

#[test]
fn states_have_the_bytes_of_version_1() {
    let state = without_timeline(open().unwrap());
    assert_eq!(hex(&state), OPEN_V1);
    assert_eq!(from_hex(1, OPEN_V1), state);
    let State::Open(gathering) = state else { panic!("it is open") };
    let breached = State::Breached(gathering);
    assert_eq!(hex(&breached), OPEN_V1.replacen("00", "01", 1));
    let closed = without_timeline(child(Some(breached), r#"{"id":"c","parent_id":"p1"}"#).state.unwrap());
    assert_eq!(hex(&closed), CLOSED_V1);
    assert_eq!(from_hex(1, CLOSED_V1), closed);
    assert!(State::decode(2, &[]).is_err());
}

#[test]
fn bundles_in_parts_have_the_bytes_of_version_2() {
    let State::Open(mut gathering) = without_timeline(open().unwrap()) else { unreachable!() };
    gathering.set_in_parts();
    let parts: Vec<_> = gathering.members().map(|(role, member)| stored::part(role, member).unwrap()).collect();
    assert_eq!(parts.iter().map(|part| digits(part)).collect::<Vec<_>>(), PARTS_V2.map(|part| format!("{part}0000")));
    let state = State::Open(gathering);
    assert_eq!((state.version(), hex(&state)), (2, PARTED_V2.to_owned()));
    let read = PARTS_V2.map(|part| part::decode(part::encode(2, &bytes(part))).unwrap());
    assert_eq!(from_hex(2, PARTED_V2).with_parts(read.into()).unwrap(), state);
    let named = PARTS_V2.map(|part| part::decode(part::encode(3, &bytes(&format!("{part}00")))).unwrap());
    assert_eq!(from_hex(2, PARTED_V2).with_parts(named.into()).unwrap(), state);
    let newest = parts.iter().map(|bytes| part::decode(part::encode(State::VERSION, bytes)).unwrap());
    assert_eq!(from_hex(2, PARTED_V2).with_parts(newest.collect()).unwrap(), state);
}

/// The rules with children by name, from the same topic.
fn named_rules() -> Rules {
    let mut rules = rules(KeyFormat::Text);
    rules.sources[1].name = Some("payment".into());
    rules.members = vec![NamedChildren { name: "payment".into(), count: 3, min: 3 }];
    rules
}

/// The open bundle in version 3: a parent, and a child with the name of its kind.
const NAMED_V3: &str = concat!(
    "0001027031fd00acdbf236030000000b7b226964223a227031227d07706172656e7473062200010161fd00acdbf23603",
    "00000102287b226964223a2261222c22706172656e745f6964223a227031222c22706f736974696f6e223a327d086368",
    "696c6472656e062201077061796d656e74010300"
);

#[test]
fn a_bundle_with_names_is_stored_with_them_whole_and_in_parts() {
    let bundle = Bundle::new("t", named_rules());
    let mut state = None;
    for (role, topic, value) in [
        ("parent", "parents", r#"{"id":"p1"}"#),
        ("payment", "children", r#"{"id":"a","parent_id":"p1","position":2}"#),
    ] {
        let event = Event::new(role, event_time(), record(topic, value));
        state = bundle.step(&Key::new("p1"), state, Input::Record(event), Moment::at(event_time())).unwrap().state;
    }
    let Some(State::Open(mut gathering)) = state.clone() else { panic!("it is open: {state:?}") };
    let state = state.unwrap();
    assert_eq!((state.version(), hex(&state)), (3, NAMED_V3.to_owned()));
    assert_eq!(from_hex(3, NAMED_V3), state);
    gathering.set_in_parts();
    let parts = gathering.members().map(|(role, member)| stored::part(role, member).unwrap());
    let parts: Vec<_> = parts.map(|bytes| part::decode(part::encode(State::VERSION, &bytes)).unwrap()).collect();
    for state in [State::Open(gathering.clone()), State::Breached(gathering)] {
        let read = from_hex(3, &hex(&state)).with_parts(parts.clone()).unwrap();
        assert_eq!((state.version(), read), (3, state));
    }
}

#[test]
fn an_open_bundle_follows_a_topology_that_begins_or_ceases_to_count_by_name() {
    let child = |bundle: &Bundle, state, role: &'static str, id: &str| {
        let record = record("children", &format!(r#"{{"id":"{id}","parent_id":"p1","position":2}}"#));
        let input = Input::Record(Event::new(role, event_time(), record));
        bundle.step(&Key::new("p1"), state, input, Moment::at(event_time())).unwrap()
    };
    let (plain, named) = (Bundle::new("t", rules(KeyFormat::Text)), Bundle::new("t", named_rules()));
    let opened = child(&plain, None, "child", "a");
    let again = child(&named, opened.state, "payment", "a");
    assert_eq!(again.effects, [count::event(Role::Child, EventOutcome::Duplicate)]);
    assert_eq!(without_timeline(again.state.clone().unwrap()).version(), 3);
    let again = child(&plain, again.state, "child", "a");
    assert_eq!(again.effects, [count::event(Role::Child, EventOutcome::Duplicate)]);
    assert_eq!(without_timeline(again.state.unwrap()).version(), 1);
}

#[test]
fn a_bundle_that_sheaf_0_1_0_closed_recognizes_its_members_and_what_it_has_alerted() {
    let closed = Some(from_hex(1, CLOSED_BY_0_1_0));
    let outcome = |value: &str| child(closed.clone(), value).effects;
    let duplicate = outcome(r#"{"id":"a","parent_id":"p1","position":2}"#);
    assert_eq!(duplicate, [count::event(Role::Child, EventOutcome::Duplicate)]);
    let alerted = outcome(r#"{"id":"b","parent_id":"p1","position":2}"#);
    assert_eq!(alerted, [count::event(Role::Child, EventOutcome::AfterClosing)]);
    assert_eq!(outcome(r#"{"id":"a","parent_id":"p1","position":3}"#).len(), 2, "a conflict has an alert");
}

#[test]
fn a_closed_bundle_is_at_rest() {
    let state = open();
    assert!(!Bundle::is_at_rest(state.as_ref().unwrap()));
    let closed = child(state, r#"{"id":"c","parent_id":"p1"}"#).state.unwrap();
    assert!(Bundle::is_at_rest(&closed));
}

#[test]
fn a_bundle_that_grows_too_large_rejects_the_member_and_stays() {
    let big = |id: &str| format!(r#"{{"id":"{id}","parent_id":"p1","fill":"{}"}}"#, "x".repeat(PAYLOADS_MAX / 2));
    let state = child(None, &big("a")).state;
    let reject = step(state, "child", "children", &big("b")).unwrap_err();
    assert_eq!(reject.reason, RejectReason::TooLarge);
}

#[test]
fn the_alerted_deviations_of_one_bundle_are_limited() {
    let (mut state, mut alerts) = (open(), 0);
    for number in 0..2 * REPORTED_MAX {
        let next = child(state, &format!(r#"{{"id":"a","parent_id":"p1","n":{number}}}"#));
        alerts += next.effects.iter().filter(|effect| matches!(effect, Effect::Alert(_))).count();
        assert!(next.effects.contains(&count::event(Role::Child, EventOutcome::Conflict)));
        state = next.state;
    }
    assert_eq!(alerts, REPORTED_MAX - 1, "one was alerted before");
}

#[test]
fn the_missing_children_that_a_breach_lists_are_limited() {
    let state = step(None, "parent", "parents", r#"{"id":"p1","children":10000}"#).unwrap().state;
    let bundle = Bundle::new("t", rules(KeyFormat::Text));
    let due = Input::Timer(Timer { kind: DEADLINE, due: event_time().saturating_add(SLA_DEFAULT) });
    let next = bundle.step(&Key::new("p1"), state, due, Moment::at(event_time())).unwrap();
    let is_alert = |effect: &&Effect| matches!(effect, Effect::Alert(_));
    let Some(Effect::Alert(alert)) = next.effects.iter().find(is_alert) else { panic!("there is an alert") };
    assert_eq!(alert.details["missing"].as_array().unwrap().len(), 100);
    assert_eq!(alert.details["missing_more"], 9_900);
}

#[test]
fn an_event_of_a_source_that_the_topology_does_not_have_is_rejected() {
    for (role, topic) in [("child", "parents"), ("guest", "children"), ("child", "elsewhere")] {
        let reject = step(None, role, topic, r#"{"id":"a","parent_id":"p1"}"#).unwrap_err();
        assert_eq!(reject.reason, RejectReason::Unreadable, "{reject}");
    }
}

#[test]
fn keying_gives_the_normalized_key_the_role_and_the_records_timestamp() {
    let keying = MemberKeying::new(&rules(KeyFormat::Uuid), 1).unwrap();
    let upper = "6B0E7A52-9D43-4C1E-8F27-3A5D10C4E9B6";
    let keyed = addressed(keying.key(&record("children", &format!(r#"{{"id":"{upper}","parent_id":"{upper}"}}"#))));
    assert_eq!(keyed.key, Key::new(&upper.to_lowercase()));
    assert_eq!((&*keyed.role, keyed.at), ("child", Timestamp::from_millis(NOON)));
}

#[test]
fn keying_takes_the_time_that_the_topology_names() {
    let mut rules = rules(KeyFormat::Text);
    let pointer = crate::codec::json::Pointer::parse("/timestamp").unwrap();
    rules.sources[0].time =
        Some(TimeRule { place: pointer.into(), zone: Some("Europe/Berlin".to_owned()), unit: None });
    let keying = MemberKeying::new(&rules, 0).unwrap();
    let key = |time: &str| keying.key(&record("parents", &format!(r#"{{"id":"p1","timestamp":{time}}}"#)));
    assert_eq!(addressed(key("\"2026-01-01T13:00:00.000001\"")).at, Timestamp::from_millis(NOON));
    assert_eq!(addressed(key("\"2026-01-01T12:00:00Z\"")).at, Timestamp::from_millis(NOON));
    for bad in ["\"noon\"", "1767268800", "null"] {
        assert_eq!(key(bad).unwrap_err().reason, RejectReason::BadTime, "{bad}");
    }
    let reject = keying.key(&record("parents", r#"{"id":"p1"}"#)).unwrap_err();
    assert_eq!(reject.reason, RejectReason::MissingField);
}

#[test]
fn the_error_of_an_invalid_source_names_the_reason() {
    let mut rules = rules(KeyFormat::Text);
    assert_eq!(MemberKeying::new(&rules, 2).unwrap_err(), KeyingError::NoSource { index: 2, count: 2 });
    let pointer = crate::codec::json::Pointer::parse("/t").unwrap();
    rules.sources[0].time = Some(TimeRule { place: pointer.into(), zone: Some("Mars/Olympus".to_owned()), unit: None });
    let error = MemberKeying::new(&rules, 0).unwrap_err().to_string();
    assert!(error.contains("`Mars/Olympus` of topic parents"), "{error}");
}

fn addressed(keyed: Result<Keyed, Reject>) -> Addressed {
    match keyed {
        Ok(Keyed::To(addressed)) => addressed,
        other => panic!("the record belongs to a bundle: {other:?}"),
    }
}

#[test]
fn every_label_set_is_declared_once() {
    let families = count::families();
    let series = families.iter().flat_map(|family| family.series.iter().map(|labels| (family.name, *labels)));
    let declared: std::collections::BTreeSet<_> = series.clone().collect();
    assert_eq!(declared.len(), series.count());
    let outcomes = || EventOutcome::DEVIATIONS.into_iter().chain([EventOutcome::Accepted, EventOutcome::Ignored]);
    let is_of_children =
        |outcome: &EventOutcome| matches!(outcome, EventOutcome::Unexpected | EventOutcome::OutOfRange);
    let parents =
        outcomes().filter(|outcome| !is_of_children(outcome)).map(|outcome| count::event(Role::Parent, outcome));
    let children = outcomes().map(|outcome| count::event(Role::Child, outcome));
    for effect in parents.chain(children) {
        assert!(
            matches!(effect, Effect::Count(Count { family, labels }) if declared.contains(&(family, labels))),
            "{effect:?}"
        );
    }
}

#[test]
fn the_fields_parsed_by_the_keying_step_are_those_that_the_step_would_read() {
    let (rules, events) = (
        rules(KeyFormat::Text),
        [
            (0, "parents", r#"{"id":"p1","children":2}"#),
            (1, "children", r#"{"id":"a","parent_id":"p1","position":7}"#),
            (1, "children", r#"{"id":3,"parent_id":"p1"}"#),
        ],
    );
    let bundle = Bundle::new("t", rules.clone());
    let other = record("children", r#"{"id":"other","parent_id":"p1","position":1}"#);
    let foreign = addressed(MemberKeying::new(&rules, 1).unwrap().key(&other)).parsed;
    for (source, topic, value) in events {
        let record = record(topic, value);
        let keyed = addressed(MemberKeying::new(&rules, source).unwrap().key(&record));
        let (key, event) = keyed.into_event(record);
        let fields = event.parsed.get::<MemberFields>().unwrap();
        assert!(fields.are_from(event.record.value.as_ref()), "they are used");
        let copy = event.record.value.as_deref().map(bytes::Bytes::copy_from_slice);
        assert!(!fields.are_from(copy.as_ref()), "those of another value are not used");
        let read = Event::new(event.role.clone(), event.at, event.record.clone());
        let step = |event| bundle.step(&key, None, Input::Record(event), Moment::at(event_time())).unwrap();
        let misled = Event { parsed: foreign.clone(), ..read.clone() };
        let (handed, misled, read) = (step(event), step(misled), step(read));
        assert_eq!(
            (&misled.state, &misled.effects),
            (&read.state, &read.effects),
            "fields of another record are not used"
        );
        assert_eq!((handed.state, handed.effects), (read.state, read.effects), "{value}");
    }
}

#[test]
fn a_submission_has_the_unchanged_payloads_without_surrounding_whitespace() {
    let key = r#"a "quoted" \ key"#;
    let parent = "\n {\"id\": \"p\", \"children\": 2}\r\n";
    let bundle = Bundle::new("t", rules(KeyFormat::Text));
    let mut state = None;
    let mut value = None;
    for (role, topic, text) in [
        ("parent", "parents", parent),
        ("child", "children", "\t{\"id\":\"é\"} "),
        ("child", "children", "{\"id\":\"b\"}"),
    ] {
        let event = Event::new(role, event_time(), record(topic, text));
        let next = bundle.step(&Key::new(key), state, Input::Record(event), Moment::at(event_time())).unwrap();
        let forward = |effect: &Effect| if let Effect::Forward(it) = effect { it.value.clone() } else { None };
        value = next.effects.iter().find_map(forward);
        state = next.state;
    }
    let value = String::from_utf8(value.unwrap().to_vec()).unwrap();
    let noon = event_time();
    let expected = format!(
        r#"{{"bundle_id":"a \"quoted\" \\ key","parent":{{"id": "p", "children": 2}},"children":[{{"id":"b"}},{{"id":"é"}}],"first_event_at":"{noon}","completed_at":"{noon}","late":false}}"#
    );
    assert_eq!(value, expected);
    assert!(serde_json::from_str::<serde_json::Value>(&value).is_ok());
}

fn event_time() -> Timestamp {
    Timestamp::from_millis(NOON)
}

#[test]
fn an_incomplete_bundle_is_open_since_its_first_member_and_a_closed_one_is_not_open() {
    let (bundle, at) = (Bundle::new("t", rules(KeyFormat::Uuid)), Timestamp::from_millis(NOON));
    let due = at.saturating_add(SLA_DEFAULT);
    for (status, is_open) in [(1, true), (2, true), (3, true), (5, true), (6, true), (7, true), (8, false)] {
        assert_eq!(bundle.open_since(Status(status), due), is_open.then_some(at), "{}", status::name(Status(status)));
    }
}
