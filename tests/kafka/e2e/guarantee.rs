//! `processing_guarantee: at_least_once`: no transactions, and nothing lost by a kill.

use std::collections::{BTreeMap, BTreeSet};

use super::bundle::{bundles, complete_in, shuffled};
use super::process::until;
use super::stage::Stage;

#[test]
fn without_transactions_a_kill_loses_nothing() {
    let Some(mut stage) = Stage::open("e2e-at-least-once") else { return };
    stage.settings.push("processing_guarantee: at_least_once".to_owned());
    let mut chance = fastrand::Rng::with_seed(7);
    let all = bundles(400, &mut chance);
    let events = shuffled(&all, 5, &mut chance);
    let (before, after) = events.split_at(events.len() / 2);
    let first = stage.run("a");
    let mut second = stage.run("b");
    stage.write_events(before);
    let due = complete_in(before, &all);
    until("some bundles have a folder", || stage.folders() > due / 4);
    second.kill();
    stage.write_events(after);
    let second = stage.run("b");
    stage.delivered(&all);
    let submissions = stage.read(&stage.topic("submissions"));
    let submitted: BTreeSet<_> = submissions.iter().map(|record| record.key.clone()).collect();
    assert_eq!(submitted.len(), all.len(), "each bundle at least once");
    assert_eq!(stage.folders(), all.len());
    assert_eq!(stage.dead_letters(), [], "nothing is rejected");
    // The end of a transaction takes an offset of its own.
    let mut next = BTreeMap::new();
    for record in &submissions {
        let next = next.entry(record.source.partition).or_insert(0);
        assert_eq!(record.offset, *next, "no marker stands in between");
        *next += 1;
    }
    println!("{} submissions of {} bundles", submissions.len(), all.len());
    drop((first, second));
}
