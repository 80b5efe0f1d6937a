//! Two processes on one disk: the locks of a running process, and the stores after kill -9, which have all applied batches, bulk
//! batches too.
//!
//! The tests run this binary again as the child process that is killed.

use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use sheaf::model::Key;
use sheaf::store::rocks::{RocksOptions, RocksStores};
use sheaf::store::{Batch, Change, Error, Stores, TimerClock};

use super::{TASK, at, deadline};

const CHILD: &str = "store::kill::the_child_that_is_killed";
/// The file with the plan in the child's working directory.
const PLAN: &str = "plan";
/// The directory of the stores in the child's working directory.
const ROOT: &str = "app";
const WRITTEN: &str = "all batches are written";
/// 60 MB, more than the limit of memtables, so that `RocksDB` has flushed some before the last batch.
const BATCHES: u16 = 200;
/// Large enough for a bulk batch to be ingested as a file.
const VALUE_BYTES: usize = 300_000;

/// True for the bulk batches of a plan.
fn is_bulk(plan: &str, number: u16) -> bool {
    match plan {
        "batches" => false,
        "bulk batches" => true,
        "alternating" => number % 10 != 1,
        _ => panic!("no plan {plan}"),
    }
}

fn open(root: &Path) -> RocksStores {
    RocksStores::open(RocksOptions::new(root)).unwrap()
}

fn key(number: u16) -> Key {
    Key::new(&format!("{number:05}"))
}

#[test]
#[ignore = "runs as the child process of the tests below, which write its plan"]
fn the_child_that_is_killed() {
    let Ok(plan) = fs::read_to_string(PLAN) else { return };
    let stores = open(Path::new(ROOT));
    let mut store = stores.open(TASK).unwrap();
    for number in 0..=BATCHES {
        let changes = vec![
            Change::PutEntry(key(number), vec![b'x'; VALUE_BYTES].into()),
            Change::PutTimer(key(number), deadline(0, i64::from(number))),
            Change::PutMeta("position".to_owned(), number.to_be_bytes().to_vec()),
        ];
        store.apply(&Batch { changes, is_bulk: is_bulk(&plan, number) }).unwrap();
    }
    writeln!(io::stdout(), "{WRITTEN}").unwrap();
    // Until it is killed, or the parent has ended.
    io::stdin().read_to_end(&mut Vec::new()).unwrap();
}

/// Starts the child and waits until it has written its last batch. It ends at the end of its standard input.
fn start(plan: &str, directory: &Path) -> Child {
    fs::write(directory.join(PLAN), plan).unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([CHILD, "--exact", "--ignored", "--nocapture"])
        .current_dir(directory)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().ends_with(WRITTEN)), "the child ended before it had written all batches");
    child
}

/// Kills the child after its last batch, and checks that the store has all batches.
fn assert_complete_after_kill(plan: &str) {
    let directory = tempfile::tempdir().unwrap();
    let mut child = start(plan, directory.path());
    child.kill().unwrap();
    child.wait().unwrap();

    let stores = open(&directory.path().join(ROOT));
    let store = stores.open(TASK).unwrap();
    assert_eq!(store.meta("position").unwrap().as_deref(), Some(&BATCHES.to_be_bytes()[..]));
    let keys: Vec<_> = (0..=BATCHES).map(key).collect();
    let entries: Vec<_> = store.scan(None, usize::MAX).unwrap().into_iter().map(|(key, _)| key).collect();
    assert_eq!(entries, keys);
    let timers = store.due(TimerClock::Deadline, at(i64::MAX), usize::MAX).unwrap();
    let timers: Vec<_> = timers.into_iter().map(|(key, _)| key).collect();
    assert_eq!(timers, keys);
}

#[test]
fn a_killed_process_leaves_every_batch() {
    assert_complete_after_kill("batches");
}

#[test]
fn a_killed_process_leaves_every_bulk_batch() {
    assert_complete_after_kill("bulk batches");
}

#[test]
fn batches_and_bulk_batches_may_alternate() {
    assert_complete_after_kill("alternating");
}

#[test]
fn stores_of_another_process_are_locked_until_it_is_killed() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path().join(ROOT);
    let mut child = start("batches", directory.path());
    let refused = RocksStores::open(RocksOptions::new(&root)).unwrap_err();
    assert_eq!(refused, Error::Locked { path: root.clone() });
    // Without the lock file of the root, the lock of the store itself still holds.
    fs::remove_file(root.join(".lock")).unwrap();
    let stores = open(&root);
    let locked = Error::Locked { path: root.join(TASK) };
    assert_eq!(stores.open(TASK).err(), Some(locked.clone()));
    assert_eq!(stores.destroy(TASK), Err(locked));
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(stores.open(TASK).unwrap().scan(None, 1).unwrap().len(), 1, "the refused destroy changed nothing");
}
