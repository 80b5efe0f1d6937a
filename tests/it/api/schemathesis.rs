//! schemathesis generates requests from the `OpenAPI` document, valid ones and others, and checks every answer.

use std::process::Command;

use super::process::{TOKEN, instance};
use crate::python::{python, succeed};

const SCHEMATHESIS: &str = "schemathesis==4.32.5";

#[test]
fn schemathesis_finds_nothing() {
    let instance = instance();
    let mut judge = Command::new(python(&[SCHEMATHESIS]));
    judge.args(["-m", "schemathesis.cli", "run", &format!("{}/api/v1/openapi.json", instance.url)]);
    judge.args(["--header", &format!("Authorization: Bearer {TOKEN}")]);
    judge.args([
        "--checks",
        "all",
        "--max-examples",
        "30",
        "--seed",
        "1",
        "--generation-database",
        "none",
        "--no-color",
    ]);
    // It is a loopback address: a proxy of the environment does not matter.
    judge.env("NO_PROXY", "127.0.0.1").current_dir(instance.directory());
    let printed = succeed(&mut judge);
    assert!(printed.contains("No issues found") && !printed.contains("Tested: 0"), "{printed}");
}
