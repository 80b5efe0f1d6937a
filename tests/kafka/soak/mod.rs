//! The test of `scripts/soak kill`: instances are killed in turn under a constant load, for a number of rounds.
//!
//! ```text
//!  load ──▶ 3 brokers ◀──▶ a, b, c ──▶ Control-M's simulator
//!                │            ▲ kill -9, start again
//!                ▼            │
//!            verifier ──▶ round, round, round, checkpoint, round, ...
//! ```
//!
//! | file | what |
//! |---|---|
//! | `figures` | the figures, saved in a file, so that a later call continues |
//! | `instances` | the three instances, their kills, and the messages of their logs |
//! | `round` | a kill, and the time until all partitions have output again |
//! | `usage` | memory and disk, measured in every round |
//!
//! **Recovery** of a round is the time from the kill until *every* partition has written a submission for a bundle
//! whose last member was written after the kill. It includes the time until the next bundle completes in each partition
//! (some 0.2 s at 150 events per second), so it is an upper bound.
//!
//! With `--every` there is a pause between two kills, and the last instance is never killed: what its memory does in hours
//! can be seen. Finished bundles are forgotten after ten minutes then.

mod figures;
mod instances;
mod round;
mod usage;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::cluster::KafkaCluster;
use super::e2e::configuration::SOURCES;
use super::e2e::deployment::Deployment;
use super::fixture::LIMIT;
use super::load::Load;
use super::verifier::{Audit, From, Scope, Verifier};
use figures::Figures;
use instances::Instances;

/// The number of rounds between two checkpoints.
const CHECKPOINT_ROUNDS: u64 = 25;
/// The same with a pause between two kills.
const CHECKPOINT_ROUNDS_SLOW: u64 = 5;
/// The topics are trimmed behind the verifier, to limit the disk usage.
const TRIMMED: [(&str, &str); 3] =
    [("retention.ms", "600000"), ("segment.bytes", "16777216"), ("segment.ms", "300000")];
/// The same for the topics that sheaf creates: only closed segments are compacted.
const SEGMENTS: [&str; 2] = ["log.segment.bytes=16777216", "log.retention.check.interval.ms=60000"];
/// The deadline of a bundle, and for how long it is remembered, if it is measured whether the disk stays flat.
const SHORT_MEMORY: &str = "24h, keep_closed: 10m";

/// The deployment, its load and its verifier.
struct Soak {
    directory: PathBuf,
    deployment: Deployment,
    /// `None` after all events were written.
    load: Option<Load>,
    verifier: Verifier,
    instances: Instances,
    figures: Figures,
    chance: fastrand::Rng,
    /// The pause between two kills.
    every: Duration,
}

/// A numeric variable of `scripts/soak`.
fn variable(name: &str) -> Option<u64> {
    std::env::var(format!("SHEAF_TEST_SOAK_{name}")).ok().and_then(|value| value.parse().ok())
}

/// The pause between two kills.
fn pause() -> Duration {
    Duration::from_secs(variable("EVERY").unwrap_or(0))
}

#[test]
#[ignore = "runs as long as scripts/soak requests"]
fn nothing_is_lost_or_duplicated_however_often_instances_are_killed() {
    let Ok(directory) = std::env::var("SHEAF_TEST_SOAK_DIR") else { return };
    let directory = PathBuf::from(directory);
    let rounds = variable("ROUNDS").unwrap_or(1_000);
    let brokers = variable("BROKERS").and_then(|count| u32::try_from(count).ok()).unwrap_or(3);
    let mut figures = Figures::load(&directory);
    let continues = figures.begin();
    if !continues {
        remove(&directory.join("kafka"));
        remove(&directory.join("stage"));
    }
    std::fs::create_dir_all(directory.join("stage")).expect("a directory");
    println!("starting {brokers} broker(s); {} of {rounds} rounds are done", figures.rounds);
    let every = pause();
    let cluster = KafkaCluster::start_persistent(directory.join("kafka"), brokers, &SEGMENTS);
    let mut deployment = Deployment::persistent(&figures.name(), cluster.bootstrap_servers(), directory.join("stage"));
    // A new owner waits for open transactions, so the transaction of a killed instance must not outlast its session.
    deployment.properties.insert("transaction.timeout.ms", "6000");
    if std::env::var("SHEAF_TEST_SOAK_STRATEGY").is_ok_and(|strategy| strategy == "range") {
        deployment.properties.insert("partition.assignment.strategy", "range");
    }
    let checkpoint_rounds = if every.is_zero() { CHECKPOINT_ROUNDS } else { CHECKPOINT_ROUNDS_SLOW };
    deployment.sources = (!every.is_zero()).then(|| SOURCES.replace("SLA", SHORT_MEMORY));
    let mut soak = Soak::open(directory, deployment, figures, continues);
    while soak.figures.rounds < rounds && !soak.is_asked_to_stop() {
        soak.verify_for(every);
        soak.round();
        soak.measure();
        if soak.figures.rounds.is_multiple_of(checkpoint_rounds) {
            soak.checkpoint();
        }
    }
    soak.end();
    cluster.stop();
}

fn remove(directory: &Path) {
    if directory.exists() {
        std::fs::remove_dir_all(directory).expect("removed");
    }
}

impl Soak {
    fn open(directory: PathBuf, deployment: Deployment, figures: Figures, continues: bool) -> Self {
        if !continues {
            for topic in ["parents", "children", "submissions"] {
                deployment.fixture.topic_with(topic, super::e2e::deployment::PARTITIONS, &TRIMMED);
            }
        }
        let instances = Instances::start(&deployment);
        let scope = Scope {
            bootstrap_servers: deployment.fixture.settings.bootstrap_servers.clone(),
            parents: deployment.topic("parents").to_string(),
            children: deployment.topic("children").to_string(),
            submissions: deployment.topic("submissions").to_string(),
            application: deployment.application(),
        };
        let verifier = Verifier::open(&scope, if continues { From::End } else { From::Beginning });
        // Another seed for each call: events of an earlier one would be duplicates.
        let seed = figures.seed();
        let rate = variable("RATE").and_then(|rate| u32::try_from(rate).ok()).unwrap_or(150);
        let load = Some(Load::start(&deployment, rate, seed));
        let chance = fastrand::Rng::with_seed(seed);
        Self { directory, deployment, load, verifier, instances, figures, chance, every: pause() }
    }

    fn is_asked_to_stop(&self) -> bool {
        self.directory.join("stop").exists()
    }

    /// Feeds the verifier until the condition is true.
    fn until(&mut self, what: &str, mut condition: impl FnMut(&mut Self) -> bool) {
        let start = Instant::now();
        while !condition(self) {
            if start.elapsed() > LIMIT {
                self.verifier.catch_up();
                let audit = self.verifier.audit(&folders(&self.deployment));
                self.fail(what, &audit);
            }
            self.verifier.poll();
        }
    }

    /// Feeds the verifier for some time.
    fn verify_for(&mut self, time: Duration) {
        let start = Instant::now();
        while start.elapsed() < time {
            self.verifier.poll();
        }
    }

    /// Records what is used now.
    fn measure(&mut self) {
        let usage = self.figures.measure(&self.directory, &self.deployment, self.instances.memory_mib());
        println!("{usage}");
    }

    /// Waits for all outputs, and audits them.
    fn checkpoint(&mut self) {
        let load = self.load.as_ref().expect("running");
        load.pause();
        self.figures.events = self.figures.events_before + load.events();
        self.drain();
        self.load.as_ref().expect("running").resume();
    }

    fn drain(&mut self) -> Audit {
        self.verifier.catch_up();
        self.until("everything complete has come out", |soak| soak.verifier.pending() == 0);
        self.verifier.catch_up();
        let audit = self.verifier.audit(&folders(&self.deployment));
        self.deployment.simulator.reset();
        self.figures.check(&audit);
        self.figures.save(&self.directory);
        println!("{}", self.figures.line());
        if !audit.is_correct() {
            self.fail("the audit is right", &audit);
        }
        audit
    }

    /// Completes all bundles, audits them, and stops the instances in order.
    fn end(mut self) {
        let load = self.load.take().expect("running");
        self.figures.events = self.figures.events_before + load.complete();
        let audit = self.drain();
        assert_eq!(audit.open, 0, "every bundle is complete");
        self.instances.end(&mut self.figures);
        self.figures.finish();
        self.figures.save(&self.directory);
        println!("{}", self.figures.summary());
    }

    /// Fails, and keeps all data for analysis.
    fn fail(&mut self, what: &str, audit: &Audit) -> ! {
        let log_text = format!("after round {}: timed out waiting until {what}", self.figures.rounds);
        self.figures.failures.push(log_text.clone());
        self.figures.save(&self.directory);
        panic!("{log_text}\n{audit:#?}");
    }
}

/// Control-M's folders, and the number of submits of each.
fn folders(deployment: &Deployment) -> BTreeMap<String, u64> {
    deployment.simulator.dump().folders.into_iter().map(|(name, folder)| (name, folder.submits)).collect()
}
