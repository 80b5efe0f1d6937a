//! `RocksDB`'s errors in the words of the port.

use std::path::Path;

use rocksdb::ErrorKind;

use crate::store::Error;

/// What an error of `RocksDB` means for the store at `path`.
///
/// `RocksDB` says "lock hold by current process" or "While lock file" when a directory is open already, and "No such
/// file" when a file that its manifest names is gone; the directory itself is made before `RocksDB` sees it.
pub(super) fn of_rocksdb(path: &Path, error: rocksdb::Error) -> Error {
    let kind = error.kind();
    let (path, detail) = (path.to_owned(), error.into_string());
    let is_lock = detail.contains("lock hold by current process") || detail.contains("While lock file");
    let is_gone = detail.contains("No such file or directory");
    if kind == ErrorKind::IOError && is_lock {
        Error::Locked { path }
    } else if kind == ErrorKind::Corruption || (kind == ErrorKind::IOError && is_gone) {
        Error::Corrupt { path, detail }
    } else {
        Error::Io { path, detail }
    }
}

/// What an error of the file system means for `path`.
pub(super) fn of_io(path: &Path, error: &std::io::Error) -> Error {
    Error::Io { path: path.to_owned(), detail: error.to_string() }
}
