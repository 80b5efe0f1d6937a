//! Faults on a cluster of three brokers: brokers and instances are killed, stopped and moved under load, checked by the verifier.
//!
//! | file | what |
//! |---|---|
//! | `kill` | instances that are killed in turn |
//! | `scale` | orderly starts and stops; a rolling restart |
//! | `zombie` | instances that are paused, taken over, and resumed |
//! | `broker` | restarted and killed brokers, leader elections, killed coordinators |
//! | `shutdown` | a stop while all brokers are down |
//!
//! They share one cluster and run one after the other. The topics have three replicas, of which two have to be in sync.

mod broker;
mod kill;
mod scale;
mod shutdown;
mod zombie;

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use super::cluster::{KafkaCluster, is_skipped};
use super::e2e::deployment::{Deployment, PARTITIONS};
use super::e2e::process::Process;
use super::fixture::LIMIT;
use super::load::Load;
use super::verifier::{Audit, From, Scope, Verifier, now_ms};

/// The load, which fits on two cores beside three brokers and three instances.
const EVENTS_PER_SECOND: u32 = 100;

/// The cluster, for one test at a time; `None` if tests on real Kafka are skipped.
fn cluster() -> Option<MutexGuard<'static, KafkaCluster>> {
    static CLUSTER: OnceLock<Mutex<KafkaCluster>> = OnceLock::new();
    if is_skipped() {
        return None;
    }
    let cluster = CLUSTER.get_or_init(|| Mutex::new(KafkaCluster::start(3)));
    let cluster = cluster.lock().unwrap_or_else(PoisonError::into_inner);
    cluster.start_again(); // After a failed test a broker may be down.
    Some(cluster)
}

/// A deployment on three brokers, with a verifier.
struct VerifiedDeployment {
    deployment: Deployment,
    verifier: Option<Verifier>,
}

impl VerifiedDeployment {
    fn open(test: &str, cluster: &KafkaCluster) -> Self {
        let deployment = Deployment::at(test, cluster.bootstrap_servers());
        deployment.create_sources();
        Self { deployment, verifier: None }
    }

    /// Starts these instances, and waits until all of them are ready.
    fn run(&self, names: &[&str]) -> Vec<Process> {
        let mut instances: Vec<_> = names.iter().map(|name| self.deployment.start(name)).collect();
        instances.iter_mut().for_each(Process::ready);
        instances
    }

    /// A constant load; an instance has created the topics.
    fn load(&self) -> Load {
        Load::start(&self.deployment, EVENTS_PER_SECOND, 20_261_121)
    }

    fn verifier(&mut self) -> &mut Verifier {
        self.verifier.get_or_insert_with(|| {
            let scope = Scope {
                bootstrap_servers: self.deployment.fixture.settings.bootstrap_servers.clone(),
                parents: self.deployment.topic("parents").to_string(),
                children: self.deployment.topic("children").to_string(),
                submissions: self.deployment.topic("submissions").to_string(),
                application: self.deployment.application(),
            };
            Verifier::open(&scope, From::Beginning)
        })
    }

    /// Feeds the verifier until the condition is true.
    fn until(&mut self, what: &str, mut condition: impl FnMut(&mut Verifier) -> bool) {
        let start = Instant::now();
        while !condition(self.verifier()) {
            assert!(start.elapsed() < LIMIT, "timed out waiting until {what}: {:#?}", self.audit());
            self.verifier().poll();
        }
    }

    /// Waits until every partition has output for events written from now on; returns the time since `since_ms`.
    fn wait_for_recovery(&mut self, since_ms: i64) -> Duration {
        self.verifier().fresh_from(since_ms);
        self.until("every partition gives fresh output", |verifier| {
            i32::try_from(verifier.fresh().len()) == Ok(PARTITIONS)
        });
        let last = self.verifier().fresh().values().max().copied().unwrap_or_default();
        Duration::from_millis(u64::try_from(last - since_ms).unwrap_or_default())
    }

    /// Waits for fresh output of every partition; returns the time from now.
    fn wait_for_output(&mut self) -> Duration {
        self.wait_for_recovery(now_ms())
    }

    fn audit(&mut self) -> Audit {
        self.verifier().catch_up();
        let folders = self.deployment.simulator.dump().folders;
        let folders: BTreeMap<_, _> = folders.into_iter().map(|(name, folder)| (name, folder.submits)).collect();
        self.verifier().audit(&folders)
    }

    /// Completes every bundle, and audits all outputs.
    fn complete(&mut self, load: Load) {
        let events = load.complete();
        self.verifier().catch_up();
        self.until("everything complete has come out", |verifier| verifier.pending() == 0);
        let audit = self.audit();
        audit.assert_correct();
        assert_eq!(audit.open, 0, "every bundle is complete");
        println!("{events} events, {} bundles: none lost, none doubled", audit.settled);
    }
}
