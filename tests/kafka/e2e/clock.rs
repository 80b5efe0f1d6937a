//! Wall clocks that are wrong: one that is behind, for processes whose past is longer than a test, and one that is set while they run.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

use sheaf::model::Timestamp;

use super::super::cluster::root;

/// The wall clock of processes that are started with its environment.
pub(crate) struct WallClock {
    behind: String,
    seconds: i64,
    library: PathBuf,
}

impl WallClock {
    /// A clock that is behind by a number of whole seconds; its library is compiled into the directory.
    pub(crate) fn behind(behind: Duration, directory: &Path) -> Self {
        let library = library(directory);
        let seconds = i64::try_from(behind.as_secs()).expect("a time in seconds");
        Self { behind: seconds.to_string(), seconds, library }
    }

    /// Its time.
    pub(crate) fn now(&self) -> Timestamp {
        Timestamp::from_millis(now().as_millis() - self.seconds * 1_000)
    }

    /// The variables of a process with this clock.
    pub(crate) fn environment(&self) -> [(&str, &str); 2] {
        let library = self.library.to_str().expect("a path in UTF-8");
        [("LD_PRELOAD", library), ("SHEAF_TEST_CLOCK_BEHIND", &self.behind)]
    }
}

/// A wall clock that is right until it is set.
pub(super) struct SettableClock {
    file: PathBuf,
    library: PathBuf,
}

impl SettableClock {
    /// A clock that is right; its files are in the directory.
    pub(super) fn new(directory: &Path) -> Self {
        let file = directory.join("ahead");
        std::fs::write(&file, [0; 8]).expect("written");
        Self { file, library: library(directory) }
    }

    /// Sets it ahead by a number of whole seconds, for running processes too.
    pub(super) fn set_ahead(&self, ahead: Duration) {
        let seconds = i64::try_from(ahead.as_secs()).expect("a time in seconds");
        // In place, because processes have mapped it.
        let mut file = File::options().write(true).open(&self.file).expect("the file");
        file.write_all(&seconds.to_ne_bytes()).expect("written");
    }

    /// The variables of a process with this clock.
    pub(super) fn environment(&self) -> [(&str, &str); 2] {
        let [library, file] = [&self.library, &self.file].map(|path| path.to_str().expect("a path in UTF-8"));
        [("LD_PRELOAD", library), ("SHEAF_TEST_CLOCK", file)]
    }
}

/// Compiles the library of both clocks into the directory.
fn library(directory: &Path) -> PathBuf {
    let library = directory.join("clock.so");
    let compiled = Command::new("cc")
        .args(["-std=c11", "-O2", "-shared", "-fPIC", "-o"])
        .args([&library, &root().join("tests/kafka/e2e/clock.c")])
        .status();
    assert!(compiled.expect("cc, which links Rust programs too").success());
    library
}

/// The time of this machine.
pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("a time after 1970");
    Timestamp::from_millis(i64::try_from(since.as_millis()).expect("a time in milliseconds"))
}
