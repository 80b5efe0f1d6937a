//! The console in Chromium, on a real Kafka, with hostile events.

use std::path::{Path, PathBuf};
use std::process::Command;

use bytes::Bytes;
use serde_json::json;

use super::deployment::Deployment;
use super::process::until;
use crate::python::{cache, python, succeed};

const SELENIUM: &str = "selenium==4.40.0";
const AXE: &str = "axe-core@4.14.1";

/// Parents of any id, and two children of each.
const SOURCES: &str = "\
sources:
  - { topic: @parents, member: parent, bundle: /id, id: /id }
  - { topic: @children, member: child, bundle: /parent_id, id: /id, position: /position }
bundle: { key: text, children: 2, sla: 24h }
";

/// A key that would be a script, if a page took it for markup.
const HOSTILE: &str = "\"><script>window.hostile = 1</script><img src=x onerror='window.hostile = 1'>";

/// A script that uses Chromium.
pub(super) fn chromium(script: &str) -> Command {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/console").join(script);
    let mut command = Command::new(python(&[SELENIUM]));
    command.arg(script).env("PYTHONDONTWRITEBYTECODE", "1").env("NO_PROXY", "127.0.0.1").env("SE_OFFLINE", "true");
    command
}

/// The file of axe-core, from npm.
fn axe() -> PathBuf {
    let directory = cache().join(AXE.replace('@', "-"));
    let file = directory.join("package/axe.min.js");
    if !file.exists() {
        std::fs::create_dir_all(&directory).expect("a directory");
        let packed = succeed(Command::new("npm").args(["pack", "--silent", AXE]).current_dir(&directory));
        succeed(Command::new("tar").args(["-xzf", packed.trim()]).current_dir(&directory));
    }
    file
}

/// Where the screenshots of the README are: `SHEAF_TEST_PICTURES`, or a directory that nobody looks at.
fn pictures(deployment: &Deployment) -> PathBuf {
    std::env::var_os("SHEAF_TEST_PICTURES").map_or_else(|| deployment.directory.clone(), PathBuf::from)
}

#[test]
#[ignore = "needs Chromium, chromedriver, npm; scripts/nightly runs it"]
fn an_operator_sees_and_acts_in_a_browser_whatever_stands_in_the_events() {
    let Some(mut deployment) = Deployment::open("e2e-console") else { return };
    deployment.sources = Some(SOURCES.to_owned());
    let mut instance = deployment.command(&["run", "--set", "http.anonymous=act"], "a", "a");
    instance.ready();
    let keys = ["order-1", "order-2", "order-3", HOSTILE];
    let (parents, children) = (deployment.topic("parents"), deployment.topic("children"));
    let many: Vec<String> = (4..40).map(|number| format!("order-{number}")).collect();
    for key in keys.into_iter().chain(many.iter().map(String::as_str)) {
        let parent = json!({ "id": key, "note": HOSTILE });
        let child = json!({ "id": format!("{key}/1 {HOSTILE}"), "parent_id": key, "position": 1 });
        let events = [(&parents, parent), (&children, child)];
        deployment.write(events.map(|(topic, event)| (topic, Bytes::from(event.to_string()))));
    }
    // A child without its parent's id: a dead letter.
    let lost = json!({ "id": "lost", "position": 1, "note": HOSTILE });
    deployment.write([(&children, Bytes::from(lost.to_string()))]);
    until("it is a dead letter", || instance.metric("sheaf_processor_open_entries", "dead-letter") >= 1.0);
    until("all are open", || instance.metric("sheaf_processor_open_entries", "bundle") >= 40.0);

    let mut command = chromium("browse.py");
    command.arg(format!("http://{}", instance.address())).arg(axe()).arg(pictures(&deployment));
    command.arg(deployment.application()).args(keys.get(..3).expect("three"));
    let printed = succeed(&mut command);
    println!("{printed}");
    assert!(printed.lines().count() > 25, "it ended early: {printed}");
    assert_eq!(instance.terminate(), Some(0));
}
