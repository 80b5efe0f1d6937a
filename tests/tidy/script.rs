//! The rules for shell scripts, and for the peer program of the benchmark.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::root;

/// Every shell script of the repository, by its first line.
fn scripts() -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut directories: Vec<PathBuf> = [".ci", "bench", "scripts"].map(|name| root().join(name)).into();
    while let Some(directory) = directories.pop() {
        for item in std::fs::read_dir(&directory).unwrap() {
            let path = item.unwrap().path();
            if path.is_dir() {
                directories.push(path);
            } else if std::fs::read(&path).unwrap().starts_with(b"#!/usr/bin/env bash\n") {
                found.push(path);
            }
        }
    }
    found.sort();
    assert!(found.len() > 6, "the scripts were not found: {found:?}");
    found
}

#[test]
fn every_script_says_what_it_is_for_and_stops_at_errors() {
    for path in scripts() {
        let text = std::fs::read_to_string(&path).unwrap();
        let purpose = text.lines().nth(1).unwrap_or_default();
        let name = path.display();
        assert!(
            purpose.starts_with("# ") && purpose.len() > 20,
            "{name}: the second line is a sentence on what it is for"
        );
        let sourced = purpose.starts_with("# Sourced by ");
        assert!(sourced || text.contains("\nset -euo pipefail\n"), "{name}: add set -euo pipefail");
        assert!(sourced || is_executable(&path), "{name}: make it executable");
    }
}

fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(path).unwrap().permissions().mode() & 0o111 != 0
}

/// Without shellcheck, bash at least parses them.
#[test]
fn the_scripts_are_sound() {
    for script in scripts() {
        let read = Command::new("bash").arg("-n").arg(&script).stdin(Stdio::null()).output().unwrap();
        assert!(read.status.success(), "{}", String::from_utf8_lossy(&read.stderr));
    }
    let shellcheck = Command::new("shellcheck").arg("-x").args(scripts()).current_dir(root()).output();
    if let Ok(checked) = shellcheck {
        assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stdout));
    }
}

/// Different versions would make the comparison unfair.
#[test]
fn the_peer_and_the_broker_are_of_one_version() {
    let between = |file: &str, start: &str, end: &str| {
        let text = std::fs::read_to_string(root().join(file)).unwrap();
        let rest = text.split_once(start).unwrap_or_else(|| panic!("{file} has no {start}")).1.to_owned();
        rest.split_once(end).unwrap().0.to_owned()
    };
    let broker = between("scripts/kafka", "readonly kafka_version=", "\n");
    let peer = between("bench/peer/pom.xml", "<kafka.version>", "</kafka.version>");
    assert_eq!(peer, broker, "bench/peer/pom.xml and scripts/kafka");
}
