//! A delivery to another target than Control-M: requests, answers and words are those of its protocol.

use std::time::Duration;

use serde_json::{Value, json};
use sheaf::model::{ActSlot, Alert, Key, Moment, Outcome, Reject, RejectReason, Timer, Timestamp, Verdict};
use sheaf::processor::call::Certainty;
use sheaf::processor::delivery::{
    Deliverable, Delivery, Journal, LookUpAnswer, Prepared, Protocol, Settings, Submission, SubmitAnswer, TIMER, Words,
};
use sheaf::processor::{Count, Effect, Family, Input, Processor};

use super::{settings, submission, submitted};

/// A protocol whose deliverables are letters, and whose answers are a word and an id.
#[derive(Debug)]
struct Letters;

const WORDS: Words = Words {
    name: "letter",
    revision: "edition",
    accepted_id: "receipt",
    found_id: "copy",
    absent: "no letter has come",
    remedy: "ask for it",
};
const WRITTEN: Count = Count::of("letters_total");

impl Protocol for Letters {
    fn prepare(&self, submission: &Submission) -> Result<Prepared, Reject> {
        let parent: Value = serde_json::from_str(submission.parent.text()).unwrap();
        let text = parent["description"].as_str().map(str::to_owned);
        let content = text.ok_or_else(|| Reject::new(RejectReason::Render, "there is no text"));
        let name = format!("letter-{}", submission.bundle_id);
        Ok(Prepared { name, content, revision: "first".to_owned(), count: Some(WRITTEN) })
    }

    fn submit_request(&self, letter: &Deliverable) -> String {
        format!("send {}: {}", letter.name, letter.content)
    }

    fn certainty(&self, _letter: &Deliverable) -> Certainty {
        Certainty::LookUp
    }

    fn look_up_request(&self, letter: &Deliverable) -> Option<String> {
        Some(format!("has {} come?", letter.name))
    }

    fn submit_answer(&self, answer: &str) -> SubmitAnswer {
        match answer.split_once(' ') {
            Some(("yes", id)) => SubmitAnswer::Accepted { id: id.to_owned() },
            _ => SubmitAnswer::Unclear { detail: answer.to_owned(), retry_after: None },
        }
    }

    fn look_up_answer(&self, answer: &str) -> LookUpAnswer {
        match answer.split_once(' ') {
            Some(("yes", id)) => LookUpAnswer::Found { id: id.to_owned() },
            _ => LookUpAnswer::Absent,
        }
    }

    fn words(&self, _name: &str) -> &'static Words {
        &WORDS
    }

    fn metrics(&self) -> Vec<Family> {
        vec![Family::plain(WRITTEN.family, "Letters written.")]
    }
}

/// The effects of the last of these inputs, which follow the submission an hour apart.
fn effects(submission: &Value, inputs: Vec<Input>) -> Vec<Effect> {
    let settings = Settings { give_up_after: Duration::from_hours(6), ..settings() };
    let (delivery, key) = (Delivery::new(Letters, settings), Key::new("p1"));
    let (mut state, mut effects, mut now) = (None, Vec::new(), Timestamp::from_millis(0));
    for input in [vec![submitted(&key, submission)], inputs].concat() {
        let next = delivery.step(&key, state, input, Moment::at(now)).unwrap();
        (state, effects, now) = (next.state, next.effects, now.saturating_add(Duration::from_hours(1)));
    }
    effects
}

fn answer(slot: u8, attempt: u32, answer: &str) -> Input {
    Input::Outcome(Outcome { slot: ActSlot(slot), attempt, verdict: Verdict::Answered(answer.to_owned()) })
}

fn due() -> Input {
    Input::Timer(Timer { kind: TIMER, due: Timestamp::MIN })
}

fn request(effects: &[Effect]) -> Option<&str> {
    effects.iter().find_map(|effect| if let Effect::Act(act) = effect { Some(act.request.as_str()) } else { None })
}

fn record(effects: &[Effect]) -> &str {
    let value =
        effects.iter().find_map(|effect| if let Effect::Forward(it) = effect { it.value.as_ref() } else { None });
    std::str::from_utf8(value.unwrap()).unwrap()
}

fn alert(effects: &[Effect]) -> &Alert {
    effects.iter().find_map(|effect| if let Effect::Alert(alert) = effect { Some(alert) } else { None }).unwrap()
}

#[test]
fn a_delivery_makes_the_calls_of_its_protocol() {
    let letter = submission("p1", 1);
    let first = effects(&letter, vec![]);
    assert_eq!(request(&first), Some("send letter-p1: Parent event message"));
    assert_eq!(first.last(), Some(&Effect::Count(WRITTEN)));
    assert_eq!(request(&effects(&letter, vec![answer(0, 1, "what?"), due()])), Some("has letter-p1 come?"));
    let absent = vec![answer(0, 1, "what?"), due(), answer(1, 2, "no")];
    assert_eq!(request(&effects(&letter, absent)), Some("send letter-p1: Parent event message"));
    assert!(Delivery::new(Letters, settings()).metrics().iter().any(|family| family.name == WRITTEN.family));
}

#[test]
fn an_outcome_is_recorded_in_the_words_of_the_target() {
    let letter = submission("p1", 1);
    let accepted = effects(&letter, vec![answer(0, 1, "yes 7")]);
    let fields = r#""letter":"letter-p1","receipt":"7","attempts":1,"edition":"first","at":"1970-01-01T01:00:00.000Z""#;
    assert_eq!(record(&accepted), format!(r#"{{"bundle_id":"p1","outcome":"submitted",{fields}}}"#));
    let found = effects(&letter, vec![answer(0, 1, "what?"), due(), answer(1, 2, "yes 8")]);
    assert!(record(&found).contains(r#""letter":"letter-p1","copy":"8","attempts":1"#), "{}", record(&found));
}

#[test]
fn a_failure_is_alerted_in_the_words_of_the_target() {
    let mut letter = submission("p1", 1);
    let lost = |count| {
        [
            answer(0, count, "what?"),
            Input::Timer(Timer { kind: TIMER, due: Timestamp::from_millis(i64::MAX) }),
            answer(1, count + 1, "no"),
        ]
    };
    let absent = effects(&letter, (0..2).flat_map(|n| lost(2 * n + 1)).collect());
    let time = "time ran out after 2 attempts (since 1970-01-01T00:00:00.000Z; deliver.give_up_after)";
    let message = format!("letter-p1 was not submitted: {time}; the last answer was lost, and no letter has come");
    assert_eq!(alert(&absent).message, message);

    let late = [vec![answer(0, 1, "what?")], vec![due(); 21], vec![answer(1, 2, "no")]].concat();
    let late = effects(&letter, late);
    let submit = "the submit of 1970-01-01T00:00:00.000Z";
    let detail = format!("no letter has come, but {submit} is too long ago to tell: ask for it");
    assert_eq!(alert(&late).details["detail"], detail);

    letter["parent"] = json!({});
    let unwritten = effects(&letter, vec![]);
    let alert = alert(&unwritten);
    assert_eq!(alert.message, "letter-p1 was not submitted: there is no text");
    assert_eq!((&alert.details["letter"], &alert.details["edition"]), (&json!("letter-p1"), &json!("first")));
    assert_eq!(unwritten.last(), Some(&Effect::Count(WRITTEN)));
}

#[test]
fn the_time_in_which_a_timer_could_not_fire_does_not_count() {
    let settings = Settings { give_up_after: Duration::from_hours(6), ..settings() };
    let (delivery, key) = (Delivery::new(Letters, settings), Key::new("p1"));
    let at = |hour| Timestamp::from_millis(0).saturating_add(Duration::from_hours(hour));
    let step = |state, input, hour| delivery.step(&key, state, input, Moment::at(at(hour))).unwrap().state;
    let not_sent = |attempt| {
        Input::Outcome(Outcome { slot: ActSlot(0), attempt, verdict: Verdict::NotSent("refused".to_owned()) })
    };
    let timer = |hour| Input::Timer(Timer { kind: TIMER, due: at(hour) });
    let mut state = step(None, submitted(&key, &submission("p1", 1)), 0);
    state = step(state, not_sent(1), 1);
    // No instance ran, or the sink was suspended, for four days.
    state = step(state, timer(1), 97);
    state = step(state, not_sent(2), 98);
    assert!(matches!(state, Some(Journal::Waiting(_))), "two hours count: {state:?}");
    state = step(state, timer(98), 98);
    state = step(state, not_sent(3), 102);
    assert!(matches!(state, Some(Journal::Failed(_))), "six hours count: {state:?}");
}
