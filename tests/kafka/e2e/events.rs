//! `sheaf events tail` beside a running instance.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use bytes::Bytes;
use serde_json::Value;

use super::super::cluster::root;
use super::bundle::bundles;
use super::deployment::Deployment;

/// The command with these options, which are separated by blanks.
fn tail(deployment: &Deployment, options: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sheaf"));
    command.args(["events", "tail", "-c"]).arg(deployment.directory.join("a-0.yaml")).args(options.split_whitespace());
    command.current_dir(root());
    command
}

fn printed(deployment: &Deployment, options: &str) -> String {
    let output = tail(deployment, options).output().expect("the command");
    assert!(output.status.success(), "{options}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

/// The lines in one order: partitions are read at once.
fn sorted(text: &str) -> Vec<&str> {
    let mut lines: Vec<&str> = text.lines().collect();
    lines.sort_unstable();
    lines
}

#[test]
fn events_are_told_by_what_the_topology_makes_of_them() {
    let Some(deployment) = Deployment::open("e2e-events") else { return };
    let mut instance = deployment.run("a");
    let all = bundles(2, &mut fastrand::Rng::with_seed(1905));
    let [one, other] = all.as_slice() else { panic!("two bundles") };
    let mut following = tail(&deployment, "--bundle").arg(&other.id).stdout(Stdio::piped()).spawn().expect("it starts");
    let mut lines = BufReader::new(following.stdout.take().expect("a pipe")).lines().map(|line| line.expect("text"));
    deployment.write_events(&one.events());
    deployment.write([(&deployment.topic("children"), Bytes::from_static(b"no JSON\x1b[31m"))]);
    deployment.wait_for_deliveries(std::slice::from_ref(one));

    let events = printed(&deployment, "--no-follow");
    assert_eq!(events.lines().count(), one.events().len() + 1, "{events}");
    let parent = format!("  parent      {0}  {0}  ({1}-", one.id, deployment.topic("parents"));
    assert!(events.lines().any(|line| line.contains(&parent)), "{parent}: {events}");
    let id = one.children[0]["id"].as_str().expect("an id");
    assert!(events.lines().any(|line| line.contains(&format!("  child       {}  {id}  (", one.id))), "{events}");
    let rejected = events.lines().find(|line| line.contains("  rejected    -  unparsable: ")).expect("the poison");
    assert!(!rejected.contains('\x1b'), "{rejected}");

    let json = printed(&deployment, &format!("--kind all --no-follow --output json --bundle {}", one.id));
    let told: Vec<Value> = json.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let count = |what: &str| told.iter().filter(|told| told["what"] == what).count();
    assert_eq!((count("parent"), count("submission"), count("outcome")), (1, 1, 1), "{json}");
    assert!(told.iter().any(|told| told["what"] == "parent" && told["value"] == one.parent), "{json}");
    assert_eq!(printed(&deployment, "--no-follow --since 2100-01-01T00:00:00Z"), "", "none is so late");
    assert_eq!(sorted(&printed(&deployment, "--no-follow --since 1h")), sorted(&events));

    // It may not have begun to read before an event is written: another one is.
    deployment.write_events(&other.events());
    deployment.wait_for_deliveries(&all);
    let line = lines.next().expect("a line");
    assert!(line.contains(&other.id) && !line.contains(&one.id), "{line}");
    following.kill().expect("killed");
    following.wait().expect("ended");
    assert_eq!(instance.terminate(), Some(0));
}
