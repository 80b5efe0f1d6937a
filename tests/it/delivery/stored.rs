//! The stored form of a journal, versions 3 to 1: the bytes of every state.
//!
//! The journals are made by steps, so the tests of versions 3 and 2 name no field: fields may be renamed, but neither moved nor added.

use std::time::Duration;

use sheaf::codec::Versioned;
use sheaf::model::{ActSlot, Key, Moment, Outcome, Status, Statuses, Timer, Timestamp, Verdict};
use sheaf::processor::delivery::control_m::Answer;
use sheaf::processor::delivery::{Journal, TIMER};
use sheaf::processor::{Input, Processor};

use super::{delivery, submission, submitted};

/// 2026-01-01 in UTC.
const START: Timestamp = Timestamp::from_millis(1_767_225_600_000);
const MINUTE: Duration = Duration::from_mins(1);
const TEMPLATE: &str = r#"{"{{ folder }}": {"Type": "Folder", "j": {"Type": "Job:Dummy"}}}"#;

/// An input of a journal, a minute after the previous one.
enum Operation {
    /// The outcome of the submit with this number.
    Submit(u32, Verdict),
    /// The outcome of the look-up with this number.
    LookUp(u32, Verdict),
    /// The timer fires, after this many hours.
    Timer(u64),
}

/// The journal of a submission after these operations.
fn journal(operations: Vec<Operation>) -> Journal {
    let (delivery, key) = (delivery(TEMPLATE), Key::new("p1"));
    let step = |state, input, now| delivery.step(&key, state, input, Moment::at(now)).unwrap().state;
    let mut now = START;
    let mut state = step(None, submitted(&key, &submission("p1", 1)), now);
    for operation in operations {
        now = now.saturating_add(Duration::from_mins(1));
        let input = match operation {
            Operation::Submit(attempt, verdict) => Input::Outcome(Outcome { slot: ActSlot(0), attempt, verdict }),
            Operation::LookUp(attempt, verdict) => Input::Outcome(Outcome { slot: ActSlot(1), attempt, verdict }),
            Operation::Timer(hours) => {
                now = now.saturating_add(Duration::from_hours(hours));
                Input::Timer(Timer { kind: TIMER, due: now })
            }
        };
        state = step(state, input, now);
    }
    state.unwrap()
}

fn answered(answer: &Answer) -> Verdict {
    Verdict::Answered(serde_json::to_string(answer).unwrap())
}

fn lost() -> Verdict {
    Verdict::Unknown("connection reset".to_owned())
}

/// A text of a journal, with its length first.
const NAME: &str = "09 666f6c6465722d7031";
const CONTENT: &str = "3d 7b22666f6c6465722d7031223a207b2254797065223a2022466f6c646572222c20226a223a207b2254797065223a20224a6f623a44756d6d79227d7d7d";
const REVISION: &str = "0c 613536396465356461383233";
const ORIGIN: &str = "14 63746d2d7375626d697373696f6e732d33403432";
/// A time as a 64-bit number: `START` and this many minutes.
const MINUTE_0: &str = "fd 0050b5ed36030000";
const MINUTE_1: &str = "fd c024b7ed36030000";
const MINUTE_3: &str = "fd 40cebaed36030000";
const MINUTE_4383: &str = "fd 40d30e0d37030000";

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
}

/// The latest answer of an open delivery, in version 3.
fn answer(at: &str, text: &str) -> String {
    format!("01 {at} {:02x} {}", text.len(), hex(text.as_bytes()))
}

/// Journals of every state, each with the number of its status, its bytes in version 2, and what version 3 has after them.
fn cases() -> Vec<(Vec<Operation>, u64, String, String)> {
    use Operation::{LookUp, Submit, Timer};
    let open = |state, rest| format!("{state} {NAME} {CONTENT} {REVISION} {ORIGIN} {rest}");
    let end = |state, rest| format!("{state} {NAME} {REVISION} {ORIGIN} {rest}");
    // Attempts, the start of their time, commands, the latest call, the latest submit, its time, in doubt since, look-ups that
    // failed.
    let doubtful = |calls, failures| format!("01 {MINUTE_0} 00 {calls} {MINUTE_0} 01 {MINUTE_0} {failures}");
    let first = || format!("01 {MINUTE_0} 00 01 01 {MINUTE_0} 00 00");
    let not_sent = || Verdict::NotSent("connection refused".to_owned());
    let accepted = || answered(&Answer::Accepted { run_id: "r1".to_owned() });
    let found = || answered(&Answer::Found { job_id: "j1".to_owned() });
    let refused = || answered(&Answer::Refused { status: 400, message: "no".to_owned() });
    let absent = || answered(&Answer::Absent);
    let none = || "00".to_owned();
    let reset = "connection reset";
    let inherited = answer(MINUTE_1, "a previous owner of the task may have made it");
    let again = format!("02 {MINUTE_0} 00 03 03 {MINUTE_3} 01 {MINUTE_0} 00");
    let late = hex(b"the submit of 2026-01-01T00:00:00.000Z could not be looked up in time: connection reset");
    vec![
        (vec![], 0, open("00", first()), none()),
        (vec![Submit(1, not_sent())], 1, open("01", first()), answer(MINUTE_1, "connection refused")),
        (vec![Submit(1, lost())], 2, open("02", doubtful("01 01", "00")), answer(MINUTE_1, reset)),
        (vec![Submit(1, Verdict::Inherited), Timer(0)], 3, open("03", doubtful("02 01", "00")), inherited),
        (
            vec![Submit(1, lost()), Timer(0), LookUp(2, lost())],
            2,
            open("02", doubtful("02 01", "01")),
            answer(MINUTE_3, reset),
        ),
        (
            vec![Submit(1, lost()), Timer(0), LookUp(2, absent())],
            0,
            open("00", again),
            answer(MINUTE_3, "no folder was found"),
        ),
        // Attempts, when it ended, the content, the latest call, commands, the proof, the reason.
        (vec![Submit(1, accepted())], 4, end("04", format!("01 {MINUTE_1} 00 01 00 01 00 02 7231 00")), String::new()),
        (
            vec![Submit(1, lost()), Timer(0), LookUp(2, found())],
            4,
            end("04", format!("01 {MINUTE_3} 00 02 00 01 01 02 6a31 00")),
            String::new(),
        ),
        (
            vec![Submit(1, refused())],
            5,
            end("05", format!("01 {MINUTE_1} 01 00 {CONTENT} 01 00 00 01 0c 48545450203430303a206e6f")),
            String::new(),
        ),
        (
            vec![Submit(1, lost()), Timer(73), LookUp(2, lost())],
            6,
            end("06", format!("01 {MINUTE_4383} 01 00 {CONTENT} 02 00 00 01 57 {late}")),
            String::new(),
        ),
    ]
}

#[test]
fn the_stored_bytes_of_a_journal_have_not_changed() {
    for (operations, status, former, answer) in cases() {
        let journal = journal(operations);
        let mut bytes = Vec::new();
        journal.encode(&mut bytes).unwrap();
        assert_eq!(hex(&bytes), format!("{former}{answer}").replace(' ', ""), "{journal:?}");
        assert_eq!(Journal::decode(3, &bytes).unwrap(), journal);
        let without_answer = Journal::decode(2, &bytes_of(&former)).unwrap();
        let text = format!("{without_answer:?}");
        assert_eq!(text, without(&format!("{journal:?}")), "version 2 has all but the answer");
        let (delivery, is_open) = (delivery(TEMPLATE), status <= 3);
        assert_eq!(delivery.listing(&journal).statuses, Statuses::one(Status(status)), "{journal:?}");
        assert_eq!(delivery.open_since(Status(status), START), is_open.then_some(START), "{journal:?}");
    }
}

/// A journal as text, without its latest answer.
fn without(text: &str) -> String {
    match text.split_once("last_answer: Some(") {
        None => text.to_owned(),
        Some((before, after)) => format!("{before}last_answer: None{}", after.split_once(" })").unwrap().1),
    }
}

/// The bytes of hexadecimal digits with spaces.
fn bytes_of(hex: &str) -> Vec<u8> {
    let digits: Vec<char> = hex.chars().filter(|it| *it != ' ').collect();
    let byte = |pair: &[char]| u8::from_str_radix(&pair.iter().collect::<String>(), 16).unwrap();
    digits.chunks(2).map(byte).collect()
}

/// The bytes that version 1 wrote of a journal, and the journal as text.
fn former() -> Vec<(String, &'static str)> {
    let open = |state| format!("{state} {NAME} {CONTENT} {REVISION} {ORIGIN} 02 03 03 {MINUTE_3} 01 {MINUTE_0} 04");
    let end = |state, rest| format!("{state} {NAME} {REVISION} {ORIGIN} 01 {MINUTE_1} {rest}");
    vec![
        (open("00"), "Submitting"),
        (open("01"), "Waiting"),
        (open("02"), "Unsure"),
        (open("03"), "LookingUp"),
        (end("04", "01 00 02 7231 00"), "Submitted"),
        (end("04", "01 01 02 6a31 00"), "Submitted"),
        (end("05", "00 01 0c 48545450203430303a206e6f"), "Failed"),
        (end("06", "00 01 0c 48545450203430303a206e6f"), "Unknown"),
    ]
}

#[test]
fn a_journal_of_the_former_version_is_read() {
    for (bytes, state) in former() {
        let journal = Journal::decode(1, &bytes_of(&bytes)).unwrap();
        let text = format!("{journal:?}");
        assert!(text.starts_with(state) && text.contains("folder-p1"), "{text}");
        match journal {
            Journal::Submitting(open) | Journal::Waiting(open) | Journal::Unsure(open) | Journal::LookingUp(open) => {
                assert_eq!((open.attempts, open.call, open.submit, open.lookup_failures), (2, 3, 3, 4));
                assert_eq!((open.since, open.intended_at), (open.intended_at, START.saturating_add(3 * MINUTE)));
                assert_eq!((open.doubtful_since, open.commands), (Some(START), 0));
            }
            Journal::Submitted(end) | Journal::Failed(end) | Journal::Unknown(end) | Journal::Held(end) => {
                assert_eq!((end.attempts, end.at, end.content), (1, START.saturating_add(MINUTE), None));
                assert_eq!(end.proof.is_some(), end.detail.is_none());
            }
        }
    }
}
