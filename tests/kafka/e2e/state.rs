//! Lost state directories and changelogs, one at a time.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use sheaf::mock::control_m::{Action, Fault};
use sheaf::model::Topic;

use super::super::fixture::LIMIT;
use super::bundle::{Bundle, bundles, halves, shuffled};
use super::deployment::Deployment;
use super::process::until;

/// The metric of restored records.
const RESTORED: &str = "sheaf_store_restored_records_total";

impl Deployment {
    /// Waits until the changelog has an entry for each of these bundles.
    pub(crate) fn wait_for_entries(&self, changelog: &Topic, bundles: &[Bundle]) {
        until("every bundle is in the changelog", || {
            let records = self.read(changelog);
            let keys: BTreeSet<_> = records.iter().filter_map(|record| record.key.as_deref()).collect();
            bundles.iter().all(|bundle| keys.contains(bundle.id.as_bytes()))
        });
    }
}

#[test]
fn a_deleted_state_directory_is_rebuilt_from_the_changelog() {
    let Some(deployment) = Deployment::open("e2e-rebuilt") else { return };
    let all = bundles(60, &mut fastrand::Rng::with_seed(41));
    let (parents, children) = halves(&all);
    let mut instance = deployment.run("a");
    deployment.write_events(&parents);
    deployment.wait_for_entries(&deployment.own("bundle-changelog"), &all);
    assert_eq!(instance.terminate(), Some(0));
    std::fs::remove_dir_all(deployment.state("a")).expect("deleted");

    let mut instance = deployment.run("a");
    let restored = instance.metric(RESTORED, r#"store="bundle""#);
    assert!(restored >= 60.0, "{restored} records were restored");
    deployment.write_events(&children);
    deployment.wait_for_deliveries(&all);
    deployment.assert_exactly(&all);
    assert_eq!(instance.terminate(), Some(0));
}

/// As docs/upgrade.md has it: a copy of the directory of a stopped instance. What it lacks comes from the changelog, and no more.
#[test]
fn a_state_directory_of_a_backup_restores_what_came_since() {
    let Some(deployment) = Deployment::open("e2e-backup") else { return };
    let all = bundles(60, &mut fastrand::Rng::with_seed(43));
    let (first, second) = all.split_at(40);
    let (early, later) = (halves(first), halves(second));
    let changelog = deployment.own("bundle-changelog");
    let mut instance = deployment.run("a");
    deployment.write_events(&early.0);
    deployment.wait_for_entries(&changelog, first);
    assert_eq!(instance.terminate(), Some(0));
    let copy = |from: &Path, to: &Path| {
        let copied = Command::new("cp").args(["-a"]).args([from, to]).status().expect("cp");
        assert!(copied.success());
    };
    let (state, backup) = (deployment.state("a"), deployment.state("backup"));
    std::fs::create_dir_all(backup.parent().expect("a directory")).expect("made");
    copy(&state, &backup);

    let mut instance = deployment.run("a");
    deployment.write_events(&later.0);
    deployment.wait_for_entries(&changelog, &all);
    assert_eq!(instance.terminate(), Some(0));
    std::fs::remove_dir_all(&state).expect("lost");
    copy(&backup, &state);

    let mut instance = deployment.run("a");
    let restored = instance.metric(RESTORED, r#"store="bundle""#);
    assert!((20.0..40.0).contains(&restored), "{restored} records were restored, of 20 bundles since the backup");
    deployment.write_events(&[early.1, later.1].concat());
    deployment.wait_for_deliveries(&all);
    deployment.assert_exactly(&all);
    assert_eq!(instance.terminate(), Some(0));
}

#[test]
fn after_a_kill_at_most_one_transaction_is_replayed_when_stores_are_written_with_each() {
    const RECORDS_MAX: u32 = 200;
    /// The most outcomes in addition to the records: 16 acts are in flight at once.
    const ACTS: u32 = 16;
    let Some(mut deployment) = Deployment::open("e2e-replay") else { return };
    deployment.settings.push(format!("commit: {{ records_max: {RECORDS_MAX}, write_behind: 1ms }}"));
    let mut chance = fastrand::Rng::with_seed(42);
    let all = bundles(900, &mut chance);
    // So slow that there are outcomes, and so transactions, all the time.
    deployment.simulator.inject(Fault::always("POST", "/run/ondemand", Action::Delay { ms: 50 }));
    let mut instance = deployment.run("a");
    let mut due = 0;
    for part in all.chunks(180) {
        deployment.write_events(&shuffled(part, 0, &mut chance));
        due += part.len();
        let before = deployment.folders();
        until("it is at work", || deployment.folders() > before + 3);
        instance.kill();
        assert!(deployment.folders() < due, "the kill was too late: {} of {due} folders", deployment.folders());
        instance = deployment.run("a");
        let restored = instance.metric(RESTORED, "");
        let changes: usize = ["bundle-changelog", "delivery-changelog"]
            .iter()
            .map(|topic| deployment.read(&deployment.own(topic)).len())
            .sum();
        println!("{restored} of {changes} changes were replayed after a kill");
        assert!(restored <= f64::from(RECORDS_MAX + ACTS), "{restored} of {changes} changes were replayed");
    }
    deployment.wait_for_deliveries(&all);
    deployment.assert_exactly(&all);
    assert_eq!(instance.terminate(), Some(0));
}

#[test]
fn a_changelog_that_was_created_anew_is_refused_and_the_store_is_kept() {
    let Some(deployment) = Deployment::open("e2e-anew") else { return };
    let all = bundles(20, &mut fastrand::Rng::with_seed(43));
    let (parents, children) = halves(&all);
    let changelog = deployment.own("bundle-changelog");
    let mut instance = deployment.run("a");
    deployment.write_events(&parents);
    deployment.wait_for_entries(&changelog, &all);
    assert_eq!(instance.terminate(), Some(0));
    let mut admin = deployment.fixture.admin();
    admin.delete(std::slice::from_ref(&changelog), LIMIT).expect("deleted");
    until("the changelog is gone", || {
        admin.describe(std::slice::from_ref(&changelog), LIMIT).expect("described") == [None]
    });
    let stores = || {
        let entries = std::fs::read_dir(deployment.state("a")).expect("the state directory");
        entries.map(|entry| entry.expect("an entry").file_name()).collect::<BTreeSet<_>>()
    };
    let before = stores();

    let mut instance = deployment.start("a");
    assert_eq!(instance.exit_code(), Some(1));
    let log_text = instance.log_text();
    assert!(log_text.contains(changelog.as_str()), "the changelog is named: {log_text}");
    assert!(
        log_text.contains("sheaf state republish") && log_text.contains("delete the task's directory"),
        "{log_text}"
    );
    assert_eq!(stores(), before, "the stores are kept");
    assert!(before.iter().any(|name| name.to_string_lossy().starts_with("bundle-")), "{before:?}");
    assert_eq!(deployment.read(&changelog), [], "nothing was written to the new changelog");

    // The remedy in the error.
    let mut remedy = deployment.command(&["state", "republish", "--all"], "a", "a");
    assert_eq!(remedy.exit_code(), Some(0), "{}", remedy.log_text());
    let mut instance = deployment.run("a");
    deployment.write_events(&children);
    deployment.wait_for_deliveries(&all);
    deployment.assert_exactly(&all);
    assert_eq!(instance.terminate(), Some(0));
}
