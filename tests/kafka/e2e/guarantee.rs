//! `processing_guarantee: at_least_once`: no transactions, and no loss after a kill.

use std::collections::{BTreeMap, BTreeSet};

use super::bundle::{bundles, complete_in, shuffled};
use super::deployment::Deployment;
use super::process::until;

#[test]
fn without_transactions_a_kill_loses_nothing() {
    let Some(mut deployment) = Deployment::open("e2e-at-least-once") else { return };
    deployment.settings.push("processing_guarantee: at_least_once".to_owned());
    let mut chance = fastrand::Rng::with_seed(7);
    let all = bundles(400, &mut chance);
    let events = shuffled(&all, 5, &mut chance);
    let (before, after) = events.split_at(events.len() / 2);
    let first = deployment.run("a");
    let mut second = deployment.run("b");
    deployment.write_events(before);
    let due = complete_in(before, &all);
    until("some bundles have a folder", || deployment.folders() > due / 4);
    second.kill();
    deployment.write_events(after);
    let second = deployment.run("b");
    deployment.wait_for_deliveries(&all);
    let submissions = deployment.read(&deployment.topic("submissions"));
    let submitted: BTreeSet<_> = submissions.iter().map(|record| record.key.clone()).collect();
    assert_eq!(submitted.len(), all.len(), "each bundle at least once");
    assert_eq!(deployment.folders(), all.len());
    assert_eq!(deployment.dead_letters(), [], "nothing is rejected");
    // The end of a transaction would take an offset.
    let mut next = BTreeMap::new();
    for record in &submissions {
        let next = next.entry(record.source.partition).or_insert(0);
        assert_eq!(record.offset, *next, "there is no marker in between");
        *next += 1;
    }
    println!("{} submissions of {} bundles", submissions.len(), all.len());
    drop((first, second));
}
