//! Acts of a task with several targets: those of a full target wait in its queue, stored, and delay no others.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sheaf::broker::memory::{self, Fault, FaultKind, Operation};
use sheaf::config::ProcessingGuarantee;
use sheaf::model::{
    Act, ActSlot, Completion, Execution, Headers, Key, Moment, OutRecord, Outcome, Reject, Sink, Target, Topic, Verdict,
};
use sheaf::processor::{Effect, Input, Processor, Transition, erase};
use sheaf::runtime::Mutation;
use sheaf::sim::{Setup, World};

use super::support::{Count, metric, produce, run_until_idle, send, setup, values};

const SLOT: ActSlot = ActSlot(0);

/// Calls the target that a record's value names, and forwards how the call ended. The state counts the calls in progress.
struct Router;

impl Processor for Router {
    type State = Count;

    const KEEPS_TRACE: bool = true;

    fn targets(&self) -> Vec<Target> {
        ["quick", "slow"].map(Target::new).to_vec()
    }

    fn step(&self, key: &Key, state: Option<Count>, input: Input, _: Moment) -> Result<Transition<Count>, Reject> {
        Ok(match (input, state) {
            (Input::Record(event), _) => {
                let to = Target::new(std::str::from_utf8(event.record.value.as_deref().unwrap_or_default()).unwrap());
                let (valid_for, request) = (Duration::from_hours(1), key.to_string());
                Transition::to(Count(1)).with(Effect::Act(Act { slot: SLOT, attempt: 1, to, valid_for, request }))
            }
            (Input::Outcome(Outcome { verdict, .. }), Some(Count(1))) => {
                let text = if verdict == Verdict::Inherited { "inherited" } else { "done" };
                Transition::to(Count(0)).with(Effect::Settle(SLOT)).with(Effect::forward("counts", text))
            }
            (Input::Timer(_) | Input::Command(_) | Input::Outcome(_), state) => {
                Transition { state, effects: Vec::new() }
            }
        })
    }
}

/// A sink with a capacity for each target, which answers when the test says so.
#[derive(Clone, Default)]
struct Gates(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    /// The most calls in flight; unlimited for other targets.
    capacity: BTreeMap<String, usize>,
    in_flight: Vec<(Act, Completion)>,
    /// The requests by target, in their order.
    requests: BTreeMap<String, Vec<String>>,
    /// The traces by request.
    traces: BTreeMap<String, String>,
}

impl Gates {
    fn limit(&self, target: &str, capacity: usize) {
        self.0.lock().unwrap().capacity.insert(target.to_owned(), capacity);
    }

    fn requests(&self, target: &str) -> Vec<String> {
        self.0.lock().unwrap().requests.get(target).cloned().unwrap_or_default()
    }

    /// Answers all calls in flight; returns their number.
    fn answer(&self) -> usize {
        let acts = std::mem::take(&mut self.0.lock().unwrap().in_flight);
        let count = acts.len();
        for (Act { slot, attempt, .. }, done) in acts {
            done(Outcome { slot, attempt, verdict: Verdict::Answered("ok".to_owned()) });
        }
        count
    }
}

impl std::fmt::Debug for Gates {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Gates")
    }
}

impl Sink for Gates {
    fn execute(&self, execution: Execution, done: Completion) {
        let Execution { act, trace, .. } = execution;
        let mut state = self.0.lock().unwrap();
        state.requests.entry(act.to.to_string()).or_default().push(act.request.clone());
        state.traces.extend(trace.map(|trace| (act.request.clone(), trace.traceparent())));
        state.in_flight.push((act, done));
    }

    fn capacity(&self, to: &Target) -> usize {
        let state = self.0.lock().unwrap();
        let in_flight = state.in_flight.iter().filter(|(act, _)| act.to == *to).count();
        state.capacity.get(to.as_str()).map_or(usize::MAX, |capacity| capacity.saturating_sub(in_flight))
    }
}

/// A world of a router on one partition.
fn world(gates: &Gates, mutation: Option<Mutation>) -> World {
    World::new(router(gates, mutation))
}

/// The setup of [`world`].
fn router(gates: &Gates, mutation: Option<Mutation>) -> Setup {
    let gates = gates.clone();
    let mut setup = setup(erase(Router), Box::new(move |_| Arc::new(gates.clone())), memory::Settings::default());
    setup.settings.topics.partitions = 1;
    setup.settings.mutation = mutation;
    setup
}

fn begin(world: &mut World, gates: &Gates) {
    world.start("a").unwrap();
    run_until_idle(world);
    call(world, "quick", 0..1);
    call(world, "slow", 0..1);
    assert_eq!(gates.answer(), 2);
    run_until_idle(world);
}

/// Sends one record per number, for this target.
fn call(world: &mut World, target: &str, numbers: std::ops::Range<usize>) {
    let keys: Vec<String> = numbers.map(|number| format!("{target}-{number:03}")).collect();
    let records: Vec<_> = keys.iter().map(|key| (key.as_str(), Some(target))).collect();
    send(world, &records);
    run_until_idle(world);
}

/// Answers until nothing is in flight any more.
fn drain(world: &mut World, gates: &Gates) {
    loop {
        run_until_idle(world);
        if gates.answer() == 0 {
            break;
        }
    }
}

fn keys(target: &str, numbers: std::ops::Range<usize>) -> Vec<String> {
    numbers.map(|number| format!("{target}-{number:03}")).collect()
}

#[test]
fn a_full_target_delays_no_calls_of_the_others_and_gets_its_own_in_order() {
    let gates = Gates::default();
    let mut world = world(&gates, None);
    begin(&mut world, &gates);
    gates.limit("slow", 2);
    call(&mut world, "slow", 1..21);
    call(&mut world, "quick", 1..21);
    assert_eq!(gates.requests("quick"), keys("quick", 0..21), "all of them");
    assert_eq!(gates.requests("slow"), keys("slow", 0..3), "as many as it has capacity for");
    world.clock().advance(Duration::from_secs(30));
    run_until_idle(&mut world);
    assert_eq!(metric(&world, "a", "sheaf_processor_queued_acts"), 18);
    drain(&mut world, &gates);
    assert_eq!(gates.requests("slow"), keys("slow", 0..21));
    assert_eq!(values(&world, "counts").len(), 42);
    assert!(values(&world, "counts").iter().all(|value| value.ends_with("=done")));
    world.clock().advance(Duration::from_secs(30));
    run_until_idle(&mut world);
    assert_eq!(metric(&world, "a", "sheaf_processor_queued_acts"), 0);
}

/// Ten calls of a full target, and a crash. Returns the calls that were made, and those that are inherited.
fn crash_with_queued_acts(mutation: Option<Mutation>) -> (Vec<String>, Vec<String>) {
    let gates = Gates::default();
    let mut world = world(&gates, mutation);
    begin(&mut world, &gates);
    gates.limit("slow", 2);
    call(&mut world, "slow", 1..11);
    world.crash("a");
    gates.0.lock().unwrap().in_flight.clear();
    world.start("a").unwrap();
    drain(&mut world, &gates);
    (gates.requests("slow"), inherited(&world))
}

#[test]
fn an_act_that_was_queued_has_the_trace_of_its_entry_also_after_a_crash() {
    let gates = Gates::default();
    let mut world = world(&gates, None);
    begin(&mut world, &gates);
    gates.limit("slow", 1);
    let traceparent = |number: usize| format!("00-0af7651916cd43dd8448eb211c80319c-{number:016x}-01");
    let record = |number: usize| {
        let key = Key::new(&format!("slow-{number:03}"));
        let headers = Headers::new().with("traceparent", traceparent(number));
        OutRecord::keyed(&Topic::new("events"), &key, "slow".into()).with_headers(headers)
    };
    produce(&world, (1..5).map(record));
    run_until_idle(&mut world);
    assert_eq!(gates.requests("slow"), keys("slow", 0..2));
    world.crash("a");
    gates.0.lock().unwrap().in_flight.clear();
    world.start("a").unwrap();
    drain(&mut world, &gates);
    let traces = gates.0.lock().unwrap().traces.clone();
    assert_eq!(traces, (1..5).map(|number| (format!("slow-{number:03}"), traceparent(number))).collect());
}

fn inherited(world: &World) -> Vec<String> {
    let values = values(world, "counts");
    values.iter().filter_map(|value| value.strip_suffix("=inherited")).map(str::to_owned).collect()
}

#[test]
fn queued_acts_are_not_in_doubt_after_a_crash() {
    let given = ["slow-001", "slow-002"].map(str::to_owned).to_vec();
    assert_eq!(crash_with_queued_acts(None), (keys("slow", 0..11), given.clone()), "each once");
    assert_eq!(crash_with_queued_acts(Some(Mutation::QueuedForgotten)), (keys("slow", 0..3), given));
}

#[test]
fn without_transactions_queued_acts_are_in_doubt_after_a_crash() {
    let gates = Gates::default();
    let mut setup = router(&gates, None);
    setup.settings.processing.guarantee = ProcessingGuarantee::AtLeastOnce;
    let mut world = World::new(setup);
    begin(&mut world, &gates);
    gates.limit("slow", 2);
    call(&mut world, "slow", 1..11);
    world.crash("a");
    gates.0.lock().unwrap().in_flight.clear();
    world.start("a").unwrap();
    drain(&mut world, &gates);
    assert_eq!((gates.requests("slow"), inherited(&world)), (keys("slow", 0..3), keys("slow", 1..11)));
}

/// Ten calls of a full target, which then has capacity for three, while two requests to the broker fail. Returns the calls that were made, and
/// those that are inherited.
fn release_with_failures(
    operation: Operation,
    kind: FaultKind,
    mutation: Option<Mutation>,
) -> (Vec<String>, Vec<String>) {
    let gates = Gates::default();
    let mut world = world(&gates, mutation);
    begin(&mut world, &gates);
    gates.limit("slow", 0);
    call(&mut world, "slow", 1..11);
    world.broker().inject(Fault { operation, process: Some("a".to_owned()), kind, times: 2 });
    gates.limit("slow", 3);
    drain(&mut world, &gates);
    (gates.requests("slow"), inherited(&world))
}

#[test]
fn a_release_that_is_aborted_is_repeated() {
    let aborted = |operation, mutation| release_with_failures(operation, FaultKind::TimeoutBefore, mutation);
    for operation in [Operation::Produce, Operation::Drain, Operation::Commit] {
        assert_eq!(aborted(operation, None), (keys("slow", 0..11), Vec::new()), "{operation:?}");
    }
    let (made, _) = aborted(Operation::Produce, Some(Mutation::ReleasedForgotten));
    assert_eq!(made.len(), 5);
    // The commit took place, but nobody knew: the acts may have been given to a sink.
    let (made, inherited) = release_with_failures(Operation::Commit, FaultKind::TimeoutAfter, None);
    assert_eq!((made.len(), inherited.len()), (5, 6), "{made:?} {inherited:?}");
}

#[test]
fn a_full_target_delays_no_others_after_a_restart_either() {
    let gates = Gates::default();
    let mut world = world(&gates, None);
    gates.limit("slow", 1);
    world.start("a").unwrap();
    run_until_idle(&mut world);
    call(&mut world, "slow", 0..3);
    world.crash("a");
    world.start("a").unwrap();
    run_until_idle(&mut world);
    call(&mut world, "slow", 3..5);
    call(&mut world, "quick", 0..5);
    assert_eq!(gates.requests("quick"), keys("quick", 0..5));
    assert_eq!(gates.requests("slow"), keys("slow", 0..1), "its only place is taken");
}

#[test]
fn aborted_transactions_queue_nothing() {
    let gates = Gates::default();
    let mut world = world(&gates, None);
    begin(&mut world, &gates);
    gates.limit("slow", 0);
    // The records reach the inbox; then the transactions that step on them are aborted.
    let inbox = world.plan().nodes[0].inbox.clone();
    let keys = keys("slow", 1..11);
    let records: Vec<_> = keys.iter().map(|key| (key.as_str(), Some("slow"))).collect();
    send(&world, &records);
    while world.broker().committed_records(&inbox).len() < 12 {
        world.turn().unwrap();
    }
    let (operation, kind) = (Operation::Produce, FaultKind::TimeoutBefore);
    world.broker().inject(Fault { operation, process: Some("a".to_owned()), kind, times: 5 });
    run_until_idle(&mut world);
    world.clock().advance(Duration::from_secs(30));
    run_until_idle(&mut world);
    assert_eq!(metric(&world, "a", "sheaf_processor_queued_acts"), 10);
}

#[test]
fn an_act_that_was_settled_or_replaced_while_it_was_queued_is_not_executed() {
    let gates = Gates::default();
    let mut world = world(&gates, None);
    begin(&mut world, &gates);
    gates.limit("slow", 0);
    call(&mut world, "slow", 1..4);
    // The same entry calls the other target now, from the same slot.
    send(&world, &[("slow-002", Some("quick"))]);
    run_until_idle(&mut world);
    assert_eq!(gates.requests("quick"), ["quick-000", "slow-002"]);
    gates.limit("slow", 10);
    drain(&mut world, &gates);
    assert_eq!(gates.requests("slow"), ["slow-000", "slow-001", "slow-003"]);
}

#[test]
fn every_act_is_executed_once_although_instances_are_killed_at_any_point() {
    for seed in 0..40_usize {
        let gates = Gates::default();
        let mut world = world(&gates, None);
        begin(&mut world, &gates);
        let mut sent = 1;
        for round in 0..6_usize {
            gates.limit("slow", (seed + round) % 3);
            let keys: Vec<String> = keys("slow", sent..sent + 5);
            let records: Vec<_> = keys.iter().map(|key| (key.as_str(), Some("slow"))).collect();
            send(&world, &records);
            sent += 5;
            for _ in 0..(seed * 7 + round * 3) % 11 {
                world.turn().unwrap();
            }
            if (seed + round) % 2 == 0 {
                world.crash("a");
                gates.0.lock().unwrap().in_flight.clear();
                world.start("a").unwrap();
            } else {
                gates.answer();
            }
        }
        gates.limit("slow", 2);
        drain(&mut world, &gates);
        let mut requests = gates.requests("slow");
        let ended = values(&world, "counts").iter().filter(|value| value.starts_with("slow")).count();
        assert_eq!(ended, sent, "seed {seed}: each call has one outcome");
        requests.sort();
        let mut once = requests.clone();
        once.dedup();
        assert_eq!(requests, once, "seed {seed}: none is executed twice");
        let done = world.broker().committed_records(&Topic::new("counts"));
        let done = done.iter().filter(|record| record.value.as_deref() == Some(b"done")).count();
        assert!(done <= requests.len() + 1, "seed {seed}");
    }
}
