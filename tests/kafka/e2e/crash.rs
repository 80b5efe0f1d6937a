//! Killed instances, and a paused one that is taken for dead.

use std::collections::BTreeSet;
use std::time::Duration;

use rustix::process::Signal;
use sheaf::mock::control_m::{Action, Fault};

use super::bundle::{bundles, complete_in, shuffled};
use super::deployment::Deployment;
use super::process::until;

/// The request that submits a folder.
const SUBMIT: &str = "POST /run/ondemand";

#[test]
fn each_complete_bundle_is_submitted_once_although_an_instance_is_killed() {
    let Some(deployment) = Deployment::open("e2e-killed") else { return };
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

    // So slow that deliveries are always in flight.
    deployment.simulator.inject(Fault::always("POST", "/run/ondemand", Action::Delay { ms: 100 }));
    let mut first = deployment.run("a");
    let mut second = deployment.run("b");
    let (before, after) = events.split_at(events.len() * 2 / 3);
    deployment.write_events(before);
    let due = complete_in(before, &complete);
    until("some bundles have a folder", || deployment.folders() > due / 4);
    second.kill();
    let at_the_kill = deployment.folders();
    assert!(at_the_kill < due, "the kill was too late: {at_the_kill} of {due} folders");
    for (number, part) in after.chunks(after.len() / 8 + 1).enumerate() {
        deployment.write_events(part);
        std::thread::sleep(Duration::from_millis(300));
        if number == 2 {
            second = deployment.start("b");
        }
    }
    second.ready();
    deployment.wait_for_deliveries(&complete);
    deployment.assert_exactly(&complete);
    let looked_up = deployment.simulator.dump().calls("GET /run/jobs/status");
    println!("{at_the_kill} of {due} folders at the kill, {} in the end, {looked_up} look-ups", deployment.folders());
    assert!(looked_up > 0, "calls in flight at the kill were looked up");

    // The incomplete bundles are still open, and their last members complete them.
    deployment.write_events(&missing);
    deployment.wait_for_deliveries(&all);
    deployment.assert_exactly(&all);
    assert_eq!(first.terminate(), Some(0));
    assert_eq!(second.terminate(), Some(0));
}

#[test]
fn a_paused_sender_that_resumes_after_a_take_over_submits_nothing() {
    let Some(deployment) = Deployment::open("e2e-stopped") else { return };
    // One call at a time, and the first one is slow: the other intents are committed and queued.
    let deployment = deployment.with_in_flight_max(1);
    let mut chance = fastrand::Rng::with_seed(2);
    let all = bundles(20, &mut chance);
    let mut sender = deployment.run("a");
    // After the check of the start, which is a submit without a definition.
    let first = deployment.simulator.dump().calls(SUBMIT) + 1;
    deployment.simulator.inject(Fault::once("POST", "/run/ondemand", Action::Delay { ms: 4_000 }));
    deployment.write_events(&shuffled(&all, 0, &mut chance));
    until("the first call is under way", || deployment.simulator.dump().calls(SUBMIT) == first);
    sender.signal(Signal::STOP);
    let journal = deployment.read(&deployment.own("delivery-changelog"));
    let ids: BTreeSet<_> = all.iter().map(|bundle| bundle.id.as_bytes()).collect();
    let intended: BTreeSet<_> =
        journal.iter().filter_map(|record| record.key.as_deref()).filter(|key| ids.contains(key)).collect();
    assert!(intended.len() > 1, "an intent is committed, but its call is not sent: {}", intended.len());
    assert_eq!(deployment.simulator.dump().calls(SUBMIT), first);

    let mut successor = deployment.run("b");
    deployment.wait_for_deliveries(&all);
    deployment.assert_exactly(&all);
    let calls = deployment.simulator.dump().calls(SUBMIT);
    println!("{} intents at the stop, {calls} submits after the take-over", intended.len());
    sender.signal(Signal::CONT);
    sender.wait_for_log("partitions lost");
    sender.ready();
    until("both have work", || {
        [&sender, &successor].iter().all(|instance| instance.metric("sheaf_consumer_assigned_partitions", "") > 0.0)
    });
    deployment.assert_exactly(&all);
    assert_eq!(deployment.simulator.dump().calls(SUBMIT), calls, "the resumed sender has sent nothing");
    assert_eq!(sender.terminate(), Some(0));
    assert_eq!(successor.terminate(), Some(0));
    deployment.assert_exactly(&all);
    assert_eq!(deployment.simulator.dump().calls(SUBMIT), calls);
}
