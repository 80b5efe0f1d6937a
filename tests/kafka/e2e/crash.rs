//! Instances that die, and one that only seemed to.

use std::collections::BTreeSet;
use std::time::Duration;

use rustix::process::Signal;
use sheaf::mock::control_m::{Action, Fault};

use super::bundle::{bundles, complete_in, shuffled};
use super::process::until;
use super::stage::Stage;

/// The call that submits a folder.
const SUBMIT: &str = "POST /run/ondemand";

#[test]
fn each_complete_bundle_is_submitted_once_although_an_instance_is_killed() {
    let Some(stage) = Stage::open("e2e-killed") else { return };
    let mut chance = fastrand::Rng::with_seed(20_260);
    let all = bundles(2_000, &mut chance);
    // Each tenth bundle lacks one member, a parent or a child, until the end.
    let (incomplete, complete): (Vec<_>, Vec<_>) = all.iter().cloned().enumerate().partition(|(at, _)| at % 10 == 0);
    let complete: Vec<_> = complete.into_iter().map(|(_, bundle)| bundle).collect();
    let mut missing = Vec::new();
    let mut there = Vec::new();
    for (_, bundle) in &incomplete {
        let mut events = bundle.events();
        missing.push(events.remove(chance.usize(..events.len())));
        there.extend(events);
    }
    let mut events = shuffled(&complete, 5, &mut chance);
    events.extend(there);
    chance.shuffle(&mut events);

    // So slow that deliveries are always under way.
    stage.simulator.inject(Fault::always("POST", "/run/ondemand", Action::Delay { ms: 100 }));
    let mut first = stage.run("a");
    let mut second = stage.run("b");
    let (before, after) = events.split_at(events.len() * 2 / 3);
    stage.write_events(before);
    let due = complete_in(before, &complete);
    until("some bundles have a folder", || stage.folders() > due / 4);
    second.kill();
    let at_the_kill = stage.folders();
    assert!(at_the_kill < due, "the kill comes in the middle: {at_the_kill} of {due} folders");
    for (number, part) in after.chunks(after.len() / 8 + 1).enumerate() {
        stage.write_events(part);
        std::thread::sleep(Duration::from_millis(300));
        if number == 2 {
            second = stage.start("b");
        }
    }
    second.ready();
    stage.delivered(&complete);
    stage.exactly(&complete);
    let looked_up = stage.simulator.dump().calls("GET /run/jobs/status");
    println!("{at_the_kill} of {due} folders at the kill, {} in the end, {looked_up} look-ups", stage.folders());
    assert!(looked_up > 0, "what was under way at the kill was looked up");

    // The incomplete ones are still open: their last member completes them.
    stage.write_events(&missing);
    stage.delivered(&all);
    stage.exactly(&all);
    assert_eq!(first.terminate(), Some(0));
    assert_eq!(second.terminate(), Some(0));
}

#[test]
fn a_paused_sender_that_resumes_after_a_take_over_submits_nothing() {
    let Some(stage) = Stage::open("e2e-stopped") else { return };
    // One call at a time, and the first one takes long: the other intents are committed and wait for the slot.
    let stage = stage.with_in_flight_max(1);
    let mut chance = fastrand::Rng::with_seed(2);
    let all = bundles(20, &mut chance);
    stage.simulator.inject(Fault::once("POST", "/run/ondemand", Action::Delay { ms: 4_000 }));
    let mut sender = stage.run("a");
    stage.write_events(&shuffled(&all, 0, &mut chance));
    until("the first call is under way", || stage.simulator.dump().calls(SUBMIT) == 1);
    sender.signal(Signal::STOP);
    let journal = stage.read(&stage.own("delivery-changelog"));
    let ids: BTreeSet<_> = all.iter().map(|bundle| bundle.id.as_bytes()).collect();
    let intended: BTreeSet<_> =
        journal.iter().filter_map(|record| record.key.as_deref()).filter(|key| ids.contains(key)).collect();
    assert!(intended.len() > 1, "an intent is committed, and its call has not begun: {}", intended.len());
    assert_eq!(stage.simulator.dump().calls(SUBMIT), 1);

    let mut heir = stage.run("b");
    stage.delivered(&all);
    stage.exactly(&all);
    let calls = stage.simulator.dump().calls(SUBMIT);
    println!("{} intents at the stop, {calls} submits after the take-over", intended.len());
    sender.signal(Signal::CONT);
    sender.says("partitions lost");
    sender.ready();
    until("both have work", || {
        [&sender, &heir].iter().all(|instance| instance.metric("sheaf_consumer_assigned_partitions", "") > 0.0)
    });
    stage.exactly(&all);
    assert_eq!(stage.simulator.dump().calls(SUBMIT), calls, "the sender that woke up has sent nothing");
    assert_eq!(sender.terminate(), Some(0));
    assert_eq!(heir.terminate(), Some(0));
    stage.exactly(&all);
    assert_eq!(stage.simulator.dump().calls(SUBMIT), calls);
}
