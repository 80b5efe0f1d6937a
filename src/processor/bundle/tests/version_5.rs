//! Tests of version 5 of the encoding, and of a bundle as JSON.

use serde_json::{Value, json};

use super::*;

/// The open bundle with its conflict, breached; whole and in parts.
const BREACHED_V5: &str = concat!(
    "0101027031fd00acdbf23603000000187b226964223a227031222c226368696c6472656e223a327d07706172656e7473",
    "06220000010161fd00acdbf2360300000102287b226964223a2261222c22706172656e745f6964223a227031222c2270",
    "6f736974696f6e223a327d086368696c6472656e06220000010201faadf471ab5bae3f006436df8262ff260000000001",
    "086368696c6472656e01002c020003000000110000000000000000d66d799b0100004100000000000000000000000000",
    "0032947e9b01000000"
);
const BREACHED_IN_PARTS_V5: &str = concat!(
    "03010201faadf471ab5bae3f006436df8262ff260000000001086368696c6472656e01002c0200030000001100000000",
    "00000000d66d799b01000041000000000000000000000000000032947e9b01000000"
);
/// The expired bundle.
const EXPIRED_V5: &str = concat!(
    "040102e19b5df4f16d58138f381aed11df7403d9841ca7c54129f78bb0e504a7a18379f8126ed521235474bfd1c1aec1",
    "1149730ba4ab4c7647aebf043ea8cd1bce77d401076368696c64203101faadf471ab5bae3f006436df8262ff26020863",
    "68696c6472656e010007706172656e747300006e020003000000110000000000000000d66d799b010000410000000000",
    "00000000000000000032947e9b010000000103000000110000000000000000d66d799b01000000000300000011000000",
    "0000000000d66d799b010000440000000000000000000000000000de86c19b01000000"
);

/// The same bundle as a version without timelines stores it.
pub(super) fn without_timeline(mut state: State) -> State {
    match &mut state {
        State::Open(gathering) | State::Breached(gathering) => gathering.story.timeline = None,
        State::Closed(marker) => {
            marker.story.timeline = None;
            marker.kept = None;
        }
    }
    state
}

/// The same ended bundle as a version that kept no members stores it.
fn without_members(mut state: State) -> State {
    if let State::Closed(marker) = &mut state {
        marker.kept = None;
    }
    state
}

/// The state after its deadline that is due then.
pub(super) fn at(state: Option<State>, due: Timestamp) -> State {
    let input = Input::Timer(Timer { kind: DEADLINE, due });
    let bundle = Bundle::new("t", rules(KeyFormat::Text));
    bundle.step(&Key::new("p1"), state, input, Moment::at(due)).unwrap().state.unwrap()
}

pub(super) fn breached() -> State {
    at(open(), event_time().saturating_add(SLA_DEFAULT))
}

#[test]
fn a_bundle_with_a_timeline_is_stored_in_version_5() {
    let state = breached();
    assert_eq!((state.version(), hex(&state)), (5, BREACHED_V5.to_owned()));
    assert_eq!(from_hex(5, BREACHED_V5), state);
    let State::Breached(mut gathering) = state else { panic!("it is breached") };
    let parts = gathering.members().map(|(role, member)| stored::part(role, member).unwrap());
    let parts: Vec<_> = parts.map(|bytes| part::decode(part::encode(State::VERSION, &bytes)).unwrap()).collect();
    gathering.set_in_parts();
    let state = State::Breached(gathering);
    assert_eq!((state.version(), hex(&state)), (5, BREACHED_IN_PARTS_V5.to_owned()));
    assert_eq!(from_hex(5, BREACHED_IN_PARTS_V5).with_parts(parts).unwrap(), state);
    let expired = without_members(at(Some(state), event_time().saturating_add(EXPIRE_DEFAULT)));
    assert_eq!((expired.version(), hex(&expired)), (5, EXPIRED_V5.to_owned()));
    assert_eq!(from_hex(5, EXPIRED_V5), expired);
}

#[test]
fn a_timeline_with_an_unknown_code_or_length_is_corrupt() {
    // The last event begins 22 bytes before the end and the number of events that are left out.
    let mut changed = bytes(EXPIRED_V5);
    let code = changed.len() - 23;
    changed[code] = 255;
    let error = State::decode(5, &changed).unwrap_err();
    assert!(error.to_string().contains("unknown code 255"), "{error}");
    assert!(State::decode(5, &changed[..code]).is_err());
}

pub(super) fn show(state: &State) -> Value {
    Bundle::new("t", rules(KeyFormat::Text)).show(&Key::new("p1"), state)
}

#[test]
fn an_incomplete_bundle_shows_its_members_what_is_missing_its_deadlines_and_its_timeline() {
    let noon = "2026-01-01T12:00:00.000Z";
    let event = |what: &str, role: &str, topic: &str| json!({ "at": noon, "what": what, "role": role, "source": format!("{topic}-3@17") });
    let expected = json!({
        "key": "p1",
        "status": "breached/waiting-children",
        "expected_children": 2,
        "members": [
            { "role": "child", "id": "a", "position": 2, "at": noon, "source": "children-3@17" },
            { "role": "parent", "id": "p1", "at": noon, "source": "parents-3@17" },
        ],
        "missing": ["child 1"],
        "deadlines": { "due": "2026-01-02T12:00:00.000Z", "expires": "2026-01-15T12:00:00.000Z" },
        "timeline": [
            event("accepted", "child", "children"),
            event("conflict", "child", "children"),
            event("accepted", "parent", "parents"),
            { "at": "2026-01-02T12:00:00.000Z", "what": "sla_breach" },
        ],
    });
    assert_eq!(show(&breached()), expected);
}

#[test]
fn a_bundle_that_has_ended_shows_how_and_what_came_afterwards() {
    let expired = at(Some(breached()), event_time().saturating_add(EXPIRE_DEFAULT));
    let shown = show(&child(Some(expired), r#"{"id":"c","parent_id":"p1","position":1}"#).state.unwrap());
    let whats: Vec<&str> =
        shown["timeline"].as_array().unwrap().iter().map(|item| item["what"].as_str().unwrap()).collect();
    assert_eq!(whats, ["accepted", "conflict", "accepted", "sla_breach", "expired", "after_closing"]);
    assert_eq!((&shown["status"], &shown["missing"]), (&json!("expired"), &json!(["child 1"])));
    assert_eq!(
        (&shown["ended_at"], shown["members"].as_array().unwrap().len()),
        (&json!("2026-01-15T12:00:00.000Z"), 2)
    );
    let completed = child(open(), r#"{"id":"c","parent_id":"p1"}"#).state.unwrap();
    let shown = show(&completed);
    assert_eq!((&shown["status"], &shown["timeline"][4]["what"]), (&json!("closed"), &json!("submitted")));
    assert_eq!(show(&without_timeline(completed)), json!({ "key": "p1", "status": "closed", "timeline": [] }));
}

#[test]
fn a_content_that_was_replaced_stays_in_the_timeline() {
    let rules = Rules { conflicts: Resolution::Latest, ..rules(KeyFormat::Text) };
    let bundle = Bundle::new("t", rules);
    let step = |state, offset: i64, note: &str| {
        let value = format!(r#"{{"id":"a","parent_id":"p1","note":"{note}"}}"#);
        let timestamp = Timestamp::from_millis(NOON + offset);
        let record = Record { offset, timestamp, ..record("children", &value) };
        let input = Input::Record(Event::new("child", timestamp, record));
        bundle.step(&Key::new("p1"), state, input, Moment::at(timestamp)).unwrap().state
    };
    // The latest one comes last, and then one that is older than it.
    let state = [(1, "one"), (5, "two"), (3, "older")]
        .into_iter()
        .fold(None, |state, (offset, note)| step(state, offset, note));
    let shown = bundle.show(&Key::new("p1"), &state.unwrap());
    let line = |item: &Value| format!("{} {}", item["what"].as_str().unwrap(), item["source"].as_str().unwrap());
    let timeline: Vec<String> = shown["timeline"].as_array().unwrap().iter().map(line).collect();
    assert_eq!(timeline, ["accepted children-3@1", "conflict children-3@3", "conflict children-3@5"]);
    assert_eq!(shown["members"][0]["source"], "children-3@5");
}
