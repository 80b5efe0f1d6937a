//! What `scripts/soak kill` runs: instances are killed in turn under a constant load, for as many rounds as it is told.
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
//! | `figures` | what is counted, kept in a file, so that a second call goes on |
//! | `crew` | the three instances, their kills, and what their logs say |
//! | `round` | a kill, and how long it takes until everything comes out again |
//!
//! **Recovery** of a round is the time from the kill until *every* partition has handed out a submission for a bundle
//! whose last member was written after the kill. It includes the time until the next bundle completes in each partition
//! (some 0.2 s at 150 events per second), so it is an upper bound.

mod crew;
mod figures;
mod round;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::cluster::KafkaCluster;
use super::e2e::stage::Stage;
use super::load::Load;
use super::scene::LIMIT;
use super::verifier::{Audit, From, Scope, Verifier};
use crew::Crew;
use figures::Figures;

/// How many rounds lie between two checkpoints.
const CHECKPOINT_ROUNDS: u64 = 25;
/// Topics are trimmed behind the verifier, so that the disk stays small.
const TRIMMED: [(&str, &str); 3] =
    [("retention.ms", "1200000"), ("segment.bytes", "16777216"), ("segment.ms", "300000")];

/// What is played with.
struct Soak {
    directory: PathBuf,
    stage: Stage,
    /// None once everything was written.
    load: Option<Load>,
    verifier: Verifier,
    crew: Crew,
    figures: Figures,
    chance: fastrand::Rng,
}

/// A variable of `scripts/soak`.
fn setting(name: &str) -> Option<u64> {
    std::env::var(format!("SHEAF_TEST_SOAK_{name}")).ok().and_then(|value| value.parse().ok())
}

#[test]
#[ignore = "takes as long as it is told: scripts/soak runs it"]
fn nothing_is_lost_or_duplicated_however_often_instances_are_killed() {
    let Ok(directory) = std::env::var("SHEAF_TEST_SOAK_DIR") else { return };
    let directory = PathBuf::from(directory);
    let rounds = setting("ROUNDS").unwrap_or(1_000);
    let brokers = setting("BROKERS").and_then(|count| u32::try_from(count).ok()).unwrap_or(3);
    let mut figures = Figures::load(&directory);
    let goes_on = figures.begin();
    if !goes_on {
        remove(&directory.join("kafka"));
        remove(&directory.join("stage"));
    }
    std::fs::create_dir_all(directory.join("stage")).expect("a directory");
    println!("starting {brokers} broker(s); {} of {rounds} rounds are done", figures.rounds);
    let cluster = KafkaCluster::start_kept(directory.join("kafka"), brokers);
    let mut stage = Stage::lasting(&figures.name(), cluster.bootstrap_servers(), directory.join("stage"));
    // Whoever takes over restores up to the end of what is open, so a dead one's transaction must not outlast its session.
    stage.properties.insert("transaction.timeout.ms", "6000");
    if std::env::var("SHEAF_TEST_SOAK_STRATEGY").is_ok_and(|strategy| strategy == "range") {
        stage.properties.insert("partition.assignment.strategy", "range");
    }
    let mut soak = Soak::open(directory, stage, figures, goes_on);
    while soak.figures.rounds < rounds && !soak.is_asked_to_stop() {
        soak.round();
        if soak.figures.rounds.is_multiple_of(CHECKPOINT_ROUNDS) {
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
    fn open(directory: PathBuf, stage: Stage, figures: Figures, goes_on: bool) -> Self {
        if !goes_on {
            for topic in ["parents", "children", "submissions"] {
                stage.scene.topic_with(topic, super::e2e::stage::PARTITIONS, &TRIMMED);
            }
        }
        let crew = Crew::start(&stage);
        let scope = Scope {
            bootstrap_servers: stage.scene.settings.bootstrap_servers.clone(),
            parents: stage.topic("parents").to_string(),
            children: stage.topic("children").to_string(),
            submissions: stage.topic("submissions").to_string(),
            application: stage.application(),
        };
        let verifier = Verifier::open(&scope, if goes_on { From::End } else { From::Beginning });
        // Another seed for each call: events of an earlier one would be duplicates.
        let seed = figures.seed();
        let rate = setting("RATE").and_then(|rate| u32::try_from(rate).ok()).unwrap_or(150);
        let load = Some(Load::start(&stage, rate, seed));
        Self { directory, stage, load, verifier, crew, figures, chance: fastrand::Rng::with_seed(seed) }
    }

    fn is_asked_to_stop(&self) -> bool {
        self.directory.join("stop").exists()
    }

    /// Looks on until it is so.
    fn until(&mut self, what: &str, mut is_so: impl FnMut(&mut Self) -> bool) {
        let start = Instant::now();
        while !is_so(self) {
            if start.elapsed() > LIMIT {
                self.verifier.catch_up();
                let audit = self.verifier.audit(&folders(&self.stage));
                self.fail(what, &audit);
            }
            self.verifier.look();
        }
    }

    /// Looks on for so long.
    fn look_for(&mut self, time: Duration) {
        let start = Instant::now();
        while start.elapsed() < time {
            self.verifier.look();
        }
    }

    /// Lets everything come out, and compares all there is.
    fn checkpoint(&mut self) {
        let load = self.load.as_ref().expect("it runs");
        load.pause();
        self.figures.events = self.figures.events_before + load.events();
        self.drain();
        self.load.as_ref().expect("it runs").resume();
    }

    fn drain(&mut self) -> Audit {
        self.verifier.catch_up();
        self.until("everything complete has come out", |soak| soak.verifier.pending() == 0);
        self.verifier.catch_up();
        let audit = self.verifier.audit(&folders(&self.stage));
        self.stage.simulator.reset();
        self.figures.check(&audit);
        self.figures.save(&self.directory);
        println!("{}", self.figures.line());
        if !audit.is_right() {
            self.fail("the audit is right", &audit);
        }
        audit
    }

    /// Completes what was held back, checks all of it, and ends the instances in order.
    fn end(mut self) {
        let load = self.load.take().expect("it runs");
        self.figures.events = self.figures.events_before + load.complete();
        let audit = self.drain();
        assert_eq!(audit.open, 0, "what lacked a member was open until it came, and is complete now");
        self.crew.end(&mut self.figures);
        self.figures.finish();
        self.figures.save(&self.directory);
        println!("{}", self.figures.summary());
    }

    /// Keeps everything as it is for whoever looks into it.
    fn fail(&mut self, what: &str, audit: &Audit) -> ! {
        let said = format!("after round {}: it never came to it that {what}", self.figures.rounds);
        self.figures.failures.push(said.clone());
        self.figures.save(&self.directory);
        panic!("{said}\n{audit:#?}");
    }
}

/// Control-M's folders, and how often each was submitted.
fn folders(stage: &Stage) -> BTreeMap<String, u64> {
    stage.simulator.dump().folders.into_iter().map(|(name, folder)| (name, folder.submits)).collect()
}
