//! Tests of requests, and of the steps of a scheduled record.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use serde_json::json;
use uuid::Uuid;

use super::*;
use crate::codec::Versioned as _;
use crate::model::{Headers, Record, RejectReason, Timestamp, Topic, TopicPartition};
use crate::processor::{Command, Forward, Keyed, Keying as _};

const NOW: Timestamp = Timestamp::from_millis(1_767_225_600_000);
/// [`waiting`] for a minute, in version 1.
const GOLDEN: [u8; 18] = [253, 0, 80, 181, 237, 54, 3, 0, 0, 253, 192, 36, 183, 237, 54, 3, 0, 0];
const KEY: &str = r#"thread-1|{"ref":"7:1|2"}"#;

fn record(key: Option<&str>, value: Option<&str>) -> Record {
    let bytes = |text: &str| Bytes::copy_from_slice(text.as_bytes());
    Record {
        source: TopicPartition::new(&Topic::new("requests"), 0),
        offset: 3,
        timestamp: NOW,
        key: key.map(bytes),
        value: value.map(bytes),
        headers: Headers::new(),
    }
}

fn after(seconds: u64) -> Timestamp {
    NOW.saturating_add(Duration::from_secs(seconds))
}

fn waiting(seconds: u64) -> Scheduled {
    Scheduled { requested_at: NOW, due: after(seconds) }
}

/// The step by a record, as it is read from an inbox.
fn ask(state: Option<Scheduled>, value: Option<&str>) -> Transition<Scheduled> {
    let event = Event::new("request", NOW, record(Some(KEY), value));
    Schedules.step(&Key::new(KEY), state, Input::Record(event), Moment::at(after(900))).unwrap()
}

fn command(state: Option<Scheduled>, name: &str) -> Result<Transition<Scheduled>, Reject> {
    let command = Command {
        id: Uuid::from_u128(1),
        name: name.to_owned(),
        arguments: BTreeMap::new(),
        by: "ann".to_owned(),
        why: String::new(),
        at: NOW,
        traceparent: None,
    };
    Schedules.step(&Key::new(KEY), state, Input::Command(command), Moment::at(after(5)))
}

fn written(at: Timestamp) -> Effect {
    Effect::Forward(Forward {
        output: DUE.into(),
        key: Some(Key::new("thread-1")),
        value: Some(Bytes::from_static(br#"{"ref":"7:1|2"}"#)),
        headers: Headers::new(),
        timestamp: Some(at),
    })
}

#[test]
fn a_record_is_due_by_the_time_of_its_last_request_and_written_once_with_that_time() {
    let set = ask(None, Some("60000"));
    let timer = |seconds| Effect::Schedule(Timer { kind: TimerKind::Deadline(0), due: after(seconds) });
    assert_eq!((set.state, set.effects), (Some(waiting(60)), vec![timer(60), Effect::Count(count::SET)]));
    let anew = ask(set.state, Some(" 90000\n"));
    assert_eq!((anew.state, anew.effects), (Some(waiting(90)), vec![timer(90), Effect::Count(count::SET_ANEW)]));
    let due = Timer { kind: TimerKind::Deadline(0), due: after(90) };
    let fired = Schedules.step(&Key::new(KEY), anew.state, Input::Timer(due), Moment::at(after(900))).unwrap();
    assert_eq!((fired.state, fired.effects), (None, vec![written(after(90)), Effect::Count(count::FIRED)]));
    let nothing = Schedules.step(&Key::new(KEY), None, Input::Timer(due), Moment::at(after(900))).unwrap();
    assert_eq!(nothing, Transition::forget());
}

#[test]
fn what_was_due_when_a_request_was_written_is_written_whichever_is_seen_first() {
    let scheduled = |seconds: i64| {
        let due = Timestamp::from_millis(NOW.as_millis() + seconds * 1000);
        Scheduled { requested_at: NOW.saturating_sub(Duration::from_mins(1)), due }
    };
    let fired = |state: Scheduled| vec![written(state.due), Effect::Count(count::FIRED)];
    for seconds in [-1, 0] {
        let state = scheduled(seconds);
        let set = [Effect::Schedule(Timer { kind: TIMER, due: after(60) }), Effect::Count(count::SET)];
        let anew = ask(Some(state), Some("60000"));
        assert_eq!((anew.state, anew.effects), (Some(waiting(60)), [fired(state), set.to_vec()].concat()));
        let nothing = vec![Effect::Count(count::NOTHING_TO_CANCEL)];
        let cancelled = ask(Some(state), None);
        assert_eq!((cancelled.state, cancelled.effects), (None, [fired(state), nothing].concat()));
    }
    assert_eq!(ask(Some(scheduled(1)), None), Transition::forget().with(Effect::Count(count::CANCELLED)));
}

#[test]
fn a_timestamp_that_cannot_be_is_rejected() {
    let now = after(0);
    for at in [-1, 1_767_225_600, now.as_millis() + 300_001, 1_767_225_600_000_000] {
        let reject = request::plausible(Timestamp::from_millis(at), now).expect_err("no time");
        assert_eq!(reject.reason, RejectReason::BadTime);
    }
    for at in [946_684_800_000, now.as_millis(), now.as_millis() + 300_000] {
        assert_eq!(request::plausible(Timestamp::from_millis(at), now), Ok(()));
    }
}

#[test]
fn a_record_that_its_topic_does_not_take_is_tried_again() {
    let timer = Schedules.timer_after_rejection(Deleted::Timer(TIMER), Moment::at(after(60)));
    assert_eq!(timer, Some(Timer { kind: TIMER, due: after(660) }));
}

#[test]
fn a_record_is_cancelled_by_zero_and_by_a_tombstone() {
    for value in [Some("0"), Some("00"), None] {
        assert_eq!(ask(Some(waiting(60)), value), Transition::forget().with(Effect::Count(count::CANCELLED)));
        assert_eq!(ask(None, value), Transition::forget().with(Effect::Count(count::NOTHING_TO_CANCEL)));
    }
}

#[test]
fn the_first_separator_parts_the_key_from_a_value_of_any_bytes() {
    for (key, expected) in [
        (&b"a|b"[..], Some((&b"a"[..], &b"b"[..]))),
        (b"a|", Some((b"a", b""))),
        (b"a||b|", Some((b"a", b"|b|"))),
        (b"a|\xff\x00\n", Some((b"a", b"\xff\x00\n"))),
        (b"|b", None),
        (b"ab", None),
        (b"", None),
    ] {
        assert_eq!(request::parts(key), expected, "{}", String::from_utf8_lossy(key));
    }
}

#[test]
fn what_is_no_request_is_rejected_with_what_it_should_be() {
    let reject = |key, value| ScheduleKeying.key(&record(key, value)).expect_err("no request");
    for key in [None, Some("thread-1"), Some("|x")] {
        let reject = reject(key, Some("1"));
        assert_eq!(reject.reason, RejectReason::BadId, "{key:?}");
        assert!(reject.detail.contains("`<key>|<value>`"), "{}", reject.detail);
    }
    let long = "9".repeat(100);
    for (value, reason, words) in [
        ("", RejectReason::WrongType, "write whole milliseconds"),
        ("soon", RejectReason::WrongType, "the value `soon` is no delay"),
        ("-1", RejectReason::WrongType, "write whole milliseconds"),
        ("1.5", RejectReason::WrongType, "write whole milliseconds"),
        ("1767225600000", RejectReason::BadValue, "longer than ten years"),
        (long.as_str(), RejectReason::BadValue, "longer than ten years"),
    ] {
        let reject = reject(Some(KEY), Some(value));
        assert_eq!(reject.reason, reason, "{value}");
        assert!(reject.detail.contains(words) && reject.detail.len() < 200, "{}", reject.detail);
    }
    let keyed = ScheduleKeying.key(&record(Some(KEY), None)).unwrap();
    assert!(matches!(&keyed, Keyed::To(to) if to.key == Key::new(KEY) && to.at == NOW), "{keyed:?}");
}

#[test]
fn a_person_writes_a_record_early_or_cancels_it() {
    let fired = command(Some(waiting(60)), FIRE).unwrap();
    assert_eq!(fired, Transition::forget().with(written(after(5))).with(Effect::Count(count::FIRED)));
    assert_eq!(command(Some(waiting(60)), CANCEL).unwrap(), Transition::forget().with(Effect::Count(count::CANCELLED)));
    for name in [FIRE, CANCEL] {
        assert!(command(None, name).unwrap_err().detail.contains("nothing waits under this key"));
    }
}

#[test]
fn the_stored_form_is_that_of_the_first_version() {
    let mut bytes = Vec::new();
    waiting(60).encode(&mut bytes).unwrap();
    assert_eq!(Scheduled::decode(1, &bytes).unwrap(), waiting(60));
    assert!(Scheduled::decode(2, &bytes).is_err());
    assert_eq!(bytes, GOLDEN, "a change of the stored form needs a new version");
}

#[test]
fn a_scheduled_record_as_json() {
    let shown = Schedules.show(&Key::new(KEY), &waiting(60));
    let expected = json!({
        "key": KEY,
        "status": "open/scheduled",
        "requested_at": "2026-01-01T00:00:00.000Z",
        "due": "2026-01-01T00:01:00.000Z",
        "record": { "key": "thread-1", "bytes": 15 },
    });
    assert_eq!(shown, expected);
    let content = Schedules.content(&Key::new(KEY), &waiting(60));
    assert_eq!(content, Some(json!({ "value": { "bytes": 15, "text": r#"{"ref":"7:1|2"}"# } })));
}
