//! Locks and corrupt files: the errors of the `RocksDB` adapter.

use std::fs;
use std::path::{Path, PathBuf};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use sheaf::model::ErrorClass;
use sheaf::store::rocks::{RocksOptions, RocksStores};
use sheaf::store::{Error, Stores};

use super::{TASK, batch, put, value};

fn open(root: &Path) -> RocksStores {
    RocksStores::open(RocksOptions::new(root)).unwrap()
}

/// A closed store whose entries are in a table file.
fn store_on_disk(root: &Path) -> PathBuf {
    let stores = open(root);
    let mut store = stores.open(TASK).unwrap();
    store.apply(&batch((0..100).map(|number| put(&number.to_string(), "value")))).unwrap();
    drop(store);
    // Opening it writes its log to a table.
    drop(stores.open(TASK).unwrap());
    root.join(TASK)
}

/// Changes each file of a directory whose name begins or ends with `part`; there must be one.
fn each_file(directory: &Path, part: &str, change: impl Fn(&Path)) {
    let files = fs::read_dir(directory).unwrap().map(|item| item.unwrap().path());
    let named = |path: &PathBuf| {
        let name = path.file_name().unwrap().to_str().unwrap();
        name.starts_with(part) || name.ends_with(part)
    };
    let files: Vec<_> = files.filter(named).collect();
    assert!(!files.is_empty(), "no {part} in {}", directory.display());
    for path in &files {
        change(path);
    }
}

fn overwrite(path: &Path) {
    let length = usize::try_from(fs::metadata(path).unwrap().len()).unwrap();
    fs::write(path, b"garbage ".repeat(length / 8 + 1)).unwrap();
}

/// The first error of opening the store and reading all entries.
fn first_error(stores: &dyn Stores) -> Option<Error> {
    match stores.open(TASK) {
        Ok(store) => store.scan(None, usize::MAX).err(),
        Err(error) => Some(error),
    }
}

/// Checks that the store is refused as corrupt, and is usable and empty after it was destroyed.
fn assert_corrupt_and_rebuildable(root: &Path) {
    let stores = open(root);
    let error = first_error(&stores).unwrap();
    assert!(matches!(&error, Error::Corrupt { path, .. } if path.ends_with(TASK)), "{error:?}");
    assert_eq!(error.class(), ErrorClass::Corrupt);
    stores.destroy(TASK).unwrap();
    let mut store = stores.open(TASK).unwrap();
    assert_eq!(store.scan(None, 1).unwrap(), []);
    store.apply(&batch([put("a", "1")])).unwrap();
    assert_eq!(value(&*store, "a").as_deref(), Some("1"));
}

#[test]
fn a_second_process_on_the_same_root_is_refused_with_the_remedy() {
    let root = tempfile::tempdir().unwrap();
    let first = open(root.path());
    let error = RocksStores::open(RocksOptions::new(root.path())).unwrap_err();
    assert_eq!(error, Error::Locked { path: root.path().to_owned() });
    assert_eq!(error.class(), ErrorClass::Fatal);
    assert!(error.to_string().contains("stop that process, or give this one its own state_dir"), "{error}");
    drop(first);
    assert_eq!(open(root.path()).existing().unwrap(), [""; 0], "the lock file is not a store");
}

#[test]
fn a_root_that_is_a_file_is_an_error_with_its_path() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path().join("app");
    fs::write(&root, "").unwrap();
    let error = RocksStores::open(RocksOptions::new(&root)).unwrap_err();
    assert!(matches!(&error, Error::Io { path, .. } if *path == root), "{error:?}");
}

#[test]
fn a_garbled_manifest_is_corruption_and_the_store_can_be_rebuilt() {
    let root = tempfile::tempdir().unwrap();
    each_file(&store_on_disk(root.path()), "MANIFEST", overwrite);
    assert_corrupt_and_rebuildable(root.path());
}

#[test]
fn a_lost_manifest_is_corruption_and_the_store_can_be_rebuilt() {
    let root = tempfile::tempdir().unwrap();
    each_file(&store_on_disk(root.path()), "MANIFEST", |path| fs::remove_file(path).unwrap());
    assert_corrupt_and_rebuildable(root.path());
}

#[test]
fn a_garbled_table_is_corruption_and_the_store_can_be_rebuilt() {
    let root = tempfile::tempdir().unwrap();
    each_file(&store_on_disk(root.path()), ".sst", overwrite);
    assert_corrupt_and_rebuildable(root.path());
}

#[test]
fn a_lost_table_is_corruption_and_the_store_can_be_rebuilt() {
    let root = tempfile::tempdir().unwrap();
    each_file(&store_on_disk(root.path()), ".sst", |path| fs::remove_file(path).unwrap());
    assert_corrupt_and_rebuildable(root.path());
}

#[test]
fn opening_stores_raises_the_limit_of_open_files() {
    let system = getrlimit(Resource::Nofile);
    let most = system.maximum.unwrap_or(1 << 16);
    setrlimit(Resource::Nofile, Rlimit { current: Some(most - 1), maximum: system.maximum }).unwrap();
    let root = tempfile::tempdir().unwrap();
    drop(open(root.path()));
    assert_eq!(getrlimit(Resource::Nofile).current, system.maximum);
}
