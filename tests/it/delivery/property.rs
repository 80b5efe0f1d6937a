//! The promise: whatever happens in whatever order, a submit follows an earlier one only when that was not executed.
//!
//! A small runtime keeps the pending acts and the timer, and an oracle watches the acts. It knows nothing of the journal.

use proptest::prelude::*;
use sheaf::model::{Act, ActSlot, Key, Moment, Outcome, Timer, Timestamp, Verdict};
use sheaf::processor::delivery::control_m::{Answer, Request};
use sheaf::processor::delivery::{Delivery, Journal, TIMER};
use sheaf::processor::{Effect, Input, Processor};

use super::{SMALL, delivery, submission, submitted};

/// How long after a lost answer a look-up means something (request time-out and visibility lag of the settings).
const LOST_MS: i64 = 80_000;
/// The same after a hand-over, when the permission may still be used.
const INHERITED_MS: i64 = 110_000;

/// One thing that happens.
#[derive(Clone, Debug)]
enum Happening {
    Submission,
    /// The timer comes due, if there is one.
    Timer,
    /// The outcome of the submit or of the look-up that is pending, if there is one.
    Outcome {
        lookup: bool,
        verdict: usize,
    },
    /// An outcome of some attempt, pending or not.
    Stray {
        lookup: bool,
        back: u32,
        verdict: usize,
    },
    /// Time passes.
    Wait(i64),
}

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        1 => Just(Happening::Submission),
        5 => Just(Happening::Timer),
        6 => (any::<bool>(), 0..VERDICTS).prop_map(|(lookup, verdict)| Happening::Outcome { lookup, verdict }),
        2 => (any::<bool>(), 1..4_u32, 0..VERDICTS)
            .prop_map(|(lookup, back, verdict)| Happening::Stray { lookup, back, verdict }),
        1 => (0..3_600_000_i64).prop_map(Happening::Wait),
    ]
}

const VERDICTS: usize = 9;

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
        _ => Answer::Busy { status: 429, message: "x".into(), retry_after_ms: None },
    };
    Verdict::Answered(serde_json::to_string(&answer).unwrap())
}

#[derive(Default)]
struct World {
    now: i64,
    state: Option<Journal>,
    timer: Option<i64>,
    acts: [Option<Act>; 2],
    latest: [u32; 2],
    /// The oracle: no submit was begun that may have been executed.
    clear: bool,
    /// The oracle: a look-up before this moment proves nothing.
    doubt_until: i64,
    submits: u32,
}

impl World {
    fn happen(&mut self, delivery: &Delivery, happening: &Happening) {
        match *happening {
            Happening::Wait(millis) => self.now += millis,
            Happening::Submission => {
                let key = Key::new("p1");
                self.step(delivery, submitted(&key, &submission("p1", 1)));
            }
            Happening::Timer => {
                if let Some(due) = self.timer.take() {
                    self.now = self.now.max(due);
                    let due = Timestamp::from_millis(due);
                    self.step(delivery, Input::Timer(Timer { kind: TIMER, due }));
                }
            }
            Happening::Outcome { lookup, verdict: number } => {
                if let Some(act) = &self.acts[usize::from(lookup)] {
                    let outcome = Outcome { slot: act.slot, attempt: act.attempt, verdict: verdict(number) };
                    self.observe(&outcome);
                    self.step(delivery, Input::Outcome(outcome));
                }
            }
            Happening::Stray { lookup, back, verdict: number } => {
                let attempt = self.latest[usize::from(lookup)].wrapping_sub(back);
                let outcome = Outcome { slot: ActSlot(u8::from(lookup)), attempt, verdict: verdict(number) };
                self.step(delivery, Input::Outcome(outcome));
            }
        }
    }

    /// What an outcome of a pending act proves.
    fn observe(&mut self, outcome: &Outcome) {
        let answer = match &outcome.verdict {
            Verdict::Answered(answer) => serde_json::from_str::<Answer>(answer).ok(),
            Verdict::NotSent(_) | Verdict::Unknown(_) | Verdict::Inherited => None,
        };
        if outcome.slot == ActSlot(1) {
            self.clear |= answer == Some(Answer::Absent);
        } else if outcome.verdict == Verdict::Inherited {
            self.doubt_until = self.now + INHERITED_MS;
        } else if matches!(outcome.verdict, Verdict::NotSent(_)) || matches!(answer, Some(Answer::Busy { .. })) {
            self.clear = true;
        } else {
            self.doubt_until = self.now + LOST_MS;
        }
    }

    fn step(&mut self, delivery: &Delivery, input: Input) {
        let now = Timestamp::from_millis(self.now);
        let next = delivery.step(&Key::new("p1"), self.state.take(), input, Moment::at(now)).unwrap();
        self.state = next.state;
        if self.state.is_none() {
            *self = Self { now: self.now, clear: true, latest: self.latest, ..Self::default() };
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
                | Effect::AddPart(_)
                | Effect::DropParts
                | Effect::DeadLetter(_) => {}
            }
        }
    }

    fn begin(&mut self, act: Act) {
        match serde_json::from_str(&act.request).unwrap() {
            Request::Submit { .. } => {
                assert!(self.clear, "a submit although an earlier one may have been executed");
                self.clear = false;
                self.submits += 1;
            }
            Request::LookUp { .. } => {
                assert!(self.now >= self.doubt_until, "a look-up that proves nothing");
            }
        }
        let slot = usize::from(act.slot.0);
        assert!(self.acts[slot].is_none(), "an act in a slot that is taken");
        self.latest[slot] = act.attempt;
        self.acts[slot] = Some(act);
    }

    /// Nothing is forgotten: an open delivery waits for a timer or for an outcome, an ended one for its deletion.
    fn goes_on(&self) -> bool {
        match &self.state {
            None => true,
            Some(Journal::Submitting(_)) => self.acts[0].is_some(),
            Some(Journal::LookingUp(_)) => self.acts[0].is_some() && self.acts[1].is_some(),
            Some(Journal::Unsure(_)) => self.acts[0].is_some() && self.acts[1].is_none() && self.timer.is_some(),
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
        happenings in prop::collection::vec(happening(), 1..60)
    ) {
        let delivery = delivery(SMALL);
        let mut world = World { clear: true, ..World::default() };
        world.happen(&delivery, &Happening::Submission);
        for happening in &happenings {
            world.happen(&delivery, happening);
            prop_assert!(world.goes_on(), "nothing will ever happen again after {:?}: {:?}", happening, world.state);
            prop_assert!(world.submits <= 3, "more submits than attempts_max");
        }
    }
}
