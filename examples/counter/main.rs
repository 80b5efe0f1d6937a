//! Runs a custom processor on a Kafka, with the same parts as `sheaf run`:
//!
//! ```sh
//! scripts/kafka start
//! cargo run --example counter -- 127.0.0.1:9092 target/counter-a
//! ```
//!
//! A second instance needs its own name and state directory. Ctrl-C stops an instance in order. `processor.rs` has the whole
//! processor; its tests are in `tests/it/driver/counter.rs`.

mod processor;

use std::time::Duration;

use anyhow::Context as _;
use sheaf::broker::kafka::{KafkaBroker, KafkaSettings};
use sheaf::runtime::{Application, Instance, Settings};
use sheaf::store::rocks::{RocksOptions, RocksStores};

const USAGE: &str = "usage: counter HOST:PORT,.. STATE-DIRECTORY [INSTANCE [SECONDS-OF-SILENCE]]";

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    tracing_subscriber::fmt().with_max_level(tracing::Level::INFO).with_writer(std::io::stderr).init();
    let mut arguments = std::env::args().skip(1);
    let servers = arguments.next().context(USAGE)?;
    let state = arguments.next().context(USAGE)?;
    let instance = arguments.next().unwrap_or_else(|| "a".to_owned());
    let silence = arguments.next().map_or(Ok(600), |seconds| seconds.parse()).context(USAGE)?;
    let topology = processor::topology(Duration::from_secs(silence))?;

    let broker = KafkaBroker::new(KafkaSettings::new(&servers))?;
    let stores = RocksStores::open(RocksOptions::new(state))?;
    let settings = Settings::new("counter", &instance);
    let application = Application::new(topology, settings, broker, stores);
    // Starts, stops and commits block on the broker, so they run on other threads.
    let instance = tokio::task::spawn_blocking(|| application.start()).await??;

    let failure = tokio::select! {
        _ = tokio::signal::ctrl_c() => None,
        failure = failed(&instance) => Some(failure),
    };
    let stopped = tokio::task::spawn_blocking(|| instance.stop()).await?;
    failure.map_or(stopped, Err).map_err(Into::into)
}

/// Waits until a thread of the instance has failed.
async fn failed(instance: &Instance) -> sheaf::runtime::Error {
    loop {
        if let Some(error) = instance.failure() {
            return error;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
