//! State that an older sheaf has left behind: the next one opens it, restores nothing, and loses nothing.
//!
//! What the commit `d6868c9` wrote is in `tests/fixtures/d6868c9.tar.gz`: the state directory of an instance that was stopped in order, and
//! all records of its topics. The fixture is made by the test of the older binary itself, with `SHEAF_TEST_UPDATE_FIXTURES=1`;
//! `scripts/old d6868c9` builds that binary.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use sheaf::broker::Isolation;
use sheaf::mock::control_m::{Action, Fault};
use sheaf::model::{Headers, Key, OutRecord, Record, Timestamp, Topic, TopicPartition};
use tempfile::TempDir;

use super::super::cluster::root;
use super::super::scene::LIMIT;
use super::bundle::{Bundle, Event, bundles};
use super::process::until;
use super::stage::{PARTITIONS, Stage};

const FIXTURE: &str = "tests/fixtures/d6868c9.tar.gz";
/// How many records have been restored from changelogs.
const RESTORED: &str = "sheaf_store_restored_records_total";
/// Topics that hold state or input, by the names that a [`Stage`] gives them; true: the application's own.
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

/// What an older sheaf is given: 4 bundles that it delivers, 2 whose delivery is in doubt when it stops, 6 that it has the parents of.
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

impl Stage {
    fn named(&self, (is_own, what): (bool, &str)) -> Topic {
        if is_own { self.own(what) } else { self.topic(what) }
    }
}

/// Lets an instance of another binary work, and stops it in order.
fn leave_behind(stage: &mut Stage, binary: PathBuf) {
    let bundles = Bundles::new();
    stage.binary = Some(binary);
    let mut instance = stage.run("a");
    stage.write_events(&bundles.delivered().iter().flat_map(Bundle::events).collect::<Vec<_>>());
    stage.delivered(bundles.delivered());
    let hanging = Fault::always("POST", "/run/ondemand", Action::HangAfter);
    stage.simulator.inject(Fault { times: Some(2), ..hanging });
    stage.write_events(&bundles.in_doubt().iter().flat_map(Bundle::events).collect::<Vec<_>>());
    let parents = bundles.open().iter().map(|bundle| (true, bundle.parent.clone()));
    stage.write_events(&parents.collect::<Vec<_>>());
    stage.kept(&stage.own("bundle-changelog"), &bundles.all);
    until("the calls are under way", || stage.folders() == 6);
    assert_eq!(instance.terminate(), Some(0));
    stage.binary = None;
}

/// Starts this binary on what another one has left behind, until all bundles but the first `before` have a folder.
fn take_over(stage: &Stage, before: usize) {
    let bundles = Bundles::new();
    let mut instance = stage.run("a");
    let restored = instance.metric(RESTORED, "");
    assert!(restored.abs() < 0.5, "{restored} records were restored");
    stage.write_events(&bundles.later());
    stage.delivered(&bundles.all[before..]);
    let submissions = stage.read(&stage.topic("submissions")).len();
    assert_eq!(submissions, bundles.all.len(), "no bundle is submitted twice");
    assert_eq!(stage.dead_letters(), []);
    assert_eq!(instance.terminate(), Some(0));
}

#[test]
fn the_current_version_opens_the_state_of_an_older_one() {
    let Some(old) = std::env::var_os("SHEAF_TEST_OLD").map(PathBuf::from) else { return };
    let Some(mut stage) = Stage::open("e2e-upgrade") else { return };
    leave_behind(&mut stage, old);
    if std::env::var_os("SHEAF_TEST_UPDATE_FIXTURES").is_some() {
        write_fixture(&stage);
    }
    take_over(&stage, 0);
    stage.exactly(&Bundles::new().all);
}

#[test]
fn the_state_of_d6868c9_is_opened() {
    let Some(stage) = Stage::open("e2e-fixture") else { return };
    let directory = TempDir::new().expect("a directory");
    let unpacked = Command::new("tar").arg("xzf").arg(root().join(FIXTURE)).arg("-C").arg(directory.path()).status();
    assert!(unpacked.expect("tar").success());
    let lines = std::fs::read_to_string(directory.path().join("topics.jsonl")).expect("the topics");
    let lines: Vec<Line> = lines.lines().map(|line| serde_json::from_str(line).expect("a line")).collect();
    write_topics(&stage, &lines);
    let store_root = stage.state("a");
    std::fs::create_dir_all(store_root.parent().expect("a parent")).expect("made");
    std::fs::rename(directory.path().join("state"), &store_root)
        .or_else(|_other_disk| copy(directory.path(), &store_root))
        .expect("moved");
    // The folders that the older one had made are not in this stage's Control-M. The two in doubt are looked up, not found, and submitted.
    let bundles = Bundles::new();
    let delivered = bundles.delivered();
    take_over(&stage, delivered.len());
    assert_eq!(stage.folders(), bundles.all.len() - delivered.len());
}

fn copy(from: &std::path::Path, to: &std::path::Path) -> std::io::Result<()> {
    let status = Command::new("cp").arg("-r").arg(from.join("state")).arg(to).status()?;
    if status.success() { Ok(()) } else { Err(std::io::Error::other("cp")) }
}

fn write_fixture(stage: &Stage) {
    let directory = TempDir::new().expect("a directory");
    let copied = Command::new("cp").arg("-r").arg(stage.state("a")).arg(directory.path().join("state")).status();
    assert!(copied.expect("cp").success());
    let mut lines = Vec::new();
    for (topic, name) in TOPICS.into_iter().enumerate() {
        let partitions: Vec<_> =
            (0..PARTITIONS).map(|number| TopicPartition::new(&stage.named(name), number)).collect();
        for partition in &partitions {
            let records = stage.scene.read(Isolation::ReadCommitted, partition);
            lines.extend(records.into_iter().map(|record| Line {
                topic,
                partition: partition.partition,
                offset: record.offset,
                record: Some(Content::of(&record)),
            }));
        }
        for (partition, offset) in partitions.iter().zip(stage.scene.group_offsets(&stage.application(), &partitions)) {
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

/// Writes all records at their offsets. What is missing between two of them is the marker of a transaction, so each run of offsets
/// is written in a transaction of its own.
fn write_topics(stage: &Stage, lines: &[Line]) {
    let mut by_partition: BTreeMap<TopicPartition, Vec<&Line>> = BTreeMap::new();
    let mut committed = Vec::new();
    for (topic, name) in TOPICS.into_iter().enumerate() {
        let topic_name = stage.named(name);
        let config = if name.1.ends_with("-changelog") { vec![("cleanup.policy", "compact")] } else { Vec::new() };
        if name.0 {
            stage.scene.topic_with(
                &format!("app-{}", name.1),
                PARTITIONS,
                &[&config[..], &[("max.message.bytes", "10485760")]].concat(),
            );
        } else if name.1 == "submissions" {
            stage.scene.topic(name.1, PARTITIONS);
        }
        for line in lines.iter().filter(|line| line.topic == topic) {
            let partition = TopicPartition::new(&topic_name, line.partition);
            match line.record {
                Some(_) => by_partition.entry(partition).or_default().push(line),
                None => committed.push((partition, line.offset)),
            }
        }
    }
    let mut producer = stage.scene.producer("fixture", &[]);
    for (partition, lines) in &by_partition {
        for run in lines.chunk_by(|one, next| one.offset + 1 == next.offset) {
            let records: Vec<OutRecord> =
                run.iter().filter_map(|line| Some(line.record.as_ref()?.record(partition))).collect();
            producer.transact(&records, LIMIT).expect("written");
        }
        let written = stage.scene.read(Isolation::ReadCommitted, partition);
        let offsets = |line: &&Line| line.offset;
        assert_eq!(
            written.iter().map(|record| record.offset).collect::<Vec<_>>(),
            lines.iter().map(offsets).collect::<Vec<_>>()
        );
    }
    stage.scene.commit_group_offsets(&stage.application(), &committed);
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
