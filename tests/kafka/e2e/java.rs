//! Interoperation with Kafka's own client, in Java.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Output, Stdio};

use bytes::Bytes;
use sheaf::broker::Isolation;
use sheaf::model::{Key, OutRecord, TopicPartition};

use super::super::fixture::LIMIT;
use super::bundle::{bundles, shuffled};
use super::deployment::Deployment;

/// Runs `java` with Kafka's jars; `lines` are its standard input.
pub(crate) fn java(arguments: &[&str], lines: &str) -> Output {
    let mut child = command(arguments).spawn().expect("java");
    let mut input = child.stdin.take().expect("a pipe");
    input.write_all(lines.as_bytes()).expect("written");
    drop(input);
    child.wait_with_output().expect("java ends")
}

/// `java` with Kafka's jars, on pipes.
fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new("java");
    command
        .args(["-XX:TieredStopAtLevel=1", "-cp", &format!("{}/*", jars())])
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Kafka's tools in one process, because each start of Java takes more than a second. It ends when this is dropped.
pub(crate) struct Tools {
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    child: Child,
}

impl Tools {
    /// Starts the process.
    pub(crate) fn start() -> Self {
        let mut child = command(&["tests/kafka/e2e/Tools.java"]).spawn().expect("java");
        let (input, output) = (child.stdin.take().expect("a pipe"), child.stdout.take().expect("a pipe"));
        Self { input, output: BufReader::new(output), child }
    }

    /// Runs the `main` of a tool; it must not fail.
    pub(crate) fn run(&mut self, tool: &str, words: &[&str]) {
        writeln!(self.input, "{tool}\t{}", words.join("\t")).expect("a running process");
        let mut printed = String::new();
        while !printed.ends_with("-- done\n") {
            if self.output.read_line(&mut printed).expect("text") == 0 {
                let mut errors = String::new();
                let stderr = self.child.stderr.take();
                stderr.expect("a pipe").read_to_string(&mut errors).expect("text");
                panic!("{tool} {words:?}: {printed}{errors}");
            }
        }
    }
}

impl Drop for Tools {
    fn drop(&mut self) {
        // It may have ended.
        let (Ok(()) | Err(_)) = self.child.kill();
        let (Ok(_) | Err(_)) = self.child.wait();
    }
}

/// The directory of Kafka's jars.
pub(crate) fn jars() -> String {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/kafka");
    let output = Command::new(script).arg("jars").stdin(Stdio::null()).output().expect("the jars");
    String::from_utf8(output.stdout).expect("text").trim().to_owned()
}

/// Writes (topic, key, value) with Java's producer; returns the partition of each.
fn produce(deployment: &Deployment, records: &[(String, String, String)]) -> Vec<i32> {
    let lines: Vec<String> = records.iter().map(|(topic, key, value)| format!("{topic}\t{key}\t{value}")).collect();
    let output =
        java(&["tests/kafka/e2e/Produce.java", &deployment.fixture.settings.bootstrap_servers], &lines.join("\n"));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let printed = String::from_utf8(output.stdout).expect("text");
    let partition = |line: &str| line.rsplit_once('\t')?.1.parse().ok();
    let partitions: Vec<i32> = printed.lines().filter_map(partition).collect();
    assert_eq!(partitions.len(), records.len(), "{printed}");
    partitions
}

#[test]
fn records_of_a_java_producer_are_joined_with_and_without_keys() {
    let Some(deployment) = Deployment::open("e2e-java") else { return };
    let mut chance = fastrand::Rng::with_seed(3);
    let all = bundles(200, &mut chance);
    let events = shuffled(&all, 5, &mut chance);
    let records: Vec<_> = events
        .iter()
        .enumerate()
        .map(|(number, (is_parent, value))| {
            let topic = deployment.topic(if *is_parent { "parents" } else { "children" });
            let bundle = value[if *is_parent { "id" } else { "parent_id" }].as_str().expect("an id");
            let key = if number % 2 == 0 { bundle.to_owned() } else { String::new() };
            (topic.to_string(), key, value.to_string())
        })
        .collect();
    let mut instance = deployment.run("a");
    produce(&deployment, &records);
    deployment.wait_for_deliveries(&all);
    deployment.assert_exactly(&all);
    assert_eq!(instance.terminate(), Some(0));
}

#[test]
fn java_and_sheaf_choose_the_same_partition_for_the_same_key() {
    let Some(deployment) = Deployment::open("e2e-partitioner") else { return };
    let mut chance = fastrand::Rng::with_seed(4);
    let mut keys: Vec<String> = bundles(300, &mut chance).into_iter().map(|bundle| bundle.id).collect();
    keys.extend((1..100).map(|length| "k".repeat(length)));
    keys.extend(["ä", "束", "a b", "ключ"].map(str::to_owned));
    let (javas, sheafs) = (deployment.fixture.topic("java", 7), deployment.fixture.topic("sheaf", 7));
    let records: Vec<_> = keys.iter().map(|key| (javas.to_string(), key.clone(), "v".to_owned())).collect();
    let chosen: BTreeMap<String, i32> = keys.iter().cloned().zip(produce(&deployment, &records)).collect();

    let mut producer = deployment.fixture.producer("p", &[]);
    producer.begin().expect("begun");
    for key in &keys {
        let record = OutRecord::keyed(&sheafs, &Key::new(key), Bytes::from_static(b"v"));
        producer.produce(&record).expect("produced");
    }
    producer.commit(LIMIT).expect("committed");
    let mut seen = 0;
    for partition in 0..7 {
        for record in deployment.fixture.read(Isolation::ReadCommitted, &TopicPartition::new(&sheafs, partition)) {
            let key = String::from_utf8(record.key.expect("a key").to_vec()).expect("text");
            assert_eq!(chosen.get(&key), Some(&partition), "{key}");
            seen += 1;
        }
    }
    assert_eq!(seen, keys.len());
}
