//! Simulated runs with faults, checked by an oracle that knows only the written events; and mutations of the protocol, which
//! the runs must find.

use std::collections::BTreeMap;

use sheaf::processor::flow;
use sheaf::runtime::Mutation;
use sheaf::sim::swarm::{
    Coverage, CoveragePoint, Report, run, run_at_least_once, run_flows, run_scripts, run_with_history,
};

/// The number of seeds of a test run, besides those of the commit.
const SEEDS: u64 = 150;
/// The same for scripts, whose runs take a second each.
const SEEDS_OF_SCRIPTS: u64 = 40;
/// The number of seeds that depend on the commit.
const COMMIT_SEEDS: u64 = 50;
/// Seeds that have found bugs. A resumed member took an inbox that another one had purged for lost input, and stopped.
const REGRESSIONS: [u64; 1] = [10_010_003_600_176];

fn assert_correct(report: &Report) {
    let trace = report.trace.join("\n");
    assert!(
        report.violations.is_empty(),
        "seed {}:\n{trace}\n\n{}\n\nrepeat it with: {}",
        report.seed,
        report.violations.join("\n"),
        report.command()
    );
}

/// The seed of a commit: the first 12 digits of its hash.
fn seed(commit: &str) -> u64 {
    u64::from_str_radix(commit.get(..12).expect("a hash of 12 digits or more"), 16).expect("a hash")
}

#[test]
fn nothing_is_lost_or_duplicated_under_faults() {
    let variable = |name: &str| std::env::var(name).ok();
    let seeds = variable("SHEAF_TEST_SEEDS").map_or(SEEDS, |text| text.parse().expect("a number"));
    let of_commit = variable("SHEAF_TEST_COMMIT").map_or(0..0, |commit| seed(&commit)..seed(&commit) + COMMIT_SEEDS);
    let mut coverage = Coverage::default();
    for seed in (0..seeds).chain(REGRESSIONS).chain(of_commit) {
        let report = run(seed, None);
        assert_correct(&report);
        coverage.add(&report.coverage);
    }
    assert_eq!(coverage.missing(), [], "coverage points without an occurrence");
}

#[test]
fn nothing_is_lost_without_transactions() {
    for seed in 0..40 {
        assert_correct(&run_at_least_once(seed));
    }
}

#[test]
fn each_processed_event_is_in_the_history_once() {
    for seed in 0..30 {
        assert_correct(&run_with_history(seed));
    }
}

#[test]
fn flows_keep_their_rules_under_faults() {
    let seeds = std::env::var("SHEAF_TEST_SEEDS").map_or(SEEDS, |text| text.parse().expect("a number"));
    let mut coverage = Coverage::default();
    for seed in 0..seeds {
        let report = run_flows(seed, None);
        assert_correct(&report);
        coverage.add(&report.coverage);
    }
    let missing: Vec<_> = CoveragePoint::of_flows().into_iter().filter(|point| coverage.of(*point) == 0).collect();
    assert_eq!(missing, [], "coverage points without an occurrence");
}

#[test]
fn threads_of_scripts_write_what_they_have_to_under_faults() {
    let seeds = std::env::var("SHEAF_TEST_SEEDS").map_or(SEEDS_OF_SCRIPTS, |text| text.parse().expect("a number"));
    let mut coverage = Coverage::default();
    for seed in 0..seeds {
        let report = run_scripts(seed, None);
        assert_correct(&report);
        coverage.add(&report.coverage);
    }
    for point in [CoveragePoint::Kill, CoveragePoint::ZombieInTurn, CoveragePoint::LostDisk, CoveragePoint::OldDisk] {
        assert!(coverage.of(point) > 0, "{point:?}");
    }
}

/// What would be wrong if a transaction were not what it is.
#[test]
fn mutations_are_found_by_scripts() {
    for mutation in [
        Mutation::CacheKept,
        Mutation::OverlayKept,
        Mutation::PartsSkipped,
        Mutation::InputsForgotten,
        Mutation::OffsetsSkipped,
    ] {
        let mut reports = (0..300).map(|seed| run_scripts(seed, Some(mutation)));
        let found = reports.find(|report| !report.violations.is_empty());
        println!("{mutation:?}: {:?}", found.as_ref().map(|report| (report.seed, &report.violations[0])));
        assert!(found.is_some(), "not found: {mutation:?}");
    }
}

#[test]
fn a_seed_is_deterministic() {
    for seed in [3, 4] {
        assert_eq!(run(seed, None), run(seed, None));
        assert_eq!(run_flows(seed, None), run_flows(seed, None));
        assert_eq!(run_scripts(seed, None), run_scripts(seed, None));
    }
}

/// Every fourth seed has commands.
#[test]
fn a_command_that_is_executed_twice_is_found() {
    let found = (3..100).step_by(4).map(|seed| run(seed, Some(Mutation::CommandAppliedTwice)));
    let violation = found.flat_map(|report| report.violations).next();
    assert!(violation.as_ref().is_some_and(|text| text.contains("is audited")), "{violation:?}");
}

#[test]
fn each_mutation_is_found() {
    const SEEDS_MAX: u64 = 1_500;
    let mut found = BTreeMap::new();
    for mutation in Mutation::ALL {
        let first = (0..SEEDS_MAX).map(|seed| run(seed, Some(mutation))).find(|report| !report.violations.is_empty());
        let violation = first.map(|report| format!("seed {}: {}", report.seed, report.violations[0]));
        println!("{mutation:?}: {}", violation.as_deref().unwrap_or("not found"));
        found.insert(mutation, violation.is_some());
    }
    let missed: Vec<_> = found.iter().filter(|(_, is_found)| !**is_found).collect();
    assert!(missed.is_empty(), "not found: {missed:?}");
}

#[test]
fn each_mutation_of_flows_is_found() {
    const SEEDS_MAX: u64 = 300;
    let mut missed = Vec::new();
    for mutation in flow::Mutation::ALL {
        let mut reports = (0..SEEDS_MAX).map(|seed| run_flows(seed, Some(mutation)));
        match reports.find(|report| !report.violations.is_empty()) {
            Some(report) => println!("{mutation:?}: seed {}: {}", report.seed, report.violations[0]),
            None => missed.push(mutation),
        }
    }
    assert!(missed.is_empty(), "not found: {missed:?}");
}
