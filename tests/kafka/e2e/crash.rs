//! Instances that die, and one that only seemed to.

use std::time::Duration;

use super::bundle::{bundles, shuffled};
use super::process::until;
use super::stage::Stage;

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

    let mut first = stage.run("a");
    let mut second = stage.run("b");
    let parts: Vec<_> = events.chunks(events.len() / 20 + 1).collect();
    let (before, after) = parts.split_at(10);
    for part in before {
        stage.write_events(part);
        std::thread::sleep(Duration::from_millis(300));
    }
    until("some bundles have a folder", || stage.folders() > 50);
    second.kill();
    let at_the_kill = stage.folders();
    assert!(at_the_kill < complete.len(), "the kill comes in the middle, at {at_the_kill} folders");
    for (number, part) in after.iter().enumerate() {
        stage.write_events(part);
        std::thread::sleep(Duration::from_millis(300));
        if number == 2 {
            second = stage.start("b");
        }
    }
    second.ready();
    stage.delivered(&complete);
    stage.exactly(&complete);
    println!("{at_the_kill} folders at the kill, {} in the end", stage.folders());

    // The incomplete ones are still open: their last member completes them.
    stage.write_events(&missing);
    stage.delivered(&all);
    stage.exactly(&all);
    println!(
        "sink retries: {} and {}",
        first.metric("sheaf_sink_retries_total", ""),
        second.metric("sheaf_sink_retries_total", "")
    );
    assert_eq!(first.terminate(), Some(0));
    assert_eq!(second.terminate(), Some(0));
}
