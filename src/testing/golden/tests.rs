//! Tests of golden text and its errors.

use bytes::Bytes;

use super::check::changed;
use super::error::Result;
use super::{Case, Command, Given, effect, hours, instant, record, run};
use crate::model::{ActSlot, Alert, Headers, Key, Reject, RejectReason, Severity, Target, Timer, TimerKind};
use crate::processor::{Count, Effect, Forward, Input, Keyed, by_key};

/// Prints each command with its number.
#[derive(Default)]
struct Echo(usize);

impl Case for Echo {
    fn run(&mut self, command: &Command) -> Result<String> {
        self.0 += 1;
        Ok(format!("{} {}\n", self.0, command.name))
    }
}

#[test]
fn a_comment_begins_a_new_case_and_stale_output_is_replaced() {
    let before = "# one\na\nb\n----\nstale\nstale\n\nc\n----\n\n# two\nd\n----\n";
    let after = run::<Echo>(before).unwrap();
    assert_eq!(after, "# one\na\nb\n----\n1 a\n2 b\n\nc\n----\n3 c\n\n# two\nd\n----\n1 d\n");
    assert_eq!(run::<Echo>(&after).unwrap(), after);
}

#[test]
fn an_error_names_the_line() {
    let error = |text| run::<Echo>(text).unwrap_err().to_string();
    assert_eq!(error("a\n"), "there is no `----` after the last commands");
    assert_eq!(error("# one\nx=1 y=2\n----\n"), "line 2: `x=1 y=2` names no command");
}

#[test]
fn a_file_whose_output_has_changed_is_shown_and_written() {
    let directory = tempfile::tempdir().unwrap();
    let error = || changed::<Echo>(directory.path()).unwrap_err().to_string();
    assert!(error().starts_with("there are no files `*.txt` in "), "{}", error());
    let path = directory.path().join("1.txt");
    std::fs::write(&path, "a\n----\nstale\n").unwrap();
    let found = changed::<Echo>(directory.path()).unwrap();
    let [file] = found.as_slice() else { panic!("{found:?}") };
    let expected = format!("{}\n@@ -1,3 +1,3 @@\n a\n ----\n-stale\n+1 a\n", path.display());
    assert_eq!(file.difference(), expected);
    file.write().unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "a\n----\n1 a\n");
    assert!(changed::<Echo>(directory.path()).unwrap().is_empty());
    std::fs::write(&path, "a\n").unwrap();
    assert!(error().ends_with("1.txt: there is no `----` after the last commands"), "{}", error());
}

#[test]
fn a_command_is_a_name_with_words_and_arguments() {
    let command = Command::parse("record parents now=4h {\"id\": 1, \"a=b\": [2]}").unwrap();
    assert_eq!((command.name.as_str(), command.word(0).unwrap()), ("record", "parents"));
    assert_eq!(command.word(1).unwrap(), "{\"id\": 1, \"a=b\": [2]}");
    assert_eq!(command.instant("now").unwrap().map(hours).as_deref(), Some("4h"));
    assert_eq!(command.instant("at").unwrap(), None);
    assert!(command.allow(&[], 2).is_ok(), "each command may have times");
    let error = command.allow_only(&["x"], 2).unwrap_err().to_string();
    assert_eq!(error, "`record` has no argument `now`; it has [\"x\"]");
    assert_eq!(command.allow(&[], 1).unwrap_err().to_string(), "`record` takes 1 words at most");
    assert_eq!(command.word(2).unwrap_err().to_string(), "`record` needs another word");
    let text = Command::parse("send t key=k v4:=PS124").unwrap();
    assert_eq!((text.words.as_slice(), text.named.len()), (["t", "v4:=PS124"].map(str::to_owned).as_slice(), 1));
    let quoted = Command::parse("refuse p1 why=\"no such = job\" at=1h").unwrap();
    assert_eq!((quoted.named["why"].as_str(), quoted.named["at"].as_str()), ("no such = job", "1h"));
    let error = Command::parse("a n=x").unwrap().get::<u32>("n").unwrap_err().to_string();
    assert_eq!(error, "`n=x` of `a` is invalid: invalid digit found in string");
}

#[test]
fn times_are_durations_since_hour_zero() {
    for text in ["0h", "24h", "3h5m", "1s1ms", "-2h"] {
        assert_eq!(hours(instant(text.parse().unwrap())), text);
    }
}

#[test]
fn a_record_is_keyed_rejected_or_passed() {
    let at = instant("1h".parse().unwrap());
    let given = |key| Given::keyed(&by_key, record("t", key, Some("v"), at));
    let Given::Input(key, Input::Record(event)) = given(Some("k")) else { panic!("{:?}", given(Some("k"))) };
    assert_eq!((key, event.at, event.record.value), (Key::new("k"), at, Some(Bytes::from("v"))));
    assert!(matches!(given(None), Given::Rejected(_)));
    let pass = |_: &crate::model::Record| Ok(Keyed::Pass);
    assert_eq!(Given::keyed(&pass, record("t", None, None, at)), Given::Passed);
}

#[test]
fn every_effect_is_printed() {
    let at = instant("2h".parse().unwrap());
    let print = |effect| effect::print(&Key::new("k"), &effect, true, |kind| format!("{kind:?}"));
    let forward = Forward::new("out", "v").with_headers(Headers::new().with("h", "x"));
    assert_eq!(print(Effect::Forward(forward)), "forward out key=k v\n        h: x\n");
    let tombstone =
        Forward { key: Some(Key::new("other")), value: None, timestamp: Some(at), ..Forward::new("out", "") };
    assert_eq!(print(Effect::Forward(tombstone)), "forward out key=other at=2h null\n");
    let kind = TimerKind::Deadline(1);
    assert_eq!(print(Effect::Schedule(Timer { kind, due: at })), "timer   Deadline(1) due=2h\n");
    assert_eq!(print(Effect::Unschedule(kind)), "untimer Deadline(1)\n");
    let details = [("a".to_owned(), serde_json::json!([1]))].into();
    let alert = Alert { kind: "late".to_owned(), severity: Severity::Warning, at, message: "m".to_owned(), details };
    assert_eq!(print(Effect::Alert(alert)), "alert   late warning at=2h: m\n        {\"a\":[1]}\n");
    assert_eq!(print(Effect::Count(Count { family: "f", labels: ["x", ""] })), "count   f x\n");
    let valid_for = std::time::Duration::from_secs(3);
    let act =
        crate::model::Act { slot: ActSlot(1), attempt: 2, to: Target::new("t"), valid_for, request: "r".to_owned() };
    assert_eq!(print(Effect::Act(act)), "act     slot=1 attempt=2 valid_for=3s r\n");
    assert_eq!(print(Effect::Settle(ActSlot(1))), "settle  slot=1\n");
    assert_eq!(print(Effect::AddPart(Bytes::new())), "part    added\n");
    assert_eq!(print(Effect::DropParts), "parts   dropped\n");
    let reject = Reject::new(RejectReason::NoValue, "d");
    assert_eq!(print(Effect::DeadLetter(reject)), "dead    no_value: d\n");
}
