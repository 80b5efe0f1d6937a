//! Tests of version 6 of the encoding, and of what operators have done to a bundle as JSON.

use serde_json::json;
use uuid::Uuid;

use super::version_5::{at, breached, show};
use super::*;
use crate::processor::Command;
use crate::processor::bundle::command::{CANCEL, EXTEND, REOPEN, UNTIL};

/// The breached bundle with a deadline of an operator, whole and in parts; and cancelled.
const EXTENDED_V6: &str = concat!(
    "000001027031fd00acdbf23603000000187b226964223a227031222c226368696c6472656e223a327d07706172656e74",
    "7306220000010161fd00acdbf2360300000102287b226964223a2261222c22706172656e745f6964223a227031222c22",
    "706f736974696f6e223a327d086368696c6472656e06220000010201faadf471ab5bae3f006436df8262ff2601000000",
    "01fd0098ff2c3803000001086368696c6472656e010042020003000000110000000000000000d66d799b010000410000",
    "00000000000000000000000032947e9b010000450000000000000000000000000000c9dd7f9b0100000000"
);
const EXTENDED_IN_PARTS_V6: &str = concat!(
    "0001010201faadf471ab5bae3f006436df8262ff260100000001fd0098ff2c3803000001086368696c6472656e010042",
    "020003000000110000000000000000d66d799b01000041000000000000000000000000000032947e9b01000045000000",
    "0000000000000000000000c9dd7f9b0100000000"
);
const CANCELLED_V6: &str = concat!(
    "020302e19b5df4f16d58138f381aed11df7403d9841ca7c54129f78bb0e504a7a18379f8126ed521235474bfd1c1aec1",
    "1149730ba4ab4c7647aebf043ea8cd1bce77d401076368696c64203101faadf471ab5bae3f006436df8262ff26020863",
    "68696c6472656e010007706172656e7473000084020003000000110000000000000000d66d799b010000410000000000",
    "00000000000000000032947e9b010000450000000000000000000000000000c9dd7f9b01000000010300000011000000",
    "0000000000d66d799b010000000003000000110000000000000000d66d799b0100004800000000000000000000000000",
    "80b714809b01000000010001027031fd00acdbf23603000000187b226964223a227031222c226368696c6472656e223a",
    "327d07706172656e747306220000010161fd00acdbf2360300000102287b226964223a2261222c22706172656e745f69",
    "64223a227031222c22706f736974696f6e223a327d086368696c6472656e062200000102000100000001fd0098ff2c38",
    "03000000"
);

fn command(state: Option<State>, name: &str, arguments: &[(&str, &str)], hours: u64) -> State {
    let at = event_time().saturating_add(Duration::from_hours(hours));
    let arguments = arguments.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let (name, by, why) = (name.to_owned(), "ann".to_owned(), String::new());
    let input = Input::Command(Command { id: Uuid::nil(), name, arguments, by, why, at, traceparent: None });
    let bundle = Bundle::new("t", rules(KeyFormat::Text));
    bundle.step(&Key::new("p1"), state, input, Moment::at(at)).unwrap().state.unwrap()
}

#[test]
fn what_operators_have_done_is_stored_in_version_6() {
    let extended = command(Some(breached()), EXTEND, &[(UNTIL, "2026-02-01T00:00:00Z")], 30);
    assert_eq!(extended.version(), 6);
    let cancelled = command(Some(extended.clone()), CANCEL, &[], 31);
    assert_eq!(cancelled.version(), 6);
    let now = [hex(&extended), hex(&cancelled)];
    assert_eq!(now, [EXTENDED_V6, CANCELLED_V6]);
    assert_eq!(from_hex(6, CANCELLED_V6), cancelled);
    assert_eq!(from_hex(6, EXTENDED_V6), extended);

    let State::Open(mut gathering) = extended else { panic!("it is open again") };
    let parts = gathering.members().map(|(role, member)| stored::part(role, member).unwrap());
    let parts: Vec<_> = parts.map(|bytes| part::decode(part::encode(State::VERSION, &bytes)).unwrap()).collect();
    gathering.set_in_parts();
    let state = State::Open(gathering);
    assert_eq!((state.version(), hex(&state)), (6, EXTENDED_IN_PARTS_V6.to_owned()));
    assert_eq!(from_hex(6, EXTENDED_IN_PARTS_V6).with_parts(parts.clone()).unwrap(), state);
    let cancelled = command(Some(state), CANCEL, &[], 31);
    assert_eq!(from_hex(6, &hex(&cancelled)).with_parts(parts).unwrap(), cancelled);
    let State::Closed(marker) = cancelled else { panic!("it has ended") };
    assert_eq!(marker.kept.unwrap().members().count(), 2);
}

#[test]
fn a_bundle_that_ended_in_an_older_version_cannot_be_reopened() {
    let mut expired = at(Some(breached()), event_time().saturating_add(EXPIRE_DEFAULT));
    let State::Closed(marker) = &mut expired else { panic!("it has expired") };
    marker.kept = None;
    let (name, by, why) = (REOPEN.to_owned(), "ann".to_owned(), String::new());
    let at = event_time().saturating_add(EXPIRE_DEFAULT);
    let input = Input::Command(Command { id: Uuid::nil(), name, arguments: [].into(), by, why, at, traceparent: None });
    let bundle = Bundle::new("t", rules(KeyFormat::Text));
    let reject = bundle.step(&Key::new("p1"), Some(expired), input, Moment::at(at)).unwrap_err();
    assert!(reject.detail.contains("kept no members"), "{reject}");
}

#[test]
fn the_story_of_a_bundle_tells_what_operators_have_done() {
    let whats = |state: &State| {
        let shown = show(state);
        let items = shown["timeline"].as_array().unwrap().iter();
        items.map(|item| item["what"].as_str().unwrap().to_owned()).collect::<Vec<_>>().join(" ")
    };
    let extended = command(Some(breached()), EXTEND, &[(UNTIL, "2026-02-01T00:00:00Z")], 30);
    let before = "accepted conflict accepted sla_breach";
    assert_eq!(whats(&extended), format!("{before} extended"));
    assert_eq!(show(&extended)["deadlines"]["due"], json!("2026-02-01T00:00:00.000Z"));
    let cancelled = command(Some(extended), CANCEL, &[], 31);
    assert_eq!(whats(&cancelled), format!("{before} extended cancelled"));
    let shown = show(&cancelled);
    assert_eq!((&shown["status"], &shown["missing"]), (&json!("cancelled"), &json!(["child 1"])));
    let reopened = command(Some(cancelled), REOPEN, &[], 40);
    assert_eq!(whats(&reopened), format!("{before} cancelled reopened"));
    assert_eq!(show(&reopened)["members"].as_array().unwrap().len(), 2);
    let completed = child(Some(reopened), r#"{"id":"c","parent_id":"p1"}"#).state.unwrap();
    assert_eq!(whats(&completed), "accepted accepted conflict accepted submitted sla_breach cancelled reopened");
    assert_eq!(completed.version(), 6);
    assert_eq!(show(&completed)["members"].as_array().unwrap().len(), 3);
}

#[test]
fn a_bundle_whose_opening_is_forwarded_is_stored_in_version_6() {
    let with_timeline = open().unwrap();
    let plain = without_timeline(with_timeline.clone());
    for mut state in [with_timeline, plain] {
        assert!(state.version() < 6);
        let (State::Open(gathering) | State::Breached(gathering)) = &mut state else { panic!("it is open") };
        gathering.story.is_opened = true;
        assert_eq!(state.version(), 6);
        assert_eq!(from_hex(6, &hex(&state)), state);
    }
}
