//! Tests of commands, and of threads that go on with other code.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::*;
use crate::processor::Command;

const IMPORT: &str = "import * as W from '@effectful/kafka-workflow'; W.config.outputTopics.add('out');";

fn command(scripts: &Scripts, state: Option<Thread>, name: &str) -> Result<Transition<Thread>, Reject> {
    let command = Command {
        id: Uuid::from_u128(7),
        name: name.to_owned(),
        arguments: BTreeMap::new(),
        by: "ann".to_owned(),
        why: String::new(),
        at: Timestamp::from_millis(1_767_225_700_000),
        traceparent: None,
    };
    scripts.step(&Key::new("t"), state, Input::Command(command), Moment::at(Timestamp::from_millis(0)))
}

/// Scripts whose newest is this one, and that know those with which threads have begun.
fn after(former: &Scripts, text: &str) -> Scripts {
    let scripts = scripts(text).holding(0);
    scripts.learn(&former.definitions(), Arc::new(Elsewhere(Texts::new())));
    scripts
}

#[test]
fn a_cancelled_thread_undoes_what_it_has_done() {
    let (scripts, mut parts) = (scripts(TRIP).holding(0), Vec::new());
    let thread = stored(step(&scripts, None, 7, "new:{}").unwrap(), &mut parts);
    let thread = stored(step(&scripts, thread, 8, r#"{"ref":"car","value":"c"}"#).unwrap(), &mut parts);
    let cancelled = command(&scripts, thread.clone(), CANCEL).unwrap();
    let undone =
        ["schedule t|{\"ref\":\"7:1\"} null", "cancel t car c", r#"workflow-error t "CancelToken: cancelled""#];
    assert_eq!((forwards(&cancelled), cancelled.state), (undone.map(str::to_owned).to_vec(), None));
    let deleted = command(&scripts, thread, DELETE).unwrap();
    assert_eq!(deleted, Transition::forget().with(Effect::Count(count::DELETED)));
    for name in [CANCEL, DELETE, MIGRATE] {
        let reject = command(&scripts, None, name).unwrap_err();
        assert!(reject.detail.contains("there is no such thread"), "{}", reject.detail);
    }
}

#[test]
fn a_thread_that_goes_on_after_a_cancel_is_run_again_with_it() {
    let text = format!(
        "{IMPORT} export async function main() {{ try {{ await W.suspend('a') }} catch (e) {{ W.output(String(e instanceof W.CancelToken), 'out') }} return await W.suspend('b') }}"
    );
    let (scripts, mut parts) = (scripts(&text).holding(0), Vec::new());
    let thread = stored(step(&scripts, None, 1, "new:1").unwrap(), &mut parts);
    let cancelled = command(&scripts, thread, CANCEL).unwrap();
    assert_eq!(forwards(&cancelled), ["out t true"]);
    let thread = stored(cancelled, &mut parts);
    assert_eq!(thread.as_ref().unwrap().refs, ["b"]);
    let ended = step(&scripts, thread, 2, r#"{"ref":"b","value":7}"#).unwrap();
    assert_eq!(forwards(&ended), ["workflow-result t 7"]);
}

#[test]
fn a_thread_goes_on_with_new_code_if_that_does_the_same_so_far() {
    let former = format!(
        "{IMPORT} export async function main() {{ W.output('a', 'out'); await W.suspend('a'); W.output('b', 'out'); await W.suspend('b'); return 'old' }}"
    );
    let (first, mut parts) = (scripts(&former), Vec::new());
    let thread = stored(step(&first, None, 1, "new:1").unwrap(), &mut parts);
    let thread = stored(step(&first, thread, 2, r#"{"ref":"a"}"#).unwrap(), &mut parts);
    let fixed = after(&first, &former.replace("'old'", "'new'"));
    let still = step(&fixed, thread.clone(), 3, r#"{"ref":"b"}"#).unwrap();
    assert_eq!(forwards(&still), [r#"workflow-result t "old""#], "an edited file counts for new threads");
    let migrated = stored(command(&fixed, thread.clone(), MIGRATE).unwrap(), &mut parts);
    assert_eq!(fixed.show(&Key::new("t"), migrated.as_ref().unwrap())["version"], "newest");
    let ended = step(&fixed, migrated.clone(), 3, r#"{"ref":"b"}"#).unwrap();
    assert_eq!(forwards(&ended), [r#"workflow-result t "new""#]);
    // A command that is repeated changes nothing.
    assert_eq!(command(&fixed, migrated.clone(), MIGRATE).unwrap().state, migrated);
    for (from, to, why) in [
        (
            "W.output('b', 'out')",
            "W.output('c', 'out')",
            "at step 2: it wrote `b` to out with key t, and would write `c` to out with key t",
        ),
        ("W.output('b', 'out')", "", "at step 2: it wrote `b` to out with key t, and would write nothing"),
        ("W.suspend('b')", "W.suspend('c')", "at step 2: it waited for `b`, and would wait for `c`"),
        ("W.suspend('a')", "W.suspend('z')", "at step 1: it waited for `a`, and would wait for `z`"),
        ("W.output('b', 'out')", "for (;;)", "fails at step 2: the step has taken too long"),
    ] {
        let other = after(&first, &former.replace(from, to));
        let reject = command(&other, thread.clone(), MIGRATE).unwrap_err();
        assert!(reject.detail.contains(why), "{}", reject.detail);
    }
}

#[test]
fn a_planned_change_is_asked_for_by_its_version() {
    let former = format!(
        "{IMPORT} export async function main() {{ await W.suspend('a'); W.output('old', 'out'); await W.suspend('b'); W.output('old', 'out') }}"
    );
    let newer = former.replace("W.output('old', 'out')", "W.output(W.version('out') >= 1 ? 'new' : 'old', 'out')");
    let (first, mut parts) = (scripts(&former), Vec::new());
    let thread = stored(step(&first, None, 1, "new:1").unwrap(), &mut parts);
    let planned = after(&first, &newer);
    // Before it has been asked, and after.
    let early = command(&planned, thread.clone(), MIGRATE).unwrap().state;
    let early = step(&planned, early, 2, r#"{"ref":"a"}"#).unwrap();
    assert_eq!(
        (forwards(&early), early.state.unwrap().versions),
        (vec!["out t new".to_owned()], vec![("out".to_owned(), 1)])
    );
    let thread = stored(step(&planned, thread, 2, r#"{"ref":"a"}"#).unwrap(), &mut parts);
    let late = stored(command(&planned, thread, MIGRATE).unwrap(), &mut parts);
    assert_eq!(late.as_ref().unwrap().versions, [("out".to_owned(), 0)]);
    let ended = step(&planned, late, 3, r#"{"ref":"b"}"#).unwrap();
    assert_eq!(forwards(&ended), ["out t old", "workflow-result t null"]);
    // A thread that begins with it has the new one, also when it is run again.
    let new = step(&planned, None, 4, "new:1").unwrap();
    let mut parts = Vec::new();
    let thread = stored(new, &mut parts);
    let thread = stored(step(&planned, thread, 5, r#"{"ref":"a"}"#).unwrap(), &mut parts);
    assert_eq!(
        forwards(&step(&planned, thread, 6, r#"{"ref":"b"}"#).unwrap()),
        ["out t new", "workflow-result t null"]
    );
    let early =
        Script::new("test.ts", &format!("{IMPORT} W.version('x'); export async function main() {{}}")).unwrap_err();
    assert!(early.contains("no thread runs yet"), "{early}");
}

#[test]
fn a_thread_that_continues_as_new_forgets_what_it_was_given() {
    let text = format!(
        "{IMPORT} export async function main({{ sum = 0 }}) {{
            for (let i = 0; i < 2; i++) {{ sum += await W.suspend('add'); if (sum < 0) return sum; }}
            W.output(String(sum), 'out');
            return W.continueAsNew({{ sum }});
        }}"
    );
    let (scripts, mut parts) = (scripts(&text).holding(0), Vec::new());
    let mut thread = stored(step(&scripts, None, 0, "new:{}").unwrap(), &mut parts);
    for offset in 1..=6 {
        let event = format!(r#"{{"ref":"add","value":{offset}}}"#);
        let transition = step(&scripts, thread, offset, &event).unwrap();
        let sum = (1..=offset).sum::<i64>();
        let is_anew = offset % 2 == 0;
        assert_eq!(forwards(&transition), if is_anew { vec![format!("out t {sum}")] } else { Vec::new() });
        assert_eq!(transition.effects.contains(&Effect::Count(count::CONTINUED)), is_anew);
        thread = stored(transition, &mut parts);
        assert_eq!(parts.len(), if is_anew { 1 } else { 2 });
    }
    let ended = step(&scripts, thread, 7, r#"{"ref":"add","value":-100}"#).unwrap();
    assert_eq!(forwards(&ended), ["workflow-result t -79"]);
    let endless = self::scripts(&format!("{IMPORT} export async function main() {{ return W.continueAsNew(1) }}"));
    let reject = step(&endless, None, 0, "new:1").unwrap_err();
    assert!(reject.detail.contains("would do so for ever"), "{}", reject.detail);
}

#[test]
fn each_step_of_the_past_is_shown_with_what_came_of_it() {
    let (scripts, mut parts) = (scripts(TRIP), Vec::new());
    let thread = stored(step(&scripts, None, 7, "new:{\"ms\":5}").unwrap(), &mut parts);
    let thread = stored(step(&scripts, thread, 9, r#"{"ref":"hotel","value":"h"}"#).unwrap(), &mut parts).unwrap();
    let content = scripts.content(&Key::new("t"), &thread).unwrap();
    assert_eq!(content["journal"][0]["given"], serde_json::json!({ "begin": { "ms": 5 } }));
    let written = serde_json::json!({ "topic": "reserve", "key": "t", "value": "car" });
    assert_eq!(content["journal"][0]["writes"][0], written);
    assert_eq!(content["journal"][1]["given"]["for"], "hotel");
    assert_eq!(content["journal"][1]["waits_for"], serde_json::json!(["car", "flight", "7:1"]));
}
