//! A wall clock that is behind, for processes whose past is longer than a test.

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
        let library = directory.join("clock.so");
        let compiled = Command::new("cc")
            .args(["-std=c11", "-O2", "-shared", "-fPIC", "-o"])
            .args([&library, &root().join("tests/kafka/e2e/clock.c")])
            .status();
        assert!(compiled.expect("cc, which links Rust programs too").success());
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

/// The time of this machine.
pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("a time after 1970");
    Timestamp::from_millis(i64::try_from(since.as_millis()).expect("a time in milliseconds"))
}
