//! The simulator, judged by a client that nobody here wrote: ctm-python-client, unmodified.
//!
//! `judge.py` makes the calls and prints one line for each. The client is installed once, into a virtual environment in the
//! cache of the build's other tools; this takes Python 3 with `venv`, and the package index.

#![expect(clippy::unwrap_used, clippy::panic, reason = "test support fails by panicking")]

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;
use std::time::Duration;

use sheaf::mock::control_m::{Simulator, SimulatorSettings};
use sheaf::secret::Secret;

use super::support::{ManualClock, runtime};

const CLIENT: &str = "ctm-python-client==2.6.6";
/// It imports this, but does not ask for it.
const MISSING: &str = "python-dateutil";

/// The calls that the client's users make; `judge.py` prints more than these.
const CALLS: [&str; 24] = [
    "login",
    "build",
    "deploy",
    "run",
    "run_on_demand",
    "get_statuses",
    "print_statuses",
    "get_status",
    "get_output",
    "print_output",
    "get_log",
    "hold_job",
    "release_job",
    "confirm_job",
    "kill_job",
    "rerun_job",
    "set_to_ok",
    "delete_job",
    "add_event",
    "get_events",
    "delete_event",
    "order_jobs_in_folder",
    "get_servers",
    "get_deployed_folders",
];

#[test]
fn the_python_client_makes_all_its_calls_with_a_key() {
    judge("key");
}

#[test]
fn the_python_client_makes_all_its_calls_with_a_password() {
    judge("password");
}

fn judge(mode: &str) {
    let python = python();
    let (runtime, clock) = (runtime(), Arc::new(ManualClock::default()));
    let mut settings = SimulatorSettings::new(clock, 1);
    settings.api_keys = vec![Secret::new("key-1".to_owned())];
    settings.users.insert("user-1".to_owned(), Secret::new("secret-1".to_owned()));
    settings.visibility_lag = Duration::ZERO..=Duration::ZERO;
    let simulator = Simulator::start(settings, runtime.handle()).unwrap();
    let base = simulator.base_url();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/control_m/judge.py");
    let control = base.replace("/automation-api", "/_sheaf");
    let mut command = Command::new(python);
    // It is a loopback address: a proxy of the environment does not matter.
    command.arg(script).args([mode, &base, &control]).env("NO_PROXY", "127.0.0.1");
    let printed = succeed(&mut command);
    let is_ok = |call: &&str| printed.lines().any(|line| line.trim_end() == format!("{call:<28} ok"));
    let missing: Vec<&str> = CALLS.into_iter().filter(|call| !is_ok(call)).collect();
    assert!(missing.is_empty(), "no line says that these are ok: {missing:?}\n{printed}");
    assert!(!printed.contains("failed:"), "{printed}");
}

/// The Python of the virtual environment with the client.
fn python() -> PathBuf {
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache"));
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from).or_else(home).unwrap().join("sheaf");
    fs::create_dir_all(&cache).unwrap();
    let made = cache.join(CLIENT.replace("==", "-"));
    // Two tests, or two test runs, must not install at a time.
    let lock = File::create(cache.join("python.lock")).unwrap();
    lock.lock().unwrap();
    if !made.exists() {
        let fresh = tempfile::tempdir_in(&cache).unwrap();
        succeed(Command::new("python3").args(["-m", "venv"]).arg(fresh.path()));
        let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", CLIENT, MISSING];
        succeed(Command::new(fresh.path().join("bin/python")).args(pip));
        fs::rename(fresh.keep(), &made).unwrap();
    }
    made.join("bin/python")
}

fn succeed(command: &mut Command) -> String {
    let line = format!("{command:?}");
    let Output { status, stdout, stderr } = match command.output() {
        Ok(output) => output,
        Err(error) => panic!("{line}: {error}: install Python 3 with venv"),
    };
    let printed = String::from_utf8_lossy(&stdout).into_owned();
    assert!(status.success(), "{line}: {status}\n{printed}\n{}", String::from_utf8_lossy(&stderr));
    printed
}
