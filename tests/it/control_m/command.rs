//! `sheaf control-m` against moto and the simulator, and the jobs that run it under Control-M.

use std::io::{BufRead as _, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc;
use std::thread;

use aws_sdk_s3::primitives::ByteStream;
use serde_json::json;
use sheaf::processor::delivery::control_m::{Answer, Request, jobs_as_code};
use tempfile::TempDir;

use super::support::{Fixture, TIMEOUT, answer, closed_port, run};
use crate::aws::Moto;

const BUCKET: &str = "my-templates";
const TEMPLATE: &str = include_str!("../../../templates/bundle.json");
const EXAMPLE: &str = include_str!("../../../examples/control-m/event-driven.json");
const VARIABLES: &str = include_str!("../../../examples/control-m/variables.json");

/// Ended when dropped.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// The binary in a directory, with moto as AWS.
fn sheaf(moto: &Moto, directory: &Path, arguments: &[&str]) -> Command {
    let mut process = Command::new(env!("CARGO_BIN_EXE_sheaf"));
    process.current_dir(directory).args(arguments).stdin(Stdio::null()).env("AWS_ENDPOINT_URL", moto.endpoint());
    process.env("AWS_REGION", "eu-west-1").env("AWS_ACCESS_KEY_ID", "test").env("AWS_SECRET_ACCESS_KEY", "test");
    process.env("AWS_MAX_ATTEMPTS", "1").env_remove("AWS_PROFILE").env("SHEAF_LOG__FORMAT", "text");
    process
}

fn text(output: &Output) -> String {
    [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned()).concat()
}

/// A bucket without templates, the secret of a simulator, and an empty directory.
fn world() -> Option<(Moto, Fixture, TempDir)> {
    let (moto, fixture) = (Moto::start()?, Fixture::new());
    let secret = json!({ "CTM_API_BASE_URL": fixture.simulator.base_url(), "CTM_API_KEY": "k-1" }).to_string();
    let client = aws_sdk_secretsmanager::Client::new(&moto.config(&fixture.runtime));
    fixture.runtime.block_on(client.create_secret().name(BUCKET).secret_string(secret).send()).unwrap();
    moto.create_bucket(&fixture.runtime, BUCKET);
    Some((moto, fixture, tempfile::tempdir().unwrap()))
}

#[test]
fn the_command_line_of_the_original_reaches_control_m_with_template_and_secret_from_aws() {
    let Some((moto, fixture, directory)) = world() else { return };
    let (_held, closed) = closed_port();
    let brokers = closed.to_string();
    let options = ["control-m", "-b", BUCKET, "-s", "smprod", "-r", "7", "-n", "2", "--bootstrap-servers", &brokers];
    let options = [&options[..], &["--set", "http.bind=127.0.0.1:0"]].concat();

    let refused = sheaf(&moto, directory.path(), &options).output().unwrap();
    let printed = text(&refused);
    assert_eq!(refused.status.code(), Some(78), "{printed}");
    assert!(printed.contains("`bundles/bundle_template.json` does not exist in s3://my-templates"), "{printed}");

    let client = moto.s3(&fixture.runtime);
    let put = client.put_object().bucket(BUCKET).key("bundles/bundle_template.json");
    fixture.runtime.block_on(put.body(ByteStream::from_static(TEMPLATE.as_bytes())).send()).unwrap();
    let mut process = sheaf(&moto, directory.path(), &options);
    let mut process = Process(process.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap());
    let (say, said) = mpsc::channel();
    let streams: [Box<dyn Read + Send>; 2] =
        [Box::new(process.0.stdout.take().unwrap()), Box::new(process.0.stderr.take().unwrap())];
    // The threads end with the process.
    for stream in streams {
        let say = say.clone();
        thread::spawn(move || BufReader::new(stream).lines().map_while(Result::ok).try_for_each(|line| say.send(line)));
    }
    let mut printed = String::new();
    while !printed.contains("Control-M answers and accepts the credential") {
        printed.push_str(&said.recv_timeout(TIMEOUT).unwrap_or_else(|_| panic!("it said only:\n{printed}")));
        printed.push('\n');
    }
    drop(process);
    for part in [
        "# control-m/sheaf.yaml",
        "# control-m/topology.yaml",
        "retention_days: 7",
        "The same without this command: sheaf run -c control-m/sheaf.yaml",
    ] {
        assert!(printed.contains(part), "{part}\n---\n{printed}");
    }
    assert!(!printed.contains("k-1"), "the key is not printed");

    let validated = sheaf(&moto, directory.path(), &["validate", "-c", "control-m/sheaf.yaml"]).output().unwrap();
    let printed = text(&validated);
    let expected = "submits to smprod with s3://my-templates/bundles/bundle_template.json";
    assert!(validated.status.success() && printed.contains(expected), "{printed}");

    std::fs::write(directory.path().join("control-m/sheaf.yaml"), "application_id: mine\n").unwrap();
    let kept = sheaf(&moto, directory.path(), &options).output().unwrap();
    let printed = text(&kept);
    assert!(kept.status.code() == Some(2) && printed.contains("is not overwritten"), "{printed}");
}

#[test]
fn the_jobs_of_the_example_are_valid_and_control_m_takes_them() {
    assert_eq!(jobs_as_code::check_text(EXAMPLE).unwrap().iter().map(ToString::to_string).collect::<Vec<_>>(), [""; 0]);
    let fixture = Fixture::new();
    let deploy = Request::Run { folder: "sheaf-event-driven".to_owned(), definition: EXAMPLE.to_owned() };
    let verdict = run(&fixture.sink, &serde_json::to_string(&deploy).unwrap());
    assert!(matches!(answer(&verdict), Answer::Accepted { .. }), "{verdict:?}");
    let mut order: serde_json::Value = serde_json::from_str(VARIABLES).unwrap();
    (order["ctm"], order["folder"]) = (json!("smprod"), json!("sheaf-event-driven"));
    let order = Request::Order { name: "order-a".to_owned(), order: order.to_string() };
    let verdict = run(&fixture.sink, &serde_json::to_string(&order).unwrap());
    assert!(matches!(answer(&verdict), Answer::Accepted { .. }), "{verdict:?}");
    assert_eq!(fixture.submits()["sheaf-event-driven"], 2);
}
