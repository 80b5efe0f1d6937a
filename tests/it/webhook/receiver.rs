//! The processor against receivers with and without keys, whose answers are lost at random: none executes a bundle twice. The same
//! with planted bugs, which are found.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use sheaf::model::{Act, Key, Moment, Outcome, Reject, Timer, Timestamp, Verdict};
use sheaf::processor::call::{Certainty, Http, Method, Request, Response};
use sheaf::processor::delivery::webhook::{KEY_HEADER, Requests, Rules};
use sheaf::processor::delivery::{
    Deliverable, Delivery, Journal, LookUpAnswer, Prepared, Protocol, Settings, Submission, SubmitAnswer, TIMER, Words,
};
use sheaf::processor::{Command, Effect, Family, Input, Processor};
use sheaf::template::{PathTemplate, Template};

use crate::delivery::{settings, submission, submitted};

/// A bug of a protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Bug {
    /// There is none.
    None,
    /// Each attempt has a key of its own.
    KeyOfEachAttempt,
    /// A receiver without keys is taken for one with keys.
    KeysAreAssumed,
    /// A lost answer is taken for a request that was not executed.
    LostIsBusy,
    /// All series of a bundle have the key of the first.
    KeyOfTheBundle,
}

/// The protocol, with a bug.
#[derive(Debug)]
struct Planted {
    requests: Requests,
    bug: Bug,
    attempts: std::sync::atomic::AtomicU32,
}

impl Protocol for Planted {
    fn prepare(&self, submission: &Submission) -> Result<Prepared, Reject> {
        self.requests.prepare(submission)
    }

    fn submit_request(&self, deliverable: &Deliverable) -> String {
        let text = self.requests.submit_request(deliverable);
        if self.bug != Bug::KeyOfEachAttempt {
            return text;
        }
        let Ok(Request::Http(request)) = Request::decode(&text) else { panic!("{text}") };
        let attempt = self.attempts.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        Request::Http(Http { key: attempt.to_string(), ..request }).encode()
    }

    fn certainty(&self, deliverable: &Deliverable) -> Certainty {
        if self.bug == Bug::KeysAreAssumed { Certainty::Idempotent } else { self.requests.certainty(deliverable) }
    }

    fn look_up_request(&self, deliverable: &Deliverable) -> Option<String> {
        self.requests.look_up_request(deliverable)
    }

    fn renew(&self, deliverable: Deliverable, series: u32) -> Deliverable {
        if self.bug == Bug::KeyOfTheBundle { deliverable } else { self.requests.renew(deliverable, series) }
    }

    fn submit_answer(&self, answer: &str) -> SubmitAnswer {
        let answer = self.requests.submit_answer(answer);
        if let (SubmitAnswer::Unclear { detail, retry_after }, Bug::LostIsBusy) = (&answer, self.bug) {
            return SubmitAnswer::Busy { detail: detail.clone(), retry_after: *retry_after };
        }
        answer
    }

    fn look_up_answer(&self, answer: &str) -> LookUpAnswer {
        self.requests.look_up_answer(answer)
    }

    fn words(&self, name: &str) -> &'static Words {
        self.requests.words(name)
    }

    fn metrics(&self) -> Vec<Family> {
        self.requests.metrics()
    }
}

/// A receiver, and the executions of one bundle.
struct Receiver {
    honours_keys: bool,
    /// The keys of all requests, with the body that came with it first; true if it was executed.
    keys: BTreeMap<String, (String, bool)>,
    executions: usize,
    /// The requests with a known key and another body, which a strict receiver refuses.
    conflicts: usize,
}

impl Receiver {
    /// Takes note of a request, and executes it unless it has executed its key.
    fn see(&mut self, act: &Act, executes: bool) {
        let Ok(Request::Http(request)) = Request::decode(&act.request) else { panic!("{}", act.request) };
        let (body, is_executed) = self.keys.entry(request.key).or_insert_with(|| (request.body.clone(), false));
        self.conflicts += usize::from(*body != request.body);
        if executes {
            self.executions += usize::from(!*is_executed || !self.honours_keys);
            *is_executed = true;
        }
    }

    /// What becomes of a request, by a number from 0 to 11.
    fn receive(&mut self, act: &Act, roll: u64) -> Verdict {
        if roll != 9 {
            self.see(act, roll < 5);
        }
        match roll {
            0 | 1 => respond(200),
            2 | 5 => Verdict::Unknown("reset".to_owned()),
            3 | 6 => Verdict::Inherited,
            4 | 7 => respond(503),
            8 => respond(429),
            9 => Verdict::NotSent("refused".to_owned()),
            10 => respond(401),
            _ => respond(422),
        }
    }
}

fn command(name: &str, arguments: &[(&str, &str)], at: Timestamp) -> Input {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    Input::Command(Command {
        id: uuid::Uuid::nil(),
        name: name.to_owned(),
        arguments: arguments.iter().map(owned).collect(),
        by: "a test".to_owned(),
        why: String::new(),
        at,
        traceparent: None,
    })
}

/// A number from 0 below `of`, by xorshift.
fn random(state: &mut u64, of: u64) -> u64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    *state % of
}

fn respond(status: u16) -> Verdict {
    Verdict::answered(&Response { status, retry_after_ms: None, body: None })
}

/// What became of a bundle: the number of its executions, of the requests with a known key and another body, and the states that it
/// has ended in, by commands of an operator more than once.
#[derive(Debug)]
struct Played {
    executions: usize,
    conflicts: usize,
    ends: Vec<&'static str>,
}

fn delivery_of(certainty: Certainty, bug: Bug, body: &str) -> Delivery {
    let requests = Requests {
        application: "app".to_owned(),
        method: Method::Post,
        path: PathTemplate::compile("path", "").unwrap(),
        template: Template::compile("body.json", body).unwrap(),
        key_header: KEY_HEADER.to_owned(),
        certainty,
        rules: Rules::default(),
    };
    let protocol = Planted { requests, bug, attempts: 0.into() };
    Delivery::new(protocol, Settings { give_up_after: Duration::from_mins(2), ..settings() })
}

/// Plays a bundle whose template changes now and then. A person says *failed* only of what was not executed.
fn play(seed: u64, certainty: Certainty, bug: Bug) -> Played {
    let key = Key::new("p1");
    let mut delivery = delivery_of(certainty, bug, "{}");
    let honours_keys = certainty == Certainty::Idempotent;
    let mut receiver = Receiver { honours_keys, keys: BTreeMap::new(), executions: 0, conflicts: 0 };
    let (mut random_state, mut now) = (seed | 1, Timestamp::from_millis(0));
    let (mut state, mut ends) = (None, Vec::new());
    let bundle = submission("p1", 1);
    let resubmit = |now| command("resubmit", &[("submission", &bundle.to_string())], now);
    let mut input = submitted(&key, &bundle);
    for step in 0..60 {
        let next = match (delivery.step(&key, state.clone(), input, Moment::at(now)), &state) {
            (Ok(next), _) => next,
            // What is in doubt is not rendered anew.
            (Err(_), Some(Journal::Waiting(open))) if open.doubtful_since.is_some() => {
                let timer = Input::Timer(Timer { kind: TIMER, due: now });
                delivery.step(&key, state, timer, Moment::at(now)).unwrap()
            }
            (Err(error), _) => panic!("{error}"),
        };
        state = next.state;
        let act = next.effects.iter().find_map(|it| if let Effect::Act(act) = it { Some(act) } else { None });
        let mut roll = |of| random(&mut random_state, of);
        now = now.saturating_add(Duration::from_secs(1 + roll(20)));
        if let Some(act) = act {
            let verdict = receiver.receive(act, roll(12));
            input = Input::Outcome(Outcome { slot: act.slot, attempt: act.attempt, verdict });
            continue;
        }
        if roll(4) == 0 {
            delivery = delivery_of(certainty, bug, &format!("{{\"step\": {step}}}"));
        }
        input = match state.as_ref().unwrap() {
            Journal::Submitted(_) => {
                ends.push("submitted");
                break;
            }
            Journal::Failed(_) | Journal::Held(_) => {
                ends.push("failed");
                if roll(2) == 0 { command("retry", &[], now) } else { resubmit(now) }
            }
            Journal::Unknown(_) => {
                ends.push("unknown");
                match (honours_keys, receiver.executions > 0) {
                    (true, _) if roll(2) == 0 => command("retry", &[], now),
                    (_, true) => command("resolve", &[("as", "submitted")], now),
                    (_, false) => command("resolve", &[("as", "failed")], now),
                }
            }
            Journal::Waiting(_) if roll(3) == 0 => resubmit(now),
            Journal::Waiting(_) | Journal::Unsure(_) => Input::Timer(Timer { kind: TIMER, due: now }),
            open @ (Journal::Submitting(_) | Journal::LookingUp(_)) => panic!("{open:?} without an act"),
        };
    }
    Played { executions: receiver.executions, conflicts: receiver.conflicts, ends }
}

const SEEDS: u64 = 4_000;

#[test]
fn no_receiver_executes_a_bundle_twice() {
    for certainty in [Certainty::Idempotent, Certainty::Once] {
        let mut seen = BTreeSet::new();
        for seed in 1..=SEEDS {
            let played = play(seed * 0x9e37_79b9, certainty, Bug::None);
            let Played { executions, conflicts, ends } = &played;
            assert!(*executions <= 1, "{certainty:?}, seed {seed}: {played:?}");
            assert_eq!(*conflicts, 0, "{certainty:?}, seed {seed}: {played:?}");
            if ends.last() == Some(&"submitted") {
                assert_eq!(*executions, 1, "{certainty:?}, seed {seed}: {played:?}");
            }
            seen.extend(played.ends);
        }
        assert_eq!(seen, ["failed", "submitted", "unknown"].into(), "{certainty:?}: each end is met");
    }
}

#[test]
fn planted_bugs_are_found() {
    for (certainty, bug) in [
        (Certainty::Idempotent, Bug::KeyOfEachAttempt),
        (Certainty::Once, Bug::KeysAreAssumed),
        (Certainty::Idempotent, Bug::LostIsBusy),
        (Certainty::Once, Bug::LostIsBusy),
    ] {
        let twice = (1..=SEEDS).find(|seed| play(seed * 0x9e37_79b9, certainty, bug).executions > 1);
        assert!(twice.is_some(), "{certainty:?}: {bug:?} is not found");
    }
}

/// A strict receiver refuses a known key with another body (422, section 2.6 of the draft).
#[test]
fn a_key_of_the_bundle_is_found_by_a_receiver_that_compares_bodies() {
    let conflict =
        (1..=SEEDS).find(|seed| play(seed * 0x9e37_79b9, Certainty::Idempotent, Bug::KeyOfTheBundle).conflicts > 0);
    assert!(conflict.is_some());
}
