//! schemathesis generates requests from the `OpenAPI` document, valid ones and others, and checks every answer.

use std::process::Command;

use super::process::{TOKEN, instance};
use crate::python::{python, succeed};

const SCHEMATHESIS: &str = "schemathesis==4.32.5";

#[test]
fn schemathesis_finds_nothing() {
    let instance = instance();
    let mut judge = Command::new(python(&[SCHEMATHESIS]));
    let config = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/api/schemathesis.toml");
    judge.args(["-m", "schemathesis.cli", "--config-file", config]);
    judge.args(["run", &format!("{}/api/v1/openapi.json", instance.url)]);
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
    // It warns of paths of entries, of which an instance without a Kafka has none.
    let tested = printed.lines().find_map(|line| line.trim().strip_prefix("Tested: "));
    let passed = printed.lines().find(|line| line.contains(" generated, ")).unwrap_or_default();
    assert!(tested.is_some_and(|tested| tested == "16") && passed.contains(" passed"), "{printed}");
    assert!(!passed.contains("failure") && !passed.contains("found"), "{printed}");
}
