//! Rejected steps of outcomes and timers: what the entry has lost is taken up again.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use sheaf::broker::memory;
use sheaf::model::{Act, ActSlot, Key, Moment, Reject, RejectReason, Severity, Target, Timer, TimerKind, Verdict};
use sheaf::processor::call::{Answer, Backoff, Certainty, Limits};
use sheaf::processor::notification::{AlertKeying, Format, Notification, Route, Settings};
use sheaf::processor::{Deleted, Effect, Input, Processor, Transition, erase};
use sheaf::sim::World;

use super::support::{Empty, ManualSink, run_until_idle, send, setup, values, world_of};

/// Decides an act with each record, and rejects its outcome.
struct Rejecting;

impl Processor for Rejecting {
    type State = Empty;

    fn timer_after_rejection(&self, deleted: Deleted, at: Moment) -> Option<Timer> {
        let due = at.wall.saturating_add(Duration::from_mins(1));
        (deleted == Deleted::Act(ActSlot(3))).then_some(Timer { kind: TimerKind::Delay(7), due })
    }

    fn step(&self, _: &Key, _: Option<Empty>, input: Input, _: Moment) -> Result<Transition<Empty>, Reject> {
        let next = Transition::to(Empty);
        Ok(match input {
            Input::Record(_) => {
                let (to, valid_for) = (Target::new("t"), Duration::from_hours(1));
                let act = Act { slot: ActSlot(3), attempt: 1, to, valid_for, request: "request".to_owned() };
                next.with(Effect::Act(act))
            }
            Input::Outcome(_) => return Err(Reject::new(RejectReason::TooLarge, "too large")),
            Input::Timer(timer) => next.with(Effect::forward("counts", format!("{:?}", timer.kind))),
            Input::Command(_) => next,
        })
    }
}

#[test]
fn an_entry_whose_outcome_is_rejected_has_the_timer_that_its_processor_wants() {
    let manual = ManualSink::default();
    let sink = manual.clone();
    let mut world = world_of(erase(Rejecting), Box::new(move |_| Arc::new(sink.clone())), memory::Settings::default());
    world.start("a").unwrap();
    run_until_idle(&mut world);
    send(&world, &[("k", Some("1"))]);
    run_until_idle(&mut world);
    assert_eq!(manual.answer(&Verdict::Answered("yes".to_owned())), 1);
    run_until_idle(&mut world);
    assert_eq!(world.broker().committed_records(&world.plan().dead_letters).len(), 1);
    assert!(values(&world, "counts").is_empty());
    world.clock().advance(Duration::from_mins(1));
    run_until_idle(&mut world);
    assert_eq!(values(&world, "counts"), ["k=Delay(7)"]);
}

/// Messages to two routes, in entries of at most so many bytes.
fn notifications(entry_bytes_max: usize, sink: ManualSink) -> World {
    let route = |name: &str| Route {
        name: name.to_owned(),
        to: Target::new(name),
        format: Format::Generic,
        severity: Severity::Info,
        kinds: Vec::new(),
    };
    let retry = Backoff { first: Duration::from_secs(5), factor: 2, max: Duration::from_mins(5), jitter_percent: 0 };
    let processor = Notification::new(Settings {
        application: "app".to_owned(),
        routes: vec![route("first"), route("second")],
        group_by: Vec::new(),
        group_wait: Duration::from_secs(10),
        group_interval: Duration::from_mins(5),
        max_per_hour: 20,
        intent_valid_for: Duration::from_mins(1),
        call: Limits { certainty: Certainty::Idempotent, retry, give_up_after: Duration::from_hours(24) },
    });
    let mut setup = setup(erase(processor), Box::new(move |_| Arc::new(sink.clone())), memory::Settings::default());
    setup.topology.sources[0].keying = Arc::new(AlertKeying);
    setup.settings.topics.record_bytes_max = entry_bytes_max;
    World::new(setup)
}

#[test]
fn routes_whose_messages_do_not_fit_together_send_one_after_the_other() {
    let manual = ManualSink::default();
    let mut world = notifications(15_500, manual.clone());
    world.start("a").unwrap();
    run_until_idle(&mut world);
    let alert = json!({
        "kind": "late", "severity": "critical", "key": "p1", "occurred_at": "2026-01-01T00:00:00Z",
        "message": "m".repeat(390), "details": { "remedy": "r".repeat(290) },
    });
    send(&world, &[("p1", Some(alert.to_string().as_str())); 5]);
    run_until_idle(&mut world);
    let advance = |world: &mut World, seconds| {
        world.clock().advance(Duration::from_secs(seconds));
        run_until_idle(world);
        manual.requests().len()
    };
    let letters = |world: &World| world.broker().committed_records(&world.plan().dead_letters).len();
    assert_eq!(advance(&mut world, 11), 1, "the first route has begun, and the second does not fit");
    assert!(letters(&world) > 0, "which is told");

    let busy = Answer::Busy { detail: "busy".to_owned(), retry_after_ms: None }.verdict();
    assert_eq!(manual.answer(&busy), 1);
    assert_eq!(advance(&mut world, 0), 2, "the second begins while the first waits");
    let before = letters(&world);
    assert_eq!(advance(&mut world, 6), 2, "the first does not fit");
    assert!(letters(&world) > before, "which is told");

    let executed = Answer::Executed { detail: String::new() }.verdict();
    assert_eq!(manual.answer(&executed), 1);
    assert_eq!(advance(&mut world, 0), 3, "the first is repeated");
    assert_eq!(manual.answer(&executed), 1);
    assert_eq!(advance(&mut world, 600), 3, "all is told");
    let requests = manual.requests();
    assert_eq!(requests.first(), requests.last());
    assert_ne!(requests.first(), requests.get(1));
}
