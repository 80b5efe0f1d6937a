//! No secret is in anything that a run with deliveries writes: its log at TRACE, its metrics and health, its topics.
//!
//! The test runs this binary again as a child process, whose log is that of a whole process.

use std::io::{self, Write as _};
use std::process::Command;
use std::time::Duration;

use serde_json::json;
use sheaf::mock::control_m::{Action, Fault};
use sheaf::secret::Secret;
use sheaf::sink::control_m::Credential;

use super::cluster::{Cluster, TEMPLATE, bundle, short};

const CHILD: &str = "delivery::secret::the_child_that_delivers";
/// The topics of the application, without its name.
const TOPICS: [&str; 13] = [
    "submissions",
    "outcomes",
    "runs",
    "alerts",
    "dead-letters",
    "history",
    "instances",
    "bundle-inbox",
    "bundle-changelog",
    "delivery-inbox",
    "delivery-changelog",
    "tracking-inbox",
    "tracking-changelog",
];
/// The variable with the credential of the child.
const CREDENTIAL: &str = "TEST_CREDENTIAL";
const TOPOLOGY: &str = include_str!("../../../topologies/control-m.yaml");
const KEY: &str = "key-of-control-m-5f0d";
const PASSWORD: &str = "password-of-ann-77ab";
const MINUTE: Duration = Duration::from_mins(1);

fn run(credential: &str) -> Cluster {
    let text = TOPOLOGY.replace("retention_days: 14", "track: true") + "history: true\n";
    let of_user =
        Credential::Login { username: Secret::new("ann".to_owned()), password: Secret::new(PASSWORD.to_owned()) };
    let mut cluster = Cluster::made((1, &text), &short(), TEMPLATE, |simulator, sink| {
        simulator.api_keys = vec![Secret::new(KEY.to_owned())];
        simulator.users = [("ann".to_owned(), Secret::new(PASSWORD.to_owned()))].into();
        sink.credential = if credential == "key" { Credential::ApiKey(Secret::new(KEY.to_owned())) } else { of_user };
    });
    cluster.post_control("/outcomes", &json!({ "job": "appl-*", "exit": 7, "times": 1 }));
    cluster.world.start("a").unwrap();
    cluster.advance(Duration::from_secs(5));
    // One is refused, one has a lost answer, one fails at Control-M.
    cluster.simulator.inject(Fault::once("POST", "/run/ondemand", Action::ResetAfter));
    let refusal = r#"{"errors":[{"message":"no such application","item":"appl"}]}"#;
    cluster.simulator.inject(Fault::once("POST", "/run/ondemand", Action::respond(400, refusal)));
    cluster.complete((1..=3).map(bundle));
    cluster.until(5 * MINUTE, |cluster| cluster.values("outcomes").len() == 3);
    cluster.until(10 * MINUTE, |cluster| !cluster.values("runs").is_empty());
    // Everybody is refused.
    cluster.simulator.inject(Fault::always("POST", "/*", Action::respond(401, "")));
    cluster.complete([bundle(4)].into_iter());
    cluster.until(MINUTE, |cluster| !cluster.suspension().is_empty());
    cluster
}

#[test]
#[ignore = "the child process of the test below"]
fn the_child_that_delivers() {
    // Among all ignored tests it is nobody's child.
    let Ok(credential) = std::env::var(CREDENTIAL) else { return };
    tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_ansi(false).with_writer(io::stderr).init();
    let mut cluster = run(&credential);
    let mut out = io::stdout().lock();
    writeln!(out, "{}", cluster.health_and_metrics()).unwrap();
    cluster.heal();
    cluster.until(5 * MINUTE, |cluster| cluster.values("outcomes").len() == 4);
    for topic in TOPICS {
        for record in cluster.records(topic) {
            let text = |bytes: Option<&[u8]>| String::from_utf8_lossy(bytes.unwrap_or_default()).into_owned();
            let headers = record.headers.iter().map(|it| format!("{}={}", it.name, text(it.value.as_deref())));
            let headers = headers.collect::<Vec<_>>().join(" ");
            writeln!(out, "{topic} {} {headers}", text(record.value.as_deref())).unwrap();
        }
    }
}

#[test]
fn no_secret_is_in_anything_that_a_run_with_deliveries_writes() {
    for credential in ["key", "password"] {
        let output = Command::new(std::env::current_exe().unwrap())
            .args([CHILD, "--exact", "--ignored", "--nocapture"])
            .env(CREDENTIAL, credential)
            .output()
            .unwrap();
        let [stdout, stderr] = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        assert!(
            output.status.success(),
            "{credential}: {}",
            stderr.lines().rev().take(20).collect::<Vec<_>>().join("\n")
        );
        // All that was asked for is in the texts that are searched.
        for words in ["TRACE", "reqwest", "hyper"] {
            assert!(stderr.contains(words), "{credential}: `{words}` is not in the log");
        }
        for words in [
            "suspended since",
            "sheaf_sink_request_duration_seconds",
            "\noutcomes {\"bundle_id\"",
            "\ndead-letters ",
            "no such application",
            "\nalerts {",
            "run_failed",
            "\nhistory {",
            "\ndelivery-changelog ",
        ] {
            assert!(stdout.contains(words), "{credential}: `{words}` is not in what it wrote: {stdout}");
        }
        let lines = stdout.lines().chain(stderr.lines());
        let is_secret = |line: &&str| [KEY, PASSWORD, "Bearer "].iter().any(|secret| line.contains(secret));
        assert_eq!(lines.filter(is_secret).collect::<Vec<_>>(), Vec::<&str>::new(), "{credential}");
    }
}
