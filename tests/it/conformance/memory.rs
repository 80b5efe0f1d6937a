//! The suite against the cluster in memory.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use sheaf::broker::Broker;
use sheaf::broker::memory::{MemoryBroker, Settings};
use sheaf::model::{Clock, Timestamp};

use super::Cluster;

/// A clock that only moves when it is advanced.
#[derive(Debug, Default)]
struct ManualClock(AtomicU64);

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(1_700_000_000_000).saturating_add(self.uptime())
    }

    fn uptime(&self) -> Duration {
        Duration::from_millis(self.0.load(Ordering::Relaxed))
    }
}

struct Memory {
    clock: Arc<ManualClock>,
    broker: MemoryBroker,
    names: AtomicU64,
}

impl Cluster for Memory {
    fn broker(&self) -> &dyn Broker {
        &self.broker
    }

    fn advance(&self, time: Duration) {
        let millis = u64::try_from(time.as_millis()).unwrap();
        self.clock.0.fetch_add(millis, Ordering::Relaxed);
    }

    fn unique_name(&self, name: &str) -> String {
        format!("{name}-{}", self.names.fetch_add(1, Ordering::Relaxed))
    }

    fn record_bytes_max(&self) -> usize {
        Settings::default().record_bytes_max
    }
}

#[test]
fn memory_behaves_as_kafka_does() {
    super::run(&|| {
        let clock = Arc::new(ManualClock::default());
        let broker = MemoryBroker::new(Settings::default(), Arc::<ManualClock>::clone(&clock));
        Box::new(Memory { clock, broker, names: AtomicU64::new(0) })
    });
}
