//! Two processes on one disk: the locks of a living one, and what one that is killed with -9 leaves behind (a prefix of
//! its batches, and all of them up to the last durable one).
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
const BATCHES: u16 = 3_000;
const VALUE_BYTES: usize = 20_000;

/// Which of the batches leave the log out.
fn is_volatile(plan: &str, number: u16) -> bool {
    match plan {
        "durable" => false,
        "volatile" => number > 0,
        "volatile, then durable" => number < BATCHES,
        "taking turns" => number % 1_000 != 1 && number < BATCHES,
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
        store.apply(&Batch { changes, volatile: is_volatile(&plan, number) }).unwrap();
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

/// Kills the child after its last batch; says up to which batch the store still goes, having checked that it holds these
/// batches whole and nothing else.
fn last_batch_after_kill(plan: &str) -> u16 {
    let directory = tempfile::tempdir().unwrap();
    let mut child = start(plan, directory.path());
    child.kill().unwrap();
    child.wait().unwrap();

    let stores = open(&directory.path().join(ROOT));
    let store = stores.open(TASK).unwrap();
    let position = store.meta("position").unwrap().unwrap();
    let position = u16::from_be_bytes(position.try_into().unwrap());
    let keys: Vec<_> = (0..=position).map(key).collect();
    let entries: Vec<_> = store.scan(None, usize::MAX).unwrap().into_iter().map(|(key, _)| key).collect();
    assert_eq!(entries, keys, "the entries are those up to the position");
    let timers = store.due(TimerClock::Deadline, at(i64::MAX), usize::MAX).unwrap();
    let timers: Vec<_> = timers.into_iter().map(|(key, _)| key).collect();
    assert_eq!(timers, keys, "the timers are those up to the position");
    position
}

#[test]
fn a_killed_process_leaves_every_durable_batch() {
    assert_eq!(last_batch_after_kill("durable"), BATCHES);
}

#[test]
fn a_killed_process_leaves_whole_batches_of_its_volatile_ones() {
    let last = last_batch_after_kill("volatile");
    assert!((1..BATCHES).contains(&last), "{last}: only a part of them was flushed, or this test shows nothing");
}

#[test]
fn a_durable_batch_makes_the_volatile_ones_before_it_durable() {
    assert_eq!(last_batch_after_kill("volatile, then durable"), BATCHES);
}

#[test]
fn durable_and_volatile_batches_may_take_turns() {
    assert_eq!(last_batch_after_kill("taking turns"), BATCHES);
}

#[test]
fn what_another_process_has_open_is_locked_until_it_is_killed() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path().join(ROOT);
    let mut child = start("durable", directory.path());
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
