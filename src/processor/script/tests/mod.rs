//! Tests of the steps of threads.

mod command;

use bytes::Bytes;

use super::*;
use crate::codec::{Part, Versioned as _, part};
use crate::model::{Headers, Record, RejectReason, Timer, TimerKind, Topic, TopicPartition};
use crate::processor::Keying as _;

const TRIP: &str = include_str!("../engine/fixtures/trip.ts");

/// They hold no realm, so that each step is one of what is stored.
fn scripts(text: &str) -> Scripts {
    Scripts::new(Versions::new(Script::new("test.ts", text).unwrap()), "workflow-resume").holding(0)
}

fn record(offset: i64, value: Option<&str>) -> Record {
    Record {
        source: TopicPartition::new(&Topic::new("workflow-resume"), 0),
        offset,
        timestamp: Timestamp::from_millis(1_767_225_600_000 + offset),
        key: Some(Bytes::from_static(b"t")),
        value: value.map(|value| Bytes::copy_from_slice(value.as_bytes())),
        headers: Headers::new(),
    }
}

fn step(scripts: &Scripts, state: Option<Thread>, offset: i64, value: &str) -> Result<Transition<Thread>, Reject> {
    let record = record(offset, Some(value));
    let event = Event::new("event", record.timestamp, record);
    scripts.step(&Key::new("t"), state, Input::Record(event), Moment::at(Timestamp::from_millis(0)))
}

/// The state after a step as it is read from a store: what was not stored is lost.
fn stored(transition: Transition<Thread>, parts: &mut Vec<Part>) -> Option<Thread> {
    for effect in &transition.effects {
        if *effect == Effect::DropParts {
            parts.clear();
        } else if let Effect::AddPart(bytes) = effect {
            parts.push(part::decode(part::encode(1, bytes)).unwrap());
        }
    }
    let thread = transition.state?;
    let mut bytes = Vec::new();
    thread.encode(&mut bytes).unwrap();
    Some(Thread::decode(1, &bytes).unwrap().with_parts(parts.clone()).unwrap())
}

fn forwards(transition: &Transition<Thread>) -> Vec<String> {
    let of = |effect: &Effect| {
        let Effect::Forward(it) = effect else { return None };
        let value = it.value.as_ref().map_or("null".into(), |value| String::from_utf8_lossy(value).into_owned());
        Some(format!("{} {} {value}", it.output, it.key.as_ref().unwrap()))
    };
    transition.effects.iter().filter_map(of).collect()
}

#[test]
fn a_thread_is_run_from_what_is_stored_of_it() {
    let (scripts, mut parts) = (scripts(TRIP), Vec::new());
    let begun = step(&scripts, None, 7, "new:{}").unwrap();
    assert_eq!(forwards(&begun)[3], r#"schedule t|{"ref":"7:1"} 1000"#);
    let thread = stored(begun, &mut parts);
    let begun_thread = thread.clone();
    let hotel = step(&scripts, thread, 9, r#"{"ref":"hotel","value":"h"}"#).unwrap();
    assert_eq!(forwards(&hotel), Vec::<String>::new());
    let thread = stored(hotel, &mut parts);
    let shown = scripts.show(&Key::new("t"), thread.as_ref().unwrap());
    assert_eq!((&shown["waits_for"], &shown["steps"]), (&serde_json::json!(["car", "flight", "7:1"]), &2.into()));
    // What nothing waits for changes nothing.
    let unknown = step(&scripts, thread.clone(), 10, r#"{"ref":"hotel"}"#).unwrap();
    assert_eq!(unknown, Transition::to(thread.clone().unwrap()).with(Effect::Count(count::UNKNOWN_REF)));
    let late = step(&scripts, thread, 12, r#"{"ref":"7:1"}"#).unwrap();
    assert_eq!(forwards(&late), ["cancel t hotel h", r#"workflow-error t "too late""#]);
    assert_eq!(late.state, None);
    for value in ["{}", "null", "7", r#"{"ref":7}"#, r#"["car"]"#, r#"{"Ref":"car"}"#] {
        assert!(
            step(&scripts, begun_thread.clone(), 8, value)
                .unwrap()
                .effects
                .contains(&Effect::Count(count::UNKNOWN_REF))
        );
    }
    let gone = step(&scripts, None, 13, r#"{"ref":"car"}"#).unwrap();
    assert_eq!(gone, Transition::forget().with(Effect::Count(count::UNKNOWN_THREAD)));
}

#[test]
fn a_thread_that_begins_anew_forgets_what_it_was() {
    let (scripts, mut parts) = (scripts(TRIP), Vec::new());
    let thread = stored(step(&scripts, None, 7, "new:{}").unwrap(), &mut parts);
    let thread = stored(step(&scripts, thread, 8, r#"{"ref":"car","value":"c"}"#).unwrap(), &mut parts);
    let thread = stored(step(&scripts, thread, 9, "new:{}").unwrap(), &mut parts).unwrap();
    assert_eq!((parts.len(), thread.journal.len()), (1, 1));
    let old = step(&scripts, Some(thread), 10, r#"{"ref":"7:1"}"#).unwrap();
    assert!(old.effects.contains(&Effect::Count(count::UNKNOWN_REF)));
}

#[test]
fn a_step_that_fails_leaves_the_thread_as_it_was() {
    let undeclared = "import * as W from '@effectful/kafka-workflow';\nexport async function main() { await W.suspend('a'); W.output('x', 'nowhere'); }";
    let stuck = scripts("export async function main() { await new Promise(() => {}) }");
    let endless = scripts("export async function main() { for (;;); }");
    let scripts = scripts(undeclared);
    let mut parts = Vec::new();
    let thread = stored(step(&scripts, None, 1, "new:1").unwrap(), &mut parts);
    let reject = step(&scripts, thread, 2, r#"{"ref":"a"}"#).unwrap_err();
    assert!(reject.detail.contains("the topic `nowhere`, which it has not declared"), "{}", reject.detail);
    let reject = step(&stuck, None, 1, "new:1").unwrap_err();
    assert!(reject.detail.contains("waits for what nobody can give it"), "{}", reject.detail);
    assert!(step(&endless, None, 1, "new:1").unwrap_err().detail.contains("endless loop"));
}

#[test]
fn what_is_no_event_is_rejected() {
    for (value, reason) in [
        (None, RejectReason::NoValue),
        (Some("{"), RejectReason::Unparsable),
        (Some("new:"), RejectReason::Unparsable),
        (Some("hello"), RejectReason::Unparsable),
    ] {
        assert_eq!(ThreadKeying::default().key(&record(1, value)).unwrap_err().reason, reason, "{value:?}");
    }
    let keyless = Record { key: None, ..record(1, Some("new:1")) };
    assert_eq!(ThreadKeying::default().key(&keyless).unwrap_err().reason, RejectReason::BadId);
}

#[test]
fn other_code_with_the_same_inputs_is_told() {
    let (scripts, mut parts) = (scripts(TRIP), Vec::new());
    let thread = stored(step(&scripts, None, 7, "new:{}").unwrap(), &mut parts).unwrap();
    let other = Thread { chain: [1; 16], ..thread.clone() };
    let reject = step(&scripts, Some(other), 8, r#"{"ref":"car"}"#).unwrap_err();
    assert!(reject.detail.contains("has not come to the same with the same inputs"), "{}", reject.detail);
    let older = Thread { chain: [1; 16], engine: 0, ..thread };
    let reject = step(&scripts, Some(older), 8, r#"{"ref":"car"}"#).unwrap_err();
    assert!(reject.detail.contains("it has begun with engine 0 and this is 1"), "{}", reject.detail);
    let nothing = scripts.step(
        &Key::new("t"),
        None,
        Input::Timer(Timer { kind: TimerKind::Delay(0), due: Timestamp::MIN }),
        Moment::at(Timestamp::MIN),
    );
    assert_eq!(nothing.unwrap(), Transition::forget());
}

#[test]
fn a_script_writes_to_what_it_reads_and_to_what_it_has_declared() {
    let text = |body: &str| format!("import * as W from '@effectful/kafka-workflow';\n{body}");
    let starts = scripts(&text("export async function main() { W.output('new:1', 'workflow-resume', 'other') }"));
    let step = step(&starts, None, 1, "new:1").unwrap();
    assert_eq!(forwards(&step), ["workflow-resume other new:1", "workflow-result t null"]);
    let fails = |body: &str| Script::new("test.ts", &text(body)).unwrap_err();
    let illegal = fails("W.config.outputTopics.add('a b'); export async function main() {}");
    assert!(illegal.contains("test.ts: `a b` in W.config.outputTopics is no name of a topic"), "{illegal}");
    let ends = fails("W.config.resultTopic = 'ends'; export async function main() {}");
    assert!(ends.contains("results or errors go to the topic `ends`, which is not declared"), "{ends}");
}

/// A place where nothing else is.
#[derive(Debug)]
struct Elsewhere(Texts);

impl Archive for Elsewhere {
    fn find(&self, key: &str) -> Result<Option<String>, String> {
        Ok(self.0.get(key).cloned())
    }
}

#[test]
fn a_thread_goes_on_with_the_script_with_which_it_has_begun() {
    let (former, mut parts) = (scripts(TRIP), Vec::new());
    let thread = stored(step(&former, None, 7, "new:{}").unwrap(), &mut parts);
    let texts = former.definitions();
    let flow = Texts::from([("0123456789abcdef0123456789abcdef".to_owned(), "{}".to_owned())]);
    let texts: Texts = texts.into_iter().chain(flow).collect();
    let late = |scripts: &Scripts| forwards(&step(scripts, thread.clone(), 8, r#"{"ref":"7:1"}"#).unwrap());
    let expected = [r#"workflow-error t "too late""#];
    let other = "export async function main() { return 7 }";
    // Learned at the start, or looked up by the first step of such a thread, as when an instance with a newer file has begun it.
    let newer = scripts(other);
    let learned = newer.learn(&texts, Arc::new(Elsewhere(Texts::new())));
    assert!(learned.unreadable.is_empty() && learned.outputs.contains(&"reserve".to_owned()), "{learned:?}");
    assert_eq!(late(&newer), expected);
    let asking = scripts(&format!(
        "import * as W from '@effectful/kafka-workflow'; W.config.outputTopics.add('cancel').add('schedule').add('reserve'); {other}"
    ));
    asking.learn(&Texts::new(), Arc::new(Elsewhere(texts)));
    assert_eq!(late(&asking), expected);
    // Nobody has its text: the thread stays as it is.
    let lost = scripts(other);
    lost.learn(&Texts::new(), Arc::new(Elsewhere(Texts::new())));
    let reject = step(&lost, thread.clone(), 8, r#"{"ref":"7:1"}"#).unwrap_err();
    assert!(reject.detail.contains("with which the thread has begun, is in no topic"), "{}", reject.detail);
}

#[test]
fn a_topic_that_is_not_an_output_of_this_instance_is_a_reject() {
    let (former, mut parts) = (scripts(TRIP), Vec::new());
    let first = step(&former, None, 7, "new:{}").unwrap();
    let thread = stored(first, &mut parts);
    let thread = stored(step(&former, thread, 8, r#"{"ref":"car","value":1}"#).unwrap(), &mut parts);
    // The text is found, but its topic `cancel` was not known when this instance started.
    let newer = scripts("export async function main() { return 7 }");
    newer.learn(&Texts::new(), Arc::new(Elsewhere(former.definitions())));
    let reject = step(&newer, thread, 9, r#"{"ref":"7:1"}"#).unwrap_err();
    assert!(
        reject.detail.contains("`cancel`, which the script of this instance had not declared when it started"),
        "{}",
        reject.detail
    );
}

/// A thread of engine 1, and its inputs.
const STORED: &str =
    "01f5dbccfd3e975e74a9adc2c9373dcba6fd0e50b5ed3603000072a3496093765d9dbda697c8049da8d70206666c6967687403373a3100";
const INPUTS: [&str; 3] = [
    "0137fd0e50b5ed3603000000087b226d73223a357d",
    "0139fd1250b5ed360300000105686f74656c1b7b22726566223a22686f74656c222c2276616c7565223a2268227d",
    "023132fd1850b5ed3603000001036361721e7b22726566223a22636172222c2276616c7565223a5b312c22c3a4225d7d",
];

/// What threads of the engine with this number have stored. A change that makes one of them fail needs another number of the engine.
#[test]
fn threads_that_are_stored_are_run_as_they_were() {
    let (scripts, mut parts) = (scripts(TRIP), Vec::new());
    let mut thread = None;
    for (offset, value) in
        [(7, "new:{\"ms\":5}"), (9, r#"{"ref":"hotel","value":"h"}"#), (12, r#"{"ref":"car","value":[1,"ä"]}"#)]
    {
        thread = stored(step(&scripts, thread, offset, value).unwrap(), &mut parts);
    }
    let thread = thread.unwrap();
    let mut bytes = Vec::new();
    thread.encode(&mut bytes).unwrap();
    let hex = |bytes: &[u8]| bytes.iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
    let parts: Vec<String> = parts.iter().map(|part| hex(&part.bytes)).collect();
    assert_eq!((engine::ENGINE, hex(&bytes).as_str(), parts.as_slice()), (1, STORED, &INPUTS.map(str::to_owned)[..]));
    // It has come to the same as the build of that day.
    let late = step(&scripts.holding(0), Some(thread), 13, r#"{"ref":"7:1"}"#).unwrap();
    assert_eq!(forwards(&late), ["cancel t car 1,ä", "cancel t hotel h", r#"workflow-error t "too late""#]);
}

#[test]
fn a_held_realm_that_is_ahead_of_the_state_is_not_used() {
    // As after a transaction that was aborted: the state is what it was, and the realm has gone on.
    let (held, cold) = (scripts(TRIP).holding(64 << 20), scripts(TRIP));
    let mut parts = Vec::new();
    let thread = stored(step(&held, None, 7, "new:{}").unwrap(), &mut parts);
    let (car, hotel) = (r#"{"ref":"car","value":"c"}"#, r#"{"ref":"hotel","value":"h"}"#);
    let aborted = step(&held, thread.clone(), 8, car).unwrap();
    assert_eq!(aborted.state.as_ref().unwrap().refs, ["hotel", "flight", "7:1"]);
    let instead = step(&held, thread.clone(), 8, hotel).unwrap();
    assert_eq!(instead, step(&cold, thread, 8, hotel).unwrap());
    let late = r#"{"ref":"7:1"}"#;
    let again = step(&held, instead.state, 9, late).unwrap();
    assert_eq!(forwards(&again), ["cancel t hotel h", r#"workflow-error t "too late""#]);
    // A step that fails spoils its realm, and nothing else.
    let from_aborted = step(&held, aborted.state, 9, late).unwrap();
    assert_eq!(forwards(&from_aborted), ["cancel t car c", r#"workflow-error t "too late""#]);
}
