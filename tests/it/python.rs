//! Programs from the Python package index, as judges that nobody here wrote.
//!
//! They are installed once, into virtual environments in the cache of the build's other tools; this takes Python 3 with `venv`, and the
//! package index.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Command, Output};

/// The Python of a virtual environment with these packages, of which the first one has its version
/// (`NAME==VERSION`). Programs are started by `-m`: their scripts name the folder in which the environment was made.
pub(crate) fn python(packages: &[&str]) -> PathBuf {
    let cache = cache();
    let made = cache.join(packages[0].replace("==", "-"));
    // Two tests, or two test runs, must not install at a time.
    let lock = File::create(cache.join("python.lock")).unwrap();
    lock.lock().unwrap();
    if !made.exists() {
        let fresh = tempfile::tempdir_in(&cache).unwrap();
        succeed(Command::new("python3").args(["-m", "venv"]).arg(fresh.path()));
        let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
        succeed(Command::new(fresh.path().join("bin/python")).args(pip).args(packages));
        fs::rename(fresh.keep(), &made).unwrap();
    }
    made.join("bin/python")
}

/// The cache of the build's other tools.
pub(crate) fn cache() -> PathBuf {
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache"));
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from).or_else(home).unwrap().join("sheaf");
    fs::create_dir_all(&cache).unwrap();
    cache
}

/// The standard output of a program that must succeed.
pub(crate) fn succeed(command: &mut Command) -> String {
    let line = format!("{command:?}");
    let Output { status, stdout, stderr } = match command.output() {
        Ok(output) => output,
        Err(error) => panic!("{line}: {error}: install Python 3 with venv"),
    };
    let printed = String::from_utf8_lossy(&stdout).into_owned();
    assert!(status.success(), "{line}: {status}\n{printed}\n{}", String::from_utf8_lossy(&stderr));
    printed
}
