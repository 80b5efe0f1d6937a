//! The simulator, judged by a client that nobody here wrote: ctm-python-client, unmodified.
//!
//! `judge.py` makes the calls and prints one line for each.

#![expect(clippy::unwrap_used, reason = "test support fails by panicking")]

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use sheaf::mock::control_m::{Simulator, SimulatorSettings};
use sheaf::secret::Secret;

use super::support::{ManualClock, runtime};
use crate::python::{python, succeed};

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
    let python = python(&[CLIENT, MISSING]);
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
