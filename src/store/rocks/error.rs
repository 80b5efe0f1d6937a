//! `RocksDB`'s errors as errors of the port.

use std::path::Path;

use rocksdb::ErrorKind;

use crate::store::Error;

/// The error of the port for an error of `RocksDB` of the store at `path`.
///
/// `RocksDB` says "lock hold by current process" or "While lock file" if a directory is already open, and "No such
/// file" if a file of its manifest is missing; the directory itself is created before `RocksDB` opens it.
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

/// The error of the port for an error of the file system at `path`.
pub(super) fn of_io(path: &Path, error: &std::io::Error) -> Error {
    Error::Io { path: path.to_owned(), detail: error.to_string() }
}
