//! Seeds of everything that can go wrong at once, against an oracle that knows only what was written; and the proof that
//! the simulator would notice.

use std::collections::BTreeMap;

use sheaf::runtime::Mutation;
use sheaf::sim::swarm::{Coverage, Report, run, run_at_least_once};

/// How many seeds one run of the tests takes, besides those of the commit.
const SEEDS: u64 = 150;
/// How many seeds a commit has of its own.
const OWN: u64 = 50;
/// Seeds that were wrong once. A member that had stood still took the inbox that another one had emptied for lost input, and
/// stopped.
const FOUND: [u64; 1] = [10_010_003_600_176];

fn right(report: &Report) {
    let trace = report.trace.join("\n");
    assert!(
        report.violations.is_empty(),
        "seed {}:\n{trace}\n\n{}\n\nagain with: sheaf simulate --seed {} --runs 1 --trace",
        report.seed,
        report.violations.join("\n"),
        report.seed
    );
}

/// Of a commit's name, what is a seed.
fn seed(commit: &str) -> u64 {
    u64::from_str_radix(commit.get(..12).expect("twelve digits of a commit"), 16).expect("a commit's name")
}

#[test]
fn nothing_is_lost_or_duplicated_under_faults() {
    let asked = |name: &str| std::env::var(name).ok();
    let seeds = asked("SHEAF_TEST_SEEDS").map_or(SEEDS, |text| text.parse().expect("a number"));
    let own = asked("SHEAF_TEST_COMMIT").map_or(0..0, |commit| seed(&commit)..seed(&commit) + OWN);
    let mut coverage = Coverage::default();
    for seed in (0..seeds).chain(FOUND).chain(own) {
        let report = run(seed, None);
        right(&report);
        coverage.add(&report.coverage);
    }
    assert_eq!(coverage.missing(), [], "each kind of trouble is met");
}

#[test]
fn nothing_is_lost_without_transactions() {
    for seed in 0..40 {
        right(&run_at_least_once(seed));
    }
}

#[test]
fn a_seed_is_deterministic() {
    for seed in [3, 4] {
        assert_eq!(run(seed, None), run(seed, None));
    }
}

#[test]
fn each_mutation_is_found() {
    const LIMIT: u64 = 300;
    let mut found = BTreeMap::new();
    for mutation in Mutation::ALL {
        let first = (0..LIMIT).map(|seed| run(seed, Some(mutation))).find(|report| !report.violations.is_empty());
        let words = first.map(|report| format!("seed {}: {}", report.seed, report.violations[0]));
        println!("{mutation:?}: {}", words.as_deref().unwrap_or("not found"));
        found.insert(mutation, words.is_some());
    }
    let missed: Vec<_> = found.iter().filter(|(_, is_found)| !**is_found).collect();
    assert!(missed.is_empty(), "not found: {missed:?}");
}
