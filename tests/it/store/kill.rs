//! Two processes on one disk: the locks of a living one, and what one that is killed with -9 leaves behind (all that it has
//! applied; of a restore, too).
//!
//! The tests run this binary again as the child that is killed.

use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use sheaf::model::Key;
use sheaf::store::rocks::{RocksOptions, RocksStores};
use sheaf::store::{Batch, Change, Error, Stores, TimerClock};

use super::{TASK, at, deadline};

const CHILD: &str = "store::kill::the_child_that_is_killed";
/// The child finds its plan in this file of its working directory, and its stores in this directory beside it.
const PLAN: &str = "plan";
const ROOT: &str = "app";
const WRITTEN: &str = "everything is written";
/// 60 MB, more than the memtables may hold, so that `RocksDB` has flushed by itself before the last batch is written.
const BATCHES: u16 = 200;
/// Large enough for a batch to be taken in as a file, when it is a load.
const VALUE_BYTES: usize = 300_000;

/// Which of the batches are loads.
fn is_bulk(plan: &str, number: u16) -> bool {
    match plan {
        "batches" => false,
        "loads" => true,
        "taking turns" => number % 10 != 1,
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
#[ignore = "runs as the child of the tests below, which give it a plan"]
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
    // Until the kill, or until the parent is gone.
    io::stdin().read_to_end(&mut Vec::new()).unwrap();
}

/// Starts the child and waits until it has written its last batch. It ends when its standard input does.
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
    assert!(lines.any(|line| line.unwrap().ends_with(WRITTEN)), "the child ended before it had written");
    child
}

/// Kills the child after its last batch; the store holds all batches, whole.
fn is_whole_after_kill(plan: &str) {
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
    is_whole_after_kill("batches");
}

#[test]
fn a_killed_process_leaves_every_bulk_batch() {
    is_whole_after_kill("loads");
}

#[test]
fn batches_and_bulk_batches_may_alternate() {
    is_whole_after_kill("taking turns");
}

#[test]
fn stores_of_another_process_are_locked_until_it_is_killed() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path().join(ROOT);
    let mut child = start("batches", directory.path());
    let refused = RocksStores::open(RocksOptions::new(&root)).unwrap_err();
    assert_eq!(refused, Error::Locked { path: root.clone() });
    // Somebody who cleans up too much deletes the root's lock: then the lock of the store itself holds.
    fs::remove_file(root.join(".lock")).unwrap();
    let stores = open(&root);
    let locked = Error::Locked { path: root.join(TASK) };
    assert_eq!(stores.open(TASK).err(), Some(locked.clone()));
    assert_eq!(stores.destroy(TASK), Err(locked));
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(stores.open(TASK).unwrap().scan(None, 1).unwrap().len(), 1, "the refused destroy did no harm");
}
