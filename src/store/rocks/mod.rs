//! The store port on `RocksDB`, one directory per task.
//!
//! ```text
//! state/<app>/            the root: RocksOptions::root
//!   .lock                 held by the process that uses the root
//!   bundle-0/             one RocksDB per task: closed at hand-over, deleted when it is not needed
//!   bundle-1/
//!   delivery-0/
//! ```
//!
//! | file | content |
//! |---|---|
//! | `store` | one `RocksDB` behind the port; what survives which crash |
//! | `bulk_writer` | writes the table files of a large batch of a restore |
//! | `bulk_ingest` | their ingestion |
//! | `counts`, `count_reader` | the rows of the counts of entries, and reading them |
//! | `reader` | reads from other threads |
//! | `status_index` | builds the status index of an older store |
//! | `rows` | a batch as rows of each family, sorted |
//! | `key` | the encoding of index rows in sort order |
//! | `timer_seek` | the start of the live timers, so that deleted ones are not skipped again |
//! | `tuning` | the options, and the shared memory limits |
//! | `error` | `RocksDB`'s errors as errors of the port |

mod bulk_ingest;
mod bulk_writer;
mod count_reader;
mod counts;
mod error;
mod key;
mod reader;
mod rows;
mod status_index;
mod store;
#[cfg(test)]
mod tests;
mod timer_seek;
mod tuning;

use std::fmt;
use std::fs::{self, File, TryLockError};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use self::store::RocksStore;
use self::tuning::Memory;
use super::{Error, Result, Store, Stores};
use crate::metric::Disk;

const LOCK_FILE: &str = ".lock";
/// The version of `RocksDB`, which its C interface does not tell; a test compares it with Cargo.lock.
const LIBRARY_VERSION: &str = "11.8.1";

/// The directory of the stores and their memory limits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RocksOptions {
    /// The root: one directory per task (`<state_dir>/<application_id>`); created if it does not exist.
    pub root: PathBuf,
    /// The block cache of all stores, in bytes.
    pub block_cache_bytes: usize,
    /// The memory for unflushed writes of all stores, in bytes; at the limit a store flushes early. At least 1 MiB per open
    /// store.
    pub write_buffer_bytes: usize,
}

impl RocksOptions {
    /// A root with a block cache of 16 MiB and write buffers of 16 MiB. A million events with 50,000 open bundles take
    /// no less CPU time with twice as much of either: blocks that are read again are in the system's page cache. Half
    /// the write buffers take a fifth more CPU time.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into(), block_cache_bytes: 16 << 20, write_buffer_bytes: 16 << 20 }
    }
}

/// The stores under one root. Dropping it unlocks the root; stores that are still open stay usable, and locked.
pub struct RocksStores {
    root: PathBuf,
    memory: Arc<Memory>,
    /// Locked while this file is open.
    _lock: File,
}

impl fmt::Debug for RocksStores {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RocksStores").field("root", &self.root).finish_non_exhaustive()
    }
}

impl RocksStores {
    /// Locks the root for this process, and raises its limit of open files to the system's. [`Error::Locked`]: another
    /// process has the root.
    pub fn open(options: RocksOptions) -> Result<Self> {
        let RocksOptions { root, block_cache_bytes, write_buffer_bytes } = options;
        raise_file_limit();
        Self::within(root, Arc::new(Memory::new(block_cache_bytes, write_buffer_bytes)))
    }

    /// Locks another root for this process, whose stores share the memory of these.
    pub fn beside(&self, root: impl Into<PathBuf>) -> Result<Self> {
        Self::within(root.into(), Arc::clone(&self.memory))
    }

    fn within(root: PathBuf, memory: Arc<Memory>) -> Result<Self> {
        fs::create_dir_all(&root).map_err(|error| error::of_io(&root, &error))?;
        let lock = lock(&root)?;
        Ok(Self { memory, root, _lock: lock })
    }

    /// The version of `RocksDB` that is linked in.
    pub const fn library_version() -> &'static str {
        LIBRARY_VERSION
    }

    /// The directory of a task, whose name must be a plain file name.
    fn directory(&self, task: &str) -> Result<PathBuf> {
        let path = self.root.join(task);
        let mut components = Path::new(task).components();
        let is_plain = matches!(components.next(), Some(Component::Normal(name)) if name == task);
        if is_plain && !task.starts_with('.') {
            return Ok(path);
        }
        let detail =
            "a task's name must be a file name that does not begin with a dot: rename its processor".to_owned();
        Err(Error::Io { path, detail })
    }
}

impl Stores for RocksStores {
    fn open(&self, task: &str) -> Result<Box<dyn Store>> {
        let path = self.directory(task)?;
        fs::create_dir_all(&path).map_err(|error| error::of_io(&path, &error))?;
        Ok(Box::new(RocksStore::open(&path, &self.memory)?))
    }

    fn destroy(&self, task: &str) -> Result<()> {
        let path = self.directory(task)?;
        if !path.exists() {
            return Ok(());
        }
        // RocksDB deletes first, because it checks that the store is not open; it leaves foreign files.
        rocksdb::DB::destroy(&self.memory.database(), &path).map_err(|error| error::of_rocksdb(&path, error))?;
        match fs::remove_dir_all(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error::of_io(&path, &error)),
            _ => Ok(()),
        }
    }

    fn existing(&self) -> Result<Vec<String>> {
        let failed = |error| error::of_io(&self.root, &error);
        let mut tasks = Vec::new();
        for item in fs::read_dir(&self.root).map_err(failed)? {
            let item = item.map_err(failed)?;
            let is_directory = item.file_type().map_err(failed)?.is_dir();
            let Ok(name) = item.file_name().into_string() else { continue };
            if is_directory && !name.starts_with('.') {
                tasks.push(name);
            }
        }
        tasks.sort();
        Ok(tasks)
    }

    fn disk(&self) -> Result<Option<Disk>> {
        let found = rustix::fs::statvfs(&self.root).map_err(|error| error::of_io(&self.root, &error.into()))?;
        let bytes = |blocks: u64| blocks.saturating_mul(found.f_frsize);
        Ok(Some(Disk { free_bytes: bytes(found.f_bavail), size_bytes: bytes(found.f_blocks) }))
    }

    fn cache_bytes(&self) -> u64 {
        self.memory.cache_bytes()
    }
}

/// A store keeps some dozens of table files open, and many systems allow a process 1,024 unless it raises the limit.
fn raise_file_limit() {
    let limit = getrlimit(Resource::Nofile);
    let most = Rlimit { current: limit.maximum, maximum: limit.maximum };
    if let Err(error) = setrlimit(Resource::Nofile, most) {
        tracing::warn!(%error, files = ?limit.current, "cannot raise the limit of open files (RLIMIT_NOFILE): raise it with `ulimit -n` if opening stores fails");
    }
}

/// Locks the root while the file is open. The operating system releases the lock when the process ends, also if it is
/// killed.
fn lock(root: &Path) -> Result<File> {
    let path = root.join(LOCK_FILE);
    let file = File::options().create(true).truncate(false).write(true).open(&path);
    let file = file.map_err(|error| error::of_io(&path, &error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Error::Locked { path: root.to_owned() }),
        Err(TryLockError::Error(error)) => Err(error::of_io(&path, &error)),
    }
}
