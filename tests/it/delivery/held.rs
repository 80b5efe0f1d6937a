//! What a replay has completed: a delivery that is known suppresses it, and one that is not is held until a person decides.

use std::collections::BTreeMap;
use std::sync::Arc;

use sheaf::model::{Key, Moment, Replay, Timestamp};
use sheaf::processor::delivery::Journal;
use sheaf::processor::{Command, Effect, Input, Processor as _, Transition};
use uuid::Uuid;

use super::{SMALL, delivery, submission, submitted};

const NOW: Timestamp = Timestamp::from_millis(1_767_225_600_000);

fn replayed() -> Input {
    let Input::Record(mut event) = submitted(&Key::new("p1"), &submission("p1", 1)) else { panic!("it is a record") };
    event.replay = Some(Arc::new(Replay { id: "r".into(), at: NOW }));
    Input::Record(event)
}

fn step(state: Option<Journal>, input: Input) -> Transition<Journal> {
    delivery(SMALL).step(&Key::new("p1"), state, input, Moment { wall: NOW, watermark: NOW }).unwrap()
}

fn command(name: &str, arguments: &[(&str, &str)]) -> Input {
    let arguments = arguments.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Input::Command(Command {
        id: Uuid::nil(),
        name: name.to_owned(),
        arguments: arguments.collect::<BTreeMap<_, _>>(),
        by: "ada".to_owned(),
        why: "looked".to_owned(),
        at: NOW,
        traceparent: None,
    })
}

fn acts(next: &Transition<Journal>) -> usize {
    next.effects.iter().filter(|effect| matches!(effect, Effect::Act(_))).count()
}

#[test]
fn an_unknown_submission_of_a_replay_is_held_and_calls_nobody() {
    let held = step(None, replayed());
    assert!(matches!(held.state, Some(Journal::Held(_))), "{held:?}");
    assert_eq!(acts(&held), 0);
    let shown = delivery(SMALL).show(&Key::new("p1"), held.state.as_ref().unwrap());
    assert_eq!(shown["status"], "held");
    assert!(shown["reason"].as_str().unwrap().contains("may have been submitted before"), "{shown}");
    let again = step(held.state, replayed());
    assert_eq!((acts(&again), again.effects.len()), (0, 1), "it is counted as a duplicate");
}

#[test]
fn a_person_has_it_submitted_or_says_how_it_ended() {
    let held = || step(None, replayed()).state;
    let released = step(held(), command("retry", &[]));
    assert!(matches!(released.state, Some(Journal::Submitting(_))), "{released:?}");
    assert_eq!(acts(&released), 1);
    for (name, arguments, is_submitted) in [
        ("resolve", &[("as", "submitted")][..], true),
        ("resolve", &[("as", "failed")][..], false),
        ("cancel", &[][..], false),
    ] {
        let next = step(held(), command(name, arguments));
        assert_eq!(acts(&next), 0, "{name}");
        let ended = if is_submitted {
            matches!(next.state, Some(Journal::Submitted(_)))
        } else {
            matches!(next.state, Some(Journal::Failed(_)))
        };
        assert!(ended, "{name}: {next:?}");
    }
}

#[test]
fn a_known_delivery_suppresses_it() {
    let first = step(None, submitted(&Key::new("p1"), &submission("p1", 1)));
    assert_eq!(acts(&first), 1);
    let again = step(first.state, replayed());
    assert!(matches!(again.state, Some(Journal::Submitting(_))), "{again:?}");
    assert_eq!(acts(&again), 0);
}
