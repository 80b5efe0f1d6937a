//! Stores with changed files, on a full disk, or out of date.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::json;
use sheaf::store::rocks::{RocksOptions, RocksStores};
use sheaf::store::{Batch, Change, Stores};

use super::super::bundle::{Bundle, bundles, halves};
use super::super::deployment::Deployment;
use super::super::operator::disk::SmallDisk;
use super::super::process::until;

const REBUILT: &str = "sheaf_store_rebuilds_total";

/// Changes bytes in the files of a store whose names end with `end`.
fn damage(store: &Path, end: &str) {
    let found = fs::read_dir(store).expect("a store").map(|entry| entry.expect("an entry").path());
    let paths: Vec<PathBuf> = found.filter(|path| path.to_string_lossy().ends_with(end)).collect();
    assert!(paths.iter().any(|path| path.metadata().expect("its size").len() > 0), "{} has no {end}", store.display());
    for path in paths {
        let mut bytes = fs::read(&path).expect("read");
        for byte in bytes.iter_mut().step_by(7) {
            *byte ^= 0x5a;
        }
        fs::write(&path, bytes).expect("written");
    }
}

#[test]
fn a_store_with_changed_files_is_rebuilt_and_no_other() {
    let Some(deployment) = Deployment::open("e2e-corrupt") else { return };
    let all = bundles(80, &mut fastrand::Rng::with_seed(71));
    let mut instance = deployment.run("a");
    deployment.write_events(&halves(&all).0);
    deployment.wait_for_entries(&deployment.own("bundle-changelog"), &all);
    assert_eq!(instance.terminate(), Some(0));
    let current = deployment.state("a");
    // Opening it writes its log to a table.
    let stores = RocksStores::open(RocksOptions::new(&current)).expect("opened");
    drop(stores.open("bundle-1").expect("opened"));
    drop(stores);
    damage(&current.join("bundle-1"), ".sst");
    // A log is read up to its first corrupt record: the store is then older, and restores the rest.
    damage(&current.join("bundle-2"), ".log");

    let mut instance = deployment.run("a");
    let log_text = instance.log_text();
    let rebuilt: Vec<&str> = log_text.lines().filter(|line| line.contains("is rebuilt from its changelog")).collect();
    assert!(rebuilt.len() == 1 && rebuilt[0].contains("bundle-1"), "{rebuilt:?}");
    assert!((instance.metric(REBUILT, "") - 1.0).abs() < 0.5, "no other is rebuilt");
    deployment.write_events(&halves(&all).1);
    deployment.wait_for_deliveries(&all);
    deployment.assert_exactly(&all);
    assert_eq!(instance.terminate(), Some(0));
}

#[test]
fn a_store_with_an_interrupted_restore_is_restored_again() {
    let Some(deployment) = Deployment::open("e2e-cut-off") else { return };
    let all = bundles(40, &mut fastrand::Rng::with_seed(72));
    let mut instance = deployment.run("a");
    deployment.write_events(&halves(&all).0);
    deployment.wait_for_entries(&deployment.own("bundle-changelog"), &all);
    assert_eq!(instance.terminate(), Some(0));
    // As after a kill between two files of a bulk ingestion: the mark, and some entries without their timers.
    let store = deployment.state("a").join("bundle-1");
    let families = ["default", "entry", "timer", "act", "part", "meta"];
    let raw = rocksdb::DB::open_cf(&rocksdb::Options::default(), &store, families).expect("opened");
    raw.put_cf(raw.cf_handle("meta").expect("meta"), "loading", []).expect("marked");
    let timers = raw.cf_handle("timer").expect("timers");
    let rows: Vec<_> = raw.iterator_cf(timers, rocksdb::IteratorMode::Start).map(|row| row.expect("read").0).collect();
    assert!(!rows.is_empty(), "the store has timers");
    for key in &rows {
        raw.delete_cf(timers, key).expect("deleted");
    }
    drop(raw);

    let mut instance = deployment.run("a");
    let log_text = instance.log_text();
    let again: Vec<&str> = log_text.lines().filter(|line| line.contains("the last restore was interrupted")).collect();
    assert!(again.len() == 1 && again[0].contains("bundle-1"), "{again:?}");
    assert!(instance.metric(REBUILT, "") < 0.5, "an interrupted restore is no corruption");
    deployment.write_events(&halves(&all).1);
    deployment.wait_for_deliveries(&all);
    deployment.assert_exactly(&all);
    assert_eq!(instance.terminate(), Some(0));
}

#[test]
fn a_full_disk_ends_the_instance_and_loses_nothing() {
    let Some(deployment) = Deployment::open("e2e-full") else { return };
    let Some(disk) = SmallDisk::mount(&deployment.state("a"), "2m") else {
        println!("NOT RUN: no file system can be mounted here, so no disk can be made full");
        return;
    };
    let mut all = bundles(60, &mut fastrand::Rng::with_seed(72));
    let mut chance = fastrand::Rng::with_seed(73);
    for bundle in &mut all {
        // Random bytes do not compress.
        let data: String = (0..60_000).map(|_| chance.alphanumeric()).collect();
        bundle.parent["data"] = json!(data);
    }
    let mut instance = deployment.start("a");
    deployment.write_events(&halves(&all).0);
    assert_eq!(instance.exit_code(), Some(1));
    let log_text = instance.log_text();
    assert!(log_text.contains("No space left on device"), "{log_text}");
    assert!(
        log_text.contains(&*deployment.state("a").to_string_lossy()) && log_text.contains("start again"),
        "{log_text}"
    );

    disk.grow("200m");
    let mut instance = deployment.run("a");
    deployment.write_events(&halves(&all).1);
    deployment.wait_for_deliveries(&all);
    deployment.assert_exactly(&all);
    assert_eq!(instance.terminate(), Some(0));
    drop(disk);
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a directory");
    for entry in fs::read_dir(from).expect("a directory") {
        let path = entry.expect("an entry").path();
        let target = to.join(path.file_name().expect("a name"));
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, &target).expect("copied");
        }
    }
}

#[test]
fn a_state_directory_that_is_a_month_old_is_rebuilt() {
    const MONTH_MS: i64 = 30 * 24 * 3_600_000;
    let Some(deployment) = Deployment::open("e2e-month") else { return };
    let all = bundles(40, &mut fastrand::Rng::with_seed(74));
    let mut instance = deployment.run("a");
    deployment.write_events(&halves(&all).0);
    deployment.wait_for_entries(&deployment.own("bundle-changelog"), &all);
    assert_eq!(instance.terminate(), Some(0));
    let (current, backup) = (deployment.state("a"), deployment.state("backup"));
    copy(&current, &backup);
    let mut instance = deployment.run("a");
    deployment.write_events(&halves(&all).1);
    deployment.wait_for_deliveries(&all);
    assert_eq!(instance.terminate(), Some(0));

    // The state is restored from a backup that is a month old.
    fs::remove_dir_all(&current).expect("deleted");
    copy(&backup, &current);
    let stores = RocksStores::open(RocksOptions::new(&current)).expect("opened");
    let names = stores.existing().expect("listed");
    for name in &names {
        let mut store = stores.open(name).expect("opened");
        let Some(applied_at) = store.meta("applied_at").expect("read") else { continue };
        let then = i64::from_le_bytes(applied_at.try_into().expect("8 bytes")) - MONTH_MS;
        let change = Change::PutMeta("applied_at".to_owned(), then.to_le_bytes().to_vec());
        store.apply(&Batch { changes: vec![change], is_bulk: false }).expect("applied");
    }
    drop(stores);

    let mut instance = deployment.run("a");
    assert!(instance.log_text().contains("rebuilding it"), "{}", instance.log_text());
    let rebuilt = instance.metric(REBUILT, r#"store="bundle""#);
    assert!(rebuilt >= 1.0, "{rebuilt} stores were rebuilt");
    // The waiting bundles of the backup were submitted long ago: duplicates of their events change nothing.
    let more = bundles(10, &mut fastrand::Rng::with_seed(75));
    deployment.write_events(&all.iter().flat_map(Bundle::events).collect::<Vec<_>>());
    deployment.write_events(&more.iter().flat_map(Bundle::events).collect::<Vec<_>>());
    let everything = [all, more].concat();
    deployment.wait_for_deliveries(&everything);
    until("everything is read", || instance.metric("sheaf_bundle_events_total", r#"outcome="duplicate""#) >= 40.0);
    deployment.assert_exactly(&everything);
    assert_eq!(instance.terminate(), Some(0));
}
