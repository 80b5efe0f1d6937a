//! A real Prometheus that scrapes real instances, with the rules of `ops/prometheus`.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use super::super::super::cluster::root;
use super::super::super::fixture::LIMIT;
use super::super::process::until;

/// The windows of the rules, in minutes. That of a day (`[1d]`) and the offset of a week are left as they are.
const WINDOWS: [(&str, u32); 4] = [("[10m]", 10), ("[15m]", 15), ("[30m]", 30), ("[1h]", 60)];
/// The thresholds of the rules that are times, in seconds.
const THRESHOLDS: [u32; 5] = [300, 600, 900, 1_800, 3_600];

/// A Prometheus; it is killed with the test.
pub(in super::super) struct Prometheus {
    child: Child,
    address: String,
}

/// The labels of an alert that fires.
pub(in super::super) type Alert = BTreeMap<String, String>;

impl Drop for Prometheus {
    fn drop(&mut self) {
        // It may have ended.
        let (Ok(()) | Err(_)) = self.child.kill();
        let (Ok(_) | Err(_)) = self.child.wait();
    }
}

impl Prometheus {
    /// Scrapes these addresses each second, with [`hastened`] rules.
    pub(in super::super) fn start(directory: &Path, addresses: &[String], minute: u32) -> Self {
        let targets: Vec<String> = addresses.iter().map(|address| format!("\"{address}\"")).collect();
        let rules = std::fs::read_to_string(root().join("ops/prometheus/rules/sheaf.yaml")).expect("the rules");
        std::fs::write(directory.join("rules.yaml"), hastened(&rules, minute)).expect("written");
        let content = format!(
            "global: {{ scrape_interval: 1s, evaluation_interval: 1s }}\nrule_files: [rules.yaml]\nscrape_configs:\n  - job_name: sheaf\n    \
             static_configs: [{{ targets: [{}] }}]\n",
            targets.join(", ")
        );
        std::fs::write(directory.join("prometheus.yml"), content).expect("written");
        let address = free_address();
        let child = Command::new("prometheus")
            .arg(format!("--config.file={}", directory.join("prometheus.yml").display()))
            .arg(format!("--storage.tsdb.path={}", directory.join("tsdb").display()))
            .arg(format!("--web.listen-address={address}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("Debian's package prometheus: scripts/setup --with-prometheus installs it");
        let started = Self { child, address };
        until("Prometheus answers", || started.get("/-/ready").is_some());
        started
    }

    /// Its address, `host:port`.
    pub(in super::super) fn address(&self) -> &str {
        &self.address
    }

    /// The body of an answer; `None` without one.
    fn get(&self, path: &str) -> Option<String> {
        let mut stream = TcpStream::connect(&self.address).ok()?;
        stream.set_read_timeout(Some(LIMIT)).expect("a time-out");
        write!(stream, "GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n").ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        let (head, body) = answer.split_once("\r\n\r\n")?;
        head.contains(" 200 ").then(|| body.to_owned())
    }

    /// The answer of its API.
    pub(in super::super) fn json(&self, path: &str) -> Value {
        let body = self.get(path).unwrap_or_else(|| panic!("no answer to {path}"));
        serde_json::from_str(&body).expect("JSON")
    }

    /// The labels of the series in the answer to a query.
    pub(in super::super) fn series(&self, query: &str) -> Vec<Alert> {
        self.vector(query).iter().map(|it| labels(&it["metric"])).collect()
    }

    fn vector(&self, query: &str) -> Vec<Value> {
        let encoded = query.bytes().fold(String::new(), |text, byte| text + &format!("%{byte:02X}"));
        let answer = self.json(&format!("/api/v1/query?query={encoded}"));
        assert_eq!(answer["status"], "success", "{query}");
        answer["data"]["result"].as_array().expect("a vector").clone()
    }

    /// The alerts that fire.
    pub(in super::super) fn firing(&self) -> Vec<Alert> {
        let answer = self.json("/api/v1/alerts");
        let alerts = answer["data"]["alerts"].as_array().expect("alerts").iter();
        alerts.filter(|it| it["state"] == "firing").map(|it| labels(&it["labels"])).collect()
    }

    /// The alerts that fire, but for those of the disk of the machine that the tests run on: how full it is is no matter of theirs.
    pub(in super::super) fn wrong(&self) -> Vec<Alert> {
        self.firing().into_iter().filter(|alert| !alert["alertname"].starts_with("SheafStateDisk")).collect()
    }

    /// Waits until an alert fires; returns its labels.
    pub(in super::super) fn fires(&self, rule: &str) -> Alert {
        let mut found = None;
        until(&format!("{rule} fires"), || {
            found = self.firing().into_iter().find(|alert| alert["alertname"] == rule);
            found.is_some()
        });
        found.expect("it fires")
    }

    /// Waits until no alert of a rule fires.
    pub(in super::super) fn clears(&self, rule: &str) {
        until(&format!("{rule} clears"), || self.firing().iter().all(|alert| alert["alertname"] != rule));
    }

    /// The critical rules that have fired, and in how many evaluations.
    pub(in super::super) fn critical(&self) -> BTreeMap<String, u64> {
        let fired = r#"ALERTS{alertstate="firing",severity="critical"}"#;
        let counts = self.vector(&format!("sum by (alertname) (count_over_time({fired}[1h]))"));
        let count = |it: &Value| it["value"][1].as_str().and_then(|it| it.parse().ok()).expect("a number");
        counts.iter().map(|it| (it["metric"]["alertname"].as_str().expect("a name").to_owned(), count(it))).collect()
    }
}

/// An address of this machine that nobody listens at.
pub(in super::super) fn free_address() -> String {
    TcpListener::bind("127.0.0.1:0").and_then(|it| it.local_addr()).expect("a free port").to_string()
}

fn labels(object: &Value) -> Alert {
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    object.as_object().expect("labels").iter().map(|(name, value)| (name.clone(), text(value))).collect()
}

/// The rules as a test can wait for them: a minute of a wait (`for`), of a window and of a threshold has this number of seconds, and
/// nobody waits for hours. What is compared, and how, stays as it is.
fn hastened(rules: &str, minute: u32) -> String {
    let wait = |line: &str| {
        let Some((indent, wait)) = line.split_once("for: ").filter(|(indent, _)| indent.trim().is_empty()) else {
            return Some(line.to_owned());
        };
        let minutes: u32 = wait.strip_suffix('m')?.parse().expect("minutes");
        Some(format!("{indent}for: {}s", minutes * minute))
    };
    let mut lines: Vec<String> = rules.lines().filter_map(wait).collect();
    let mut replace = |from: &str, to: &str| {
        let has = |line: &&mut String| line.contains(from) && !line.trim_start().starts_with('#');
        let found = lines.iter_mut().filter(has).map(|line| *line = line.replace(from, to)).count();
        assert!(found > 0, "no rule has `{from}`");
    };
    for (window, minutes) in WINDOWS {
        replace(window, &format!("[{}s]", minutes * minute));
    }
    // Once each, the smallest first: what one is replaced by is none of the larger ones.
    for threshold in THRESHOLDS {
        replace(&format!("> {threshold}"), &format!("> {}", threshold / 60 * minute));
    }
    lines.join("\n") + "\n"
}

#[test]
fn a_minute_of_a_rule_is_as_many_seconds_as_is_asked_for() {
    let rules = std::fs::read_to_string(root().join("ops/prometheus/rules/sheaf.yaml")).expect("the rules");
    let hastened = hastened(&rules, 2);
    for line in [
        "        expr: sum by (application, stage, reason) (increase(sheaf_dlq_records_total[20s])) > 0",
        "        expr: max by (application, topic, partition) (sheaf_consumer_standing_still_seconds) > 30",
        "          group by (application) (last_over_time(sheaf_instance_state[1d]))",
        "        expr: sum by (application, processor, target) (sheaf_processor_queued_acts) > 1000",
    ] {
        assert!(hastened.lines().any(|it| it == line), "{line}: {hastened}");
    }
    assert!(hastened.contains("for: 10s") && !hastened.contains("for: 5m") && !hastened.contains("for: 4h"));
}
