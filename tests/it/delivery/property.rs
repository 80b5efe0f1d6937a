//! The guarantee: under any operations in any order, a submit follows an earlier one only if that was not executed.
//!
//! A small model of the runtime has the pending acts and the timer, and an oracle checks the acts without reading the journal.

use proptest::prelude::*;
use sheaf::model::{Act, ActSlot, Key, Moment, Outcome, Timer, Timestamp, Verdict};
use sheaf::processor::delivery::control_m::{Answer, Request};
use sheaf::processor::delivery::{Delivery, Journal, TIMER};
use sheaf::processor::{Command, Effect, Input, Processor};
use uuid::Uuid;

use super::{SMALL, delivery, delivery_of_orders, submission, submitted};

/// The time after a lost answer from which a look-up is conclusive: request time-out and visibility lag of the settings.
const LOST_MS: i64 = 80_000;
/// The same after a hand-over, when the intent may still be valid at the earlier owner.
const INHERITED_MS: i64 = 110_000;

/// An operation on a delivery.
#[derive(Clone, Debug)]
enum Operation {
    Submission,
    /// The timer fires, if there is one.
    Timer,
    /// The outcome of the submit or of the look-up that is pending, if there is one.
    Outcome {
        lookup: bool,
        verdict: usize,
    },
    /// An outcome of any attempt, pending or not.
    Stray {
        lookup: bool,
        back: u32,
        verdict: usize,
    },
    /// An operator's command.
    Command(usize),
    /// The clock advances, in milliseconds.
    Wait(i64),
}

fn operation() -> impl Strategy<Value = Operation> {
    prop_oneof![
        1 => Just(Operation::Submission),
        5 => Just(Operation::Timer),
        6 => (any::<bool>(), 0..VERDICTS).prop_map(|(lookup, verdict)| Operation::Outcome { lookup, verdict }),
        2 => (any::<bool>(), 1..4_u32, 0..VERDICTS)
            .prop_map(|(lookup, back, verdict)| Operation::Stray { lookup, back, verdict }),
        1 => (0..3_600_000_i64).prop_map(Operation::Wait),
        2 => (0..COMMANDS.len()).prop_map(Operation::Command),
    ]
}

const VERDICTS: usize = 10;
/// The commands and the values of `as`.
const COMMANDS: [(&str, &str); 5] =
    [("retry", ""), ("resolve", "submitted"), ("resolve", "failed"), ("resubmit", ""), ("cancel", "")];

fn verdict(number: usize) -> Verdict {
    let answer = match number {
        0 => return Verdict::NotSent("x".into()),
        1 => return Verdict::Unknown("x".into()),
        2 => return Verdict::Inherited,
        3 => return Verdict::Answered("nonsense".into()),
        4 => Answer::Accepted { run_id: "r".into() },
        5 => Answer::Found { job_id: "j".into() },
        6 => Answer::Absent,
        7 => Answer::Refused { status: 400, message: "x".into() },
        8 => Answer::Busy { status: 429, message: "x".into(), retry_after_ms: None },
        _ => return Verdict::Suspended("x".into()),
    };
    Verdict::Answered(serde_json::to_string(&answer).unwrap())
}

#[derive(Default)]
struct Model {
    now: i64,
    state: Option<Journal>,
    timer: Option<i64>,
    acts: [Option<Act>; 2],
    latest: [u32; 2],
    /// The oracle: true if no earlier submit may have been executed.
    may_submit: bool,
    /// The oracle: a look-up before this time is inconclusive.
    doubt_until: i64,
}

impl Model {
    fn apply(&mut self, delivery: &Delivery, operation: &Operation) {
        match *operation {
            Operation::Wait(millis) => self.now += millis,
            Operation::Command(number) => self.command(delivery, COMMANDS[number]),
            Operation::Submission => {
                let key = Key::new("p1");
                self.step(delivery, submitted(&key, &submission("p1", 1)));
            }
            Operation::Timer => {
                if let Some(due) = self.timer.take() {
                    self.now = self.now.max(due);
                    let due = Timestamp::from_millis(due);
                    self.step(delivery, Input::Timer(Timer { kind: TIMER, due }));
                }
            }
            Operation::Outcome { lookup, verdict: number } => {
                if let Some(act) = &self.acts[usize::from(lookup)] {
                    let outcome = Outcome { slot: act.slot, attempt: act.attempt, verdict: verdict(number) };
                    self.observe(&outcome);
                    self.step(delivery, Input::Outcome(outcome));
                }
            }
            Operation::Stray { lookup, back, verdict: number } => {
                let attempt = self.latest[usize::from(lookup)].wrapping_sub(back);
                let outcome = Outcome { slot: ActSlot(u8::from(lookup)), attempt, verdict: verdict(number) };
                self.step(delivery, Input::Outcome(outcome));
            }
        }
    }

    /// A command; whoever states that the target does not have it is believed. A command that is refused changes nothing.
    fn command(&mut self, delivery: &Delivery, (name, as_what): (&str, &str)) {
        let submission = submission("p1", 1).to_string();
        let arguments = [("as".to_owned(), as_what.to_owned()), ("submission".to_owned(), submission)].into();
        let (id, by, why) = (Uuid::nil(), "ann".to_owned(), "x".to_owned());
        let at = Moment::at(Timestamp::from_millis(self.now));
        let input =
            Input::Command(Command { id, name: name.to_owned(), arguments, by, why, at: at.wall, traceparent: None });
        if delivery.step(&Key::new("p1"), self.state.clone(), input.clone(), at).is_ok() {
            self.may_submit |= as_what == "failed" && matches!(self.state, Some(Journal::Unknown(_)));
            self.step(delivery, input);
        }
    }

    /// Updates the oracle by an outcome of a pending act.
    fn observe(&mut self, outcome: &Outcome) {
        let answer = match &outcome.verdict {
            Verdict::Answered(answer) => serde_json::from_str::<Answer>(answer).ok(),
            Verdict::NotSent(_) | Verdict::Suspended(_) | Verdict::Unknown(_) | Verdict::Inherited => None,
        };
        if outcome.slot == ActSlot(1) {
            self.may_submit |= answer == Some(Answer::Absent);
        } else if outcome.verdict == Verdict::Inherited {
            self.doubt_until = self.now + INHERITED_MS;
        } else if matches!(outcome.verdict, Verdict::NotSent(_) | Verdict::Suspended(_))
            || matches!(answer, Some(Answer::Busy { .. } | Answer::Refused { .. }))
        {
            self.may_submit = true;
        } else {
            self.doubt_until = self.now + LOST_MS;
        }
    }

    fn step(&mut self, delivery: &Delivery, input: Input) {
        let now = Timestamp::from_millis(self.now);
        let next = delivery.step(&Key::new("p1"), self.state.take(), input, Moment::at(now)).unwrap();
        self.state = next.state;
        if self.state.is_none() {
            *self = Self { now: self.now, may_submit: true, latest: self.latest, ..Self::default() };
        }
        for effect in next.effects {
            match effect {
                Effect::Schedule(timer) => self.timer = Some(timer.due.as_millis()),
                Effect::Settle(slot) => self.acts[usize::from(slot.0)] = None,
                Effect::Act(act) => self.begin(act),
                Effect::Unschedule(_)
                | Effect::Forward(_)
                | Effect::Alert(_)
                | Effect::Count(_)
                | Effect::CountMany(..)
                | Effect::Observe(_)
                | Effect::AddPart(_)
                | Effect::DropParts
                | Effect::DeadLetter(_) => {}
            }
        }
    }

    fn begin(&mut self, act: Act) {
        match serde_json::from_str(&act.request).unwrap() {
            Request::Submit { .. } | Request::Run { .. } | Request::Order { .. } => {
                assert!(self.may_submit, "a submit, but an earlier one may have been executed");
                self.may_submit = false;
            }
            Request::AddEvent { .. } => panic!("a delivery adds no events"),
            Request::LookUp { .. } => {
                assert!(self.now >= self.doubt_until, "an inconclusive look-up");
                assert!(act.request.contains("folder-p1"), "an order cannot be looked up");
            }
        }
        let slot = usize::from(act.slot.0);
        assert!(self.acts[slot].is_none(), "an act in a slot that is in use");
        self.latest[slot] = act.attempt;
        self.acts[slot] = Some(act);
    }

    /// True if an open delivery waits for a timer or an outcome, and an ended one for its deletion.
    fn is_live(&self) -> bool {
        match &self.state {
            None | Some(Journal::Held(_)) => true,
            Some(Journal::Submitting(_)) => self.acts[0].is_some(),
            // A command looks up a submit that is no longer pending.
            Some(Journal::LookingUp(open)) => (self.acts[0].is_some() || open.commands > 0) && self.acts[1].is_some(),
            Some(Journal::Unsure(open)) => {
                (self.acts[0].is_some() || open.commands > 0) && self.acts[1].is_none() && self.timer.is_some()
            }
            Some(Journal::Waiting(_) | Journal::Submitted(_) | Journal::Failed(_) | Journal::Unknown(_)) => {
                self.acts.iter().all(Option::is_none) && self.timer.is_some()
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_submit_is_retried_only_if_the_previous_one_was_not_executed(
        happenings in prop::collection::vec(operation(), 1..60),
        is_order in any::<bool>(),
    ) {
        let delivery = if is_order { delivery_of_orders() } else { delivery(SMALL) };
        let mut model = Model { may_submit: true, ..Model::default() };
        model.apply(&delivery, &Operation::Submission);
        for operation in &happenings {
            model.apply(&delivery, operation);
            prop_assert!(model.is_live(), "no timer and no act is pending after {:?}: {:?}", operation, model.state);
        }
    }
}
