//! The deployment of a test: its own topics and application, a simulated Control-M, and readers independent of the runtime.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use bytes::Bytes;
use sheaf::broker::kafka::KafkaSettings;
use sheaf::broker::{Isolation, Start};
use sheaf::mock::control_m::{Simulator, SimulatorHandle, SimulatorSettings};
use sheaf::model::{OutRecord, Record, Topic, TopicPartition};
use sheaf::runtime::SystemClock;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use super::super::cluster::root;
use super::super::fixture::{Fixture, LIMIT, until};
use super::clock::WallClock;
use super::process::{Process, binary};

/// The partitions of every topic of a test.
pub(crate) const PARTITIONS: i32 = 4;

/// The deployment of one test. Its processes must be dropped before it.
pub(crate) struct Deployment {
    pub(crate) fixture: Fixture,
    pub(crate) simulator: SimulatorHandle,
    /// `kafka.properties`.
    pub(crate) properties: BTreeMap<&'static str, &'static str>,
    /// Additional lines of every configuration.
    pub(crate) settings: Vec<String>,
    /// The binary of `sheaf`; `None`: the one under test.
    pub(crate) binary: Option<PathBuf>,
    /// The wall clock of its processes and of its events; `None`: this machine's.
    clock: Option<WallClock>,
    /// The topology's `bundle.sla`.
    pub(crate) sla: &'static str,
    /// `sources` and `bundle` of the topology, where `@name` stands for the topic `name` of the test; `None`: parents and children.
    pub(crate) sources: Option<String>,
    /// The path of the template.
    pub(crate) template: PathBuf,
    /// The topic of submissions that the topology names, if it names one.
    pub(crate) submissions: Option<Topic>,
    /// Additional lines of the section `control_m`.
    pub(crate) control_m: Vec<String>,
    pub(super) in_flight_max: u32,
    pub(super) directory: PathBuf,
    /// Removes the directory when dropped; `None` for a persistent one.
    _temporary: Option<TempDir>,
    starts: AtomicU32,
    runtime: Runtime,
}

impl Deployment {
    /// A deployment on the shared cluster, with its sources; `None` if tests on real Kafka are skipped.
    pub(crate) fn open(test: &str) -> Option<Self> {
        let deployment = Self::on(Fixture::open(test)?);
        deployment.create_sources();
        Some(deployment)
    }

    /// A deployment on another cluster, which need not run yet.
    pub(crate) fn at(test: &str, bootstrap_servers: &str) -> Self {
        Self::on(Fixture::on(test, KafkaSettings::new(bootstrap_servers)))
    }

    /// The same with the fixture's names and settings.
    pub(crate) fn on(fixture: Fixture) -> Self {
        let temporary = tempfile::Builder::new().prefix("sheaf-e2e-").tempdir().expect("a directory");
        let deployment = Self::on_in(fixture, temporary.path().to_owned());
        Self { _temporary: Some(temporary), ..deployment }
    }

    /// A deployment in a persistent directory, with given names.
    pub(crate) fn persistent(name: &str, bootstrap_servers: &str, directory: PathBuf) -> Self {
        Self::on_in(Fixture::named(name.to_owned(), KafkaSettings::new(bootstrap_servers)), directory)
    }

    fn on_in(fixture: Fixture, directory: PathBuf) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.expect("a runtime");
        let simulator = simulator(&runtime, |settings| settings);
        // Short time-outs, so that a killed member is noticed soon and rebalances are fast.
        let properties = BTreeMap::from([("session.timeout.ms", "6000"), ("heartbeat.interval.ms", "1000")]);
        let (settings, starts) = (Vec::new(), AtomicU32::new(0));
        let submissions = Some(Topic::new(&fixture.name("submissions")));
        Self {
            fixture,
            simulator,
            properties,
            settings,
            binary: None,
            clock: None,
            sla: "24h",
            sources: None,
            template: "templates/bundle.json".into(),
            submissions,
            control_m: vec!["api_key: key".to_owned()],
            in_flight_max: 16,
            directory,
            _temporary: None,
            starts,
            runtime,
        }
    }

    /// Replaces the simulator by one with other settings.
    pub(crate) fn with_simulator(mut self, change: impl FnOnce(SimulatorSettings) -> SimulatorSettings) -> Self {
        self.simulator = simulator(&self.runtime, change);
        self
    }

    /// Changes the limit of calls in flight to Control-M.
    pub(crate) fn with_in_flight_max(mut self, in_flight_max: u32) -> Self {
        self.in_flight_max = in_flight_max;
        self
    }

    /// From now on, the wall clock of what it starts and the timestamps of what it writes are behind; by zero: they are this machine's.
    pub(crate) fn set_behind(&mut self, behind: Duration) {
        self.clock = (!behind.is_zero()).then(|| WallClock::behind(behind, &self.directory));
    }

    /// Creates the topics that events are written to.
    pub(crate) fn create_sources(&self) {
        self.fixture.topic("parents", PARTITIONS);
        self.fixture.topic("children", PARTITIONS);
    }

    /// The application id, which is also the group id.
    pub(crate) fn application(&self) -> String {
        self.fixture.name("app")
    }

    /// A topic of the test's configuration.
    pub(crate) fn topic(&self, what: &str) -> Topic {
        Topic::new(&self.fixture.name(what))
    }

    /// A topic that is owned by the application.
    pub(crate) fn own(&self, what: &str) -> Topic {
        Topic::new(&format!("{}-{what}", self.application()))
    }

    /// The state directory of an instance.
    pub(crate) fn state(&self, instance: &str) -> PathBuf {
        self.directory.join(format!("state-{instance}")).join(self.application())
    }

    /// Starts an instance and does not wait for it.
    pub(crate) fn start(&self, instance: &str) -> Process {
        self.start_in(instance, instance)
    }

    /// Starts an instance with environment variables.
    pub(crate) fn start_with(&self, instance: &str, environment: &[(&str, &str)]) -> Process {
        self.process(&["run"], instance, instance, environment)
    }

    /// Starts an instance with a given state directory.
    pub(crate) fn start_in(&self, instance: &str, state: &str) -> Process {
        self.command(&["run"], instance, state)
    }

    /// Starts any command with the configuration of an instance.
    pub(crate) fn command(&self, words: &[&str], instance: &str, state: &str) -> Process {
        self.process(words, instance, state, &[])
    }

    /// The same with environment variables.
    pub(crate) fn process(&self, words: &[&str], instance: &str, state: &str, environment: &[(&str, &str)]) -> Process {
        let number = self.starts.fetch_add(1, Ordering::Relaxed);
        let config = self.configure(instance, state, number);
        let log = self.directory.join(format!("{instance}-{number}.log"));
        let config = ["-c", config.to_str().expect("text")];
        let clock = self.clock.iter().flat_map(WallClock::environment);
        let environment: Vec<_> = clock.chain(environment.iter().copied()).collect();
        Process::start(self.binary.clone(), &[words, &config].concat(), &environment, log)
    }

    /// The command line of an operator, to be run: it asks an instance, and has the configuration of the first one, `a`.
    pub(crate) fn operator(&self, asked: &Process, words: &str) -> Command {
        let mut command = Command::new(binary());
        command.args(words.split_whitespace()).current_dir(root());
        command.env("SHEAF_URL", format!("http://{}", asked.address()));
        command.env("SHEAF_CONFIG", self.directory.join("a-0.yaml")).env_remove("SHEAF_LOG");
        command
    }

    /// Starts an instance and waits until it is ready.
    pub(crate) fn run(&self, instance: &str) -> Process {
        let mut process = self.start(instance);
        process.ready();
        process
    }

    /// Writes values without keys to a topic, in one transaction for each hundred.
    pub(crate) fn write<'a>(&self, values: impl IntoIterator<Item = (&'a Topic, Bytes)>) {
        let records: Vec<_> = values.into_iter().map(|(topic, value)| unkeyed(topic, Some(value))).collect();
        self.produce(&records);
    }

    /// Writes records, in one transaction for each hundred.
    pub(crate) fn produce(&self, records: &[OutRecord]) {
        let mut producer = self.fixture.producer(&format!("p{}", self.starts.fetch_add(1, Ordering::Relaxed)), &[]);
        for batch in records.chunks(100) {
            producer.begin().expect("begun");
            for record in batch {
                let timestamp = record.timestamp.or_else(|| Some(self.clock.as_ref()?.now()));
                producer.produce(&OutRecord { timestamp, ..record.clone() }).expect("produced");
            }
            producer.commit(LIMIT).expect("committed");
        }
    }

    /// All committed records of a topic up to its current end; none if the topic does not exist.
    pub(crate) fn read(&self, topic: &Topic) -> Vec<Record> {
        let mut admin = self.fixture.admin();
        let found = admin.describe(std::slice::from_ref(topic), LIMIT).expect("described");
        let count = found.first().and_then(Option::as_ref).map_or(0, |found| found.partitions);
        let ends: Vec<_> = (0..count)
            .map(|partition| TopicPartition::new(topic, partition))
            .map(|partition| (admin.watermarks(&partition, LIMIT).expect("watermarks").1, partition))
            .filter(|(end, _)| *end > 0)
            .collect();
        let mut records = Vec::new();
        if ends.is_empty() {
            return records;
        }
        let partitions: Vec<_> = ends.iter().map(|(_, partition)| partition.clone()).collect();
        let mut reader = self.fixture.reader(Isolation::ReadCommitted, &partitions, Start::Beginning);
        until("the reader has come to the end", || {
            reader.poll(1_000, &mut records, Duration::from_millis(200)).expect("polled");
            ends.iter().all(|(end, partition)| reader.position(partition).is_some_and(|position| position >= *end))
        });
        records
    }

    /// The dead letters.
    pub(crate) fn dead_letters(&self) -> Vec<Record> {
        self.read(&self.own("dead-letters"))
    }

    /// The number of folders at Control-M.
    pub(crate) fn folders(&self) -> usize {
        self.simulator.dump().folders.len()
    }
}

/// A simulator on a free port, which shows a folder after 2 s at most.
fn simulator(runtime: &Runtime, change: impl FnOnce(SimulatorSettings) -> SimulatorSettings) -> SimulatorHandle {
    let mut settings = SimulatorSettings::new(Arc::new(SystemClock), 7);
    settings.visibility_lag = Duration::ZERO..=Duration::from_secs(2);
    Simulator::start(change(settings), runtime.handle()).expect("a simulator")
}

/// A record without a key.
pub(crate) fn unkeyed(topic: &Topic, value: Option<Bytes>) -> OutRecord {
    OutRecord {
        topic: topic.clone(),
        partition: None,
        key: None,
        value,
        headers: sheaf::model::Headers::new(),
        timestamp: None,
    }
}
