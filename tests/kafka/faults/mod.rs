//! A cluster of three brokers whose brokers and instances die, stop and move, under load, judged by the verifier.
//!
//! | file | what |
//! |---|---|
//! | `kill` | instances that are killed in turn |
//! | `scale` | instances that come and go in order; a rolling restart |
//! | `zombie` | instances that are stopped, taken over, and wake up |
//! | `broker` | brokers that restart or are killed, leaders that move, coordinators that die |
//! | `shutdown` | an instance that is to end while no broker is there |
//!
//! All of them share one cluster and take turns on it. The topics have three replicas, of which two have to be in sync.

mod broker;
mod kill;
mod scale;
mod shutdown;
mod zombie;

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use super::cluster::{KafkaCluster, left_out};
use super::e2e::process::Process;
use super::e2e::stage::{PARTITIONS, Stage};
use super::load::Load;
use super::scene::LIMIT;
use super::verifier::{Audit, From, Scope, Verifier, now_ms};

/// The load, which two cores carry beside three brokers and three instances.
const EVENTS_PER_SECOND: u32 = 100;

/// The cluster, for one test at a time; `None` when real Kafka is left out.
fn cluster() -> Option<MutexGuard<'static, KafkaCluster>> {
    static CLUSTER: OnceLock<Mutex<KafkaCluster>> = OnceLock::new();
    if left_out() {
        return None;
    }
    let cluster = CLUSTER.get_or_init(|| Mutex::new(KafkaCluster::start(3)));
    let cluster = cluster.lock().unwrap_or_else(PoisonError::into_inner);
    cluster.start_again(); // Of a test that has failed, a broker may be down.
    Some(cluster)
}

/// A stage on three brokers, with a judge.
struct Trial {
    stage: Stage,
    verifier: Option<Verifier>,
}

impl Trial {
    fn open(test: &str, cluster: &KafkaCluster) -> Self {
        let stage = Stage::at(test, cluster.bootstrap_servers());
        stage.create_sources();
        Self { stage, verifier: None }
    }

    /// Starts these instances, and waits until all of them are ready.
    fn run(&self, names: &[&str]) -> Vec<Process> {
        let mut instances: Vec<_> = names.iter().map(|name| self.stage.start(name)).collect();
        instances.iter_mut().for_each(Process::ready);
        instances
    }

    /// A constant load, once an instance has made the topics.
    fn load(&self) -> Load {
        Load::start(&self.stage, EVENTS_PER_SECOND, 20_261_121)
    }

    fn verifier(&mut self) -> &mut Verifier {
        self.verifier.get_or_insert_with(|| {
            let scope = Scope {
                bootstrap_servers: self.stage.scene.settings.bootstrap_servers.clone(),
                parents: self.stage.topic("parents").to_string(),
                children: self.stage.topic("children").to_string(),
                submissions: self.stage.topic("submissions").to_string(),
                application: self.stage.application(),
            };
            Verifier::open(&scope, From::Beginning)
        })
    }

    /// Looks on until it is so.
    fn until(&mut self, what: &str, mut is_so: impl FnMut(&mut Verifier) -> bool) {
        let start = Instant::now();
        while !is_so(self.verifier()) {
            assert!(start.elapsed() < LIMIT, "it never came to it that {what}: {:#?}", self.audit());
            self.verifier().look();
        }
    }

    /// Waits until every partition gives output for what is written from now on; tells how long that took.
    fn recovers(&mut self, since_ms: i64) -> Duration {
        self.verifier().fresh_from(since_ms);
        self.until("every partition gives fresh output", |verifier| {
            i32::try_from(verifier.fresh().len()) == Ok(PARTITIONS)
        });
        let last = self.verifier().fresh().values().max().copied().unwrap_or_default();
        Duration::from_millis(u64::try_from(last - since_ms).unwrap_or_default())
    }

    /// The same, from now on.
    fn goes_on(&mut self) -> Duration {
        self.recovers(now_ms())
    }

    fn audit(&mut self) -> Audit {
        self.verifier().catch_up();
        let folders = self.stage.simulator.dump().folders;
        let folders: BTreeMap<_, _> = folders.into_iter().map(|(name, folder)| (name, folder.submits)).collect();
        self.verifier().audit(&folders)
    }

    /// Completes every bundle, and judges all that came out.
    fn complete(&mut self, load: Load) {
        let events = load.complete();
        self.verifier().catch_up();
        self.until("everything complete has come out", |verifier| verifier.pending() == 0);
        let audit = self.audit();
        audit.assert_right();
        assert_eq!(audit.open, 0, "what was held back came in the end");
        println!("{events} events, {} bundles: none lost, none doubled", audit.settled);
    }
}
