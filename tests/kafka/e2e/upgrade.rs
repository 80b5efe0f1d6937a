//! The state of an older version: this version opens it, restores nothing, and loses nothing.
//!
//! What the commit `d6868c9` wrote is in `tests/fixtures/d6868c9.tar.gz`: the state directory of an instance that was stopped in order, and
//! all records of its topics. The fixture is made by the test of the older binary itself, with `SHEAF_TEST_UPDATE_FIXTURES=1`;
//! `scripts/old d6868c9` builds that binary.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use sheaf::broker::Isolation;
use sheaf::mock::control_m::{Action, Fault};
use sheaf::model::{Headers, Key, OutRecord, Record, Timestamp, Topic, TopicPartition};
use tempfile::TempDir;

use super::super::cluster::root;
use super::super::fixture::LIMIT;
use super::bundle::{Bundle, Event, bundles, shuffled};
use super::clock::now;
use super::deployment::{Deployment, PARTITIONS};
use super::process::until;

const FIXTURE: &str = "tests/fixtures/d6868c9.tar.gz";
/// The metric of restored records.
const RESTORED: &str = "sheaf_store_restored_records_total";
/// Topics with state or input, by their names in a [`Deployment`]; true: owned by the application.
const TOPICS: [(bool, &str); 8] = [
    (false, "parents"),
    (false, "children"),
    (false, "submissions"),
    (true, "bundle-inbox"),
    (true, "bundle-changelog"),
    (true, "delivery-inbox"),
    (true, "delivery-changelog"),
    (true, "outcomes"),
];

/// A record of a topic, and the group's offset of its partition where there is no record.
#[derive(Serialize, Deserialize)]
struct Line {
    topic: usize,
    partition: i32,
    offset: i64,
    record: Option<Content>,
}

#[derive(Serialize, Deserialize)]
struct Content {
    key: Option<String>,
    value: Option<String>,
    headers: Vec<(String, Option<String>)>,
    timestamp: i64,
}

/// The bundles of the older version: 4 delivered, 2 whose delivery is in doubt at the stop, 6 with their parents only.
struct Bundles {
    all: Vec<Bundle>,
}

impl Bundles {
    fn new() -> Self {
        Self { all: bundles(12, &mut fastrand::Rng::with_seed(71)) }
    }

    fn delivered(&self) -> &[Bundle] {
        &self.all[..4]
    }

    fn in_doubt(&self) -> &[Bundle] {
        &self.all[4..6]
    }

    fn open(&self) -> &[Bundle] {
        &self.all[6..]
    }

    /// The rest of the open bundles, and a duplicate of everything that came before.
    fn later(&self) -> Vec<Event> {
        self.all.iter().flat_map(Bundle::events).collect()
    }
}

impl Deployment {
    fn named(&self, (is_own, what): (bool, &str)) -> Topic {
        if is_own { self.own(what) } else { self.topic(what) }
    }
}

/// Runs an instance of another binary, and stops it in order.
fn run_older(deployment: &mut Deployment, binary: PathBuf) {
    let bundles = Bundles::new();
    deployment.binary = Some(binary);
    let mut instance = deployment.run("a");
    deployment.write_events(&bundles.delivered().iter().flat_map(Bundle::events).collect::<Vec<_>>());
    deployment.wait_for_deliveries(bundles.delivered());
    let hanging = Fault::always("POST", "/run/ondemand", Action::HangAfter);
    deployment.simulator.inject(Fault { times: Some(2), ..hanging });
    deployment.write_events(&bundles.in_doubt().iter().flat_map(Bundle::events).collect::<Vec<_>>());
    let parents = bundles.open().iter().map(|bundle| (true, bundle.parent.clone()));
    deployment.write_events(&parents.collect::<Vec<_>>());
    deployment.wait_for_entries(&deployment.own("bundle-changelog"), &bundles.all);
    until("the calls are under way", || deployment.folders() == 6);
    assert_eq!(instance.terminate(), Some(0));
    deployment.binary = None;
}

/// Starts this binary on the state of another one, until all bundles but the first `before` have a folder.
fn take_over(deployment: &Deployment, before: usize) {
    let bundles = Bundles::new();
    let mut instance = deployment.run("a");
    let restored = instance.metric(RESTORED, "");
    assert!(restored.abs() < 0.5, "{restored} records were restored");
    deployment.write_events(&bundles.later());
    deployment.wait_for_deliveries(&bundles.all[before..]);
    let submissions = deployment.read(&deployment.topic("submissions")).len();
    assert_eq!(submissions, bundles.all.len(), "no bundle is submitted twice");
    assert_eq!(deployment.dead_letters(), []);
    assert_eq!(instance.terminate(), Some(0));
}

#[test]
fn the_current_version_opens_the_state_of_an_older_one() {
    let Some(old) = std::env::var_os("SHEAF_TEST_OLD").map(PathBuf::from) else { return };
    let Some(mut deployment) = Deployment::open("e2e-upgrade") else { return };
    run_older(&mut deployment, old);
    if std::env::var_os("SHEAF_TEST_UPDATE_FIXTURES").is_some() {
        write_fixture(&deployment);
    }
    take_over(&deployment, 0);
    deployment.assert_exactly(&Bundles::new().all);
}

/// Old and new beside each other, with bundles that are open across each step.
#[test]
fn a_rolling_upgrade_of_two_instances_loses_and_doubles_nothing() {
    let Some(old) = std::env::var_os("SHEAF_TEST_OLD").map(PathBuf::from) else { return };
    let Some(mut deployment) = Deployment::open("e2e-rolling") else { return };
    let mut chance = fastrand::Rng::with_seed(72);
    let all = bundles(160, &mut chance);
    let events = shuffled(&all, 5, &mut chance);
    // A quarter before the upgrade, one after each instance of it, and the rest at its end.
    let mut quarters = events.chunks(events.len().div_ceil(4));
    let mut write = |deployment: &Deployment| deployment.write_events(quarters.next().expect("four quarters"));
    deployment.binary = Some(old);
    let mut running = [deployment.run("a"), deployment.run("b")];
    write(&deployment);
    deployment.binary = None;
    for (name, instance) in ["a", "b"].iter().zip(&mut running) {
        assert_eq!(instance.terminate(), Some(0), "{}", instance.log_text());
        write(&deployment);
        *instance = deployment.run(name);
        let restored = instance.metric(RESTORED, "");
        assert!(restored.abs() < 0.5, "{name} has restored {restored} records");
    }
    write(&deployment);
    deployment.wait_for_deliveries(&all);
    deployment.assert_exactly(&all);
    for mut instance in running {
        assert_eq!(instance.terminate(), Some(0), "{}", instance.log_text());
    }
}

#[test]
fn the_state_of_d6868c9_is_opened() {
    let Some(mut deployment) = Deployment::open("e2e-fixture") else { return };
    let directory = TempDir::new().expect("a directory");
    let unpacked = Command::new("tar").arg("xzf").arg(root().join(FIXTURE)).arg("-C").arg(directory.path()).status();
    assert!(unpacked.expect("tar").success());
    let lines = std::fs::read_to_string(directory.path().join("topics.jsonl")).expect("the topics");
    let lines: Vec<Line> = lines.lines().map(|line| serde_json::from_str(line).expect("a line")).collect();
    write_topics(&deployment, &lines);
    // Deadlines, look-ups and retentions count from the time of the records, and this test runs ever later.
    deployment.set_behind(now().since(end_of(&lines)));
    let store_root = deployment.state("a");
    std::fs::create_dir_all(store_root.parent().expect("a parent")).expect("made");
    std::fs::rename(directory.path().join("state"), &store_root)
        .or_else(|_other_disk| copy(directory.path(), &store_root))
        .expect("moved");
    // This deployment's Control-M does not have the folders of the older one. The two in doubt are looked up, not found, and submitted.
    let bundles = Bundles::new();
    let delivered = bundles.delivered();
    take_over(&deployment, delivered.len());
    assert_eq!(deployment.folders(), bundles.all.len() - delivered.len());
}

/// A minute after the latest record.
fn end_of(lines: &[Line]) -> Timestamp {
    let written = lines.iter().filter_map(|line| line.record.as_ref()).map(|record| record.timestamp);
    Timestamp::from_millis(written.max().expect("records")).saturating_add(Duration::from_mins(1))
}

fn copy(from: &std::path::Path, to: &std::path::Path) -> std::io::Result<()> {
    let status = Command::new("cp").arg("-r").arg(from.join("state")).arg(to).status()?;
    if status.success() { Ok(()) } else { Err(std::io::Error::other("cp")) }
}

fn write_fixture(deployment: &Deployment) {
    let directory = TempDir::new().expect("a directory");
    let copied = Command::new("cp").arg("-r").arg(deployment.state("a")).arg(directory.path().join("state")).status();
    assert!(copied.expect("cp").success());
    let mut lines = Vec::new();
    for (topic, name) in TOPICS.into_iter().enumerate() {
        let partitions: Vec<_> =
            (0..PARTITIONS).map(|number| TopicPartition::new(&deployment.named(name), number)).collect();
        for partition in &partitions {
            let records = deployment.fixture.read(Isolation::ReadCommitted, partition);
            lines.extend(records.into_iter().map(|record| Line {
                topic,
                partition: partition.partition,
                offset: record.offset,
                record: Some(Content::of(&record)),
            }));
        }
        for (partition, offset) in
            partitions.iter().zip(deployment.fixture.group_offsets(&deployment.application(), &partitions))
        {
            if let Some(offset) = offset {
                lines.push(Line { topic, partition: partition.partition, offset, record: None });
            }
        }
    }
    let text: String =
        lines.iter().flat_map(|line| [serde_json::to_string(line).expect("JSON"), "\n".to_owned()]).collect();
    std::fs::write(directory.path().join("topics.jsonl"), text).expect("written");
    let packed = Command::new("tar")
        .arg("czf")
        .arg(root().join(FIXTURE))
        .arg("-C")
        .arg(directory.path())
        .args(["state", "topics.jsonl"])
        .status();
    assert!(packed.expect("tar").success());
}

/// Writes all records at their offsets. A missing offset is the marker of a transaction, so each run of offsets is written in its own
/// transaction.
fn write_topics(deployment: &Deployment, lines: &[Line]) {
    let mut by_partition: BTreeMap<TopicPartition, Vec<&Line>> = BTreeMap::new();
    let mut committed = Vec::new();
    for (topic, name) in TOPICS.into_iter().enumerate() {
        let topic_name = deployment.named(name);
        let config = if name.1.ends_with("-changelog") { vec![("cleanup.policy", "compact")] } else { Vec::new() };
        if name.0 {
            deployment.fixture.topic_with(
                &format!("app-{}", name.1),
                PARTITIONS,
                &[&config[..], &[("max.message.bytes", "10485760")]].concat(),
            );
        } else if name.1 == "submissions" {
            deployment.fixture.topic(name.1, PARTITIONS);
        }
        for line in lines.iter().filter(|line| line.topic == topic) {
            let partition = TopicPartition::new(&topic_name, line.partition);
            match line.record {
                Some(_) => by_partition.entry(partition).or_default().push(line),
                None => committed.push((partition, line.offset)),
            }
        }
    }
    let mut producer = deployment.fixture.producer("fixture", &[]);
    for (partition, lines) in &by_partition {
        for run in lines.chunk_by(|one, next| one.offset + 1 == next.offset) {
            let records: Vec<OutRecord> =
                run.iter().filter_map(|line| Some(line.record.as_ref()?.record(partition))).collect();
            producer.transact(&records, LIMIT).expect("written");
        }
        let written = deployment.fixture.read(Isolation::ReadCommitted, partition);
        let offsets = |line: &&Line| line.offset;
        assert_eq!(
            written.iter().map(|record| record.offset).collect::<Vec<_>>(),
            lines.iter().map(offsets).collect::<Vec<_>>()
        );
    }
    deployment.fixture.commit_group_offsets(&deployment.application(), &committed);
}

impl Content {
    fn of(record: &Record) -> Self {
        Self {
            key: record.key.as_deref().map(hex),
            value: record.value.as_deref().map(hex),
            headers: record
                .headers
                .iter()
                .map(|it| (it.name.clone().into_owned(), it.value.as_deref().map(hex)))
                .collect(),
            timestamp: record.timestamp.as_millis(),
        }
    }

    fn record(&self, to: &TopicPartition) -> OutRecord {
        let mut headers = Headers::new();
        for (name, value) in &self.headers {
            headers.push(name.clone(), value.as_deref().map(bytes));
        }
        OutRecord {
            topic: to.topic.clone(),
            partition: Some(to.partition),
            key: self.key.as_deref().map(|key| Key::from_bytes(bytes(key))),
            value: self.value.as_deref().map(bytes),
            headers,
            timestamp: Some(Timestamp::from_millis(self.timestamp)),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    let digit = |half: u8| char::from_digit(u32::from(half), 16).expect("less than 16");
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

fn bytes(hex: &str) -> Bytes {
    let digits: Vec<u32> = hex.chars().map(|digit| digit.to_digit(16).expect("hex")).collect();
    digits.chunks(2).map(|pair| u8::try_from(pair[0] * 16 + pair[1]).expect("a byte")).collect()
}
