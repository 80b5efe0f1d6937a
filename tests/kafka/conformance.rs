//! The conformance suite against real Kafka.
#![expect(clippy::disallowed_methods, reason = "real Kafka's time passes by itself")]

use std::time::Duration;

use sheaf::broker::Broker;

use super::scene::Scene;
use crate::conformance::{Cluster, run};

impl Cluster for Scene {
    fn broker(&self) -> &dyn Broker {
        &*self.broker
    }

    fn advance(&self, time: Duration) {
        std::thread::sleep(time);
    }

    fn unique_name(&self, name: &str) -> String {
        self.fresh_name(name)
    }

    fn record_bytes_max(&self) -> usize {
        usize::try_from(self.settings.message_max_bytes).expect("64 bits")
    }
}

#[test]
fn kafka_behaves_as_the_suite_expects() {
    if super::cluster::left_out() {
        return;
    }
    run(&|| Box::new(Scene::open("conformance").expect("real Kafka is not left out").cooperative()));
}
