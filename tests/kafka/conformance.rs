//! The conformance suite against real Kafka.
#![expect(clippy::disallowed_methods, reason = "real Kafka's time passes by itself")]

use std::time::Duration;

use sheaf::broker::Broker;

use super::fixture::Fixture;
use crate::conformance::{Cluster, run};

impl Cluster for Fixture {
    fn broker(&self) -> &dyn Broker {
        &*self.broker
    }

    fn advance(&self, time: Duration) {
        std::thread::sleep(time);
    }

    fn unique_name(&self, name: &str) -> String {
        self.unique_name(name)
    }

    fn record_bytes_max(&self) -> usize {
        usize::try_from(self.settings.message_max_bytes).expect("64 bits")
    }
}

#[test]
fn kafka_behaves_as_the_suite_expects() {
    if super::cluster::is_skipped() {
        return;
    }
    run(&|| Box::new(Fixture::open("conformance").expect("a real Kafka").cooperative()));
}
