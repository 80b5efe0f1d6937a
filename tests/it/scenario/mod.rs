//! Scenarios: those that are shipped pass, and `sheaf test` tells what a user has to know.

mod command;
mod language;

use std::path::{Path, PathBuf};

use sheaf::app::TopologyFile;
use sheaf::testing::scenario::{Played, TestResult, diff, files, play};

fn topologies() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("topologies")
}

/// The differences of all scenarios of a file, and why scenarios ended early.
fn differences(played: &Played) -> Vec<String> {
    let mut found = Vec::new();
    for outcome in played.outcomes.iter().filter(|outcome| outcome.result() != TestResult::Passed) {
        let lines = outcome.steps.iter().flat_map(diff).map(|line| format!("  {:?}: {}", line.kind, line.text));
        let path = played.path.display();
        found.push(format!("{path}:{}: {} {:?}", outcome.line, outcome.title, outcome.failure));
        found.extend(lines);
    }
    found
}

#[test]
fn the_shipped_scenarios_pass() {
    let mut scenarios = 0;
    for file in files(&[topologies()]).unwrap() {
        let played = play(&file).unwrap_or_else(|error| panic!("{error}"));
        let found = differences(&played);
        assert!(found.is_empty(), "`sheaf test topologies --update` writes what happens\n{}", found.join("\n"));
        scenarios += played.outcomes.len();
    }
    assert!(scenarios > 20, "only {scenarios} scenarios were found");
}

#[test]
fn every_shipped_topology_has_scenarios_and_templates_without_findings() {
    for item in std::fs::read_dir(topologies()).unwrap() {
        let path = item.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "yaml") {
            assert!(path.with_extension("scenario").exists(), "{} has no scenarios beside it", path.display());
            let findings = TopologyFile::read(&path).unwrap().check().unwrap();
            assert!(findings.is_empty(), "{}: {findings:?}", path.display());
        }
    }
}
