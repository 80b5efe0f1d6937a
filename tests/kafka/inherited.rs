//! Fifty thousand pending acts of 5 KB on a real Kafka, inherited after a restart; ignored by default:
//!
//! ```sh
//! cargo test --test it -- --ignored --nocapture --exact kafka::inherited::fifty_thousand_pending_acts_are_inherited_in_bounded_transactions
//! ```
#![expect(clippy::disallowed_methods, reason = "a stop-watch")]

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use sheaf::broker::Isolation;
use sheaf::broker::kafka::KafkaBroker;
use sheaf::codec::{self, Versioned};
use sheaf::metric::{Build, Metrics};
use sheaf::model::{
    Act, ActSlot, Completion, Execution, Key, Moment, Outcome, Reject, Sink, Target, Topic, TopicPartition, Verdict,
};
use sheaf::processor::{Effect, Input, Processor, Transition, by_key};
use sheaf::runtime::{Application, Instance, Settings};
use sheaf::store::rocks::{RocksOptions, RocksStores};
use sheaf::topology::Topology;

use super::fixture::{Fixture, LIMIT, keyed, until};

const ENTRIES: usize = 50_000;
const STATE_BYTES: usize = 5_000;
const SLOT: ActSlot = ActSlot(0);
/// The events of a transaction.
const BATCH: usize = 1_000;
const PARTITIONS: i32 = 4;
/// The limit of a transaction, in bytes of written entries.
const TRANSACTION_BYTES_MAX: usize = 16 << 20;

/// A payload.
#[derive(Clone)]
struct Payload(Bytes);

impl Versioned for Payload {
    const VERSION: u16 = 1;
    const NAME: &'static str = "payload";

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), codec::Error> {
        out.extend_from_slice(&self.0);
        Ok(())
    }

    fn decode(_version: u16, bytes: &[u8]) -> Result<Self, codec::Error> {
        Ok(Self(Bytes::copy_from_slice(bytes)))
    }
}

/// Decides an act for each record, and forwards one record for each act that it inherits.
struct Journal;

impl Processor for Journal {
    type State = Payload;

    fn step(
        &self,
        _key: &Key,
        state: Option<Payload>,
        input: Input,
        _at: Moment,
    ) -> Result<Transition<Payload>, Reject> {
        Ok(match (input, state) {
            (Input::Record(event), _) => {
                let (valid_for, request) = (Duration::from_hours(1), String::new());
                let act = Act { slot: SLOT, attempt: 1, to: Target::new("t"), valid_for, request };
                Transition::to(Payload(event.record.value.unwrap_or_default())).with(Effect::Act(act))
            }
            (Input::Outcome(Outcome { verdict: Verdict::Inherited, .. }), Some(state)) => {
                Transition::to(state).with(Effect::forward("inherited", "1")).with(Effect::Settle(SLOT))
            }
            (_, state) => Transition { state, effects: Vec::new() },
        })
    }
}

/// Takes all acts and answers none.
#[derive(Debug, Default)]
struct Silent(AtomicUsize);

impl Sink for Silent {
    fn execute(&self, _: Execution, _: Completion) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn capacity(&self, _: &Target) -> usize {
        usize::MAX
    }
}

#[test]
#[ignore = "a measurement of a minute"]
fn fifty_thousand_pending_acts_are_inherited_in_bounded_transactions() {
    let Some(fixture) = Fixture::open("inherited") else { return };
    let (events, outputs) = (fixture.topic("events", PARTITIONS), fixture.topic("outputs", PARTITIONS));
    let directory = tempfile::tempdir().expect("a directory");
    let start = || start(&fixture, (&events, &outputs), directory.path());

    let first = start();
    write(&fixture, &events);
    until("all acts are decided", || first.sink.0.load(Ordering::Relaxed) == ENTRIES);
    // The outcomes of the acts are not awaited for long: they stay pending.
    first.instance.stop().expect("stopped");

    let started = Instant::now();
    let second = start();
    let (mut seen, mut longest) = ((0, Instant::now()), Duration::ZERO);
    until("all acts are inherited", || {
        let count = second.metric("sheaf_producer_records_total", outputs.as_str());
        if count > seen.0 {
            longest = longest.max(seen.1.elapsed());
            seen = (count, Instant::now());
        }
        count >= ENTRIES
    });
    let took = started.elapsed();
    let transactions = second.metric("sheaf_producer_transactions_total", "committed");
    second.instance.stop().expect("stopped");
    println!(
        "{ENTRIES} pending acts of {STATE_BYTES} bytes: inherited {:.1} s after the start in {transactions} transactions; the \
         longest time without progress, the restore included, was {:.1} s",
        took.as_secs_f64(),
        longest.as_secs_f64()
    );
    let outputs = (0..PARTITIONS).map(|number| TopicPartition::new(&outputs, number));
    let inherited: usize = outputs.map(|output| fixture.read(Isolation::ReadCommitted, &output).len()).sum();
    assert_eq!(inherited, ENTRIES, "each once");
    assert!(transactions >= ENTRIES * STATE_BYTES / TRANSACTION_BYTES_MAX, "{transactions} transactions");
}

/// A running instance.
struct Running {
    instance: Instance,
    sink: Arc<Silent>,
    metrics: Arc<Metrics>,
}

impl Running {
    /// The sum of a metric over the lines with this word.
    fn metric(&self, name: &str, word: &str) -> usize {
        let text = self.metrics.encode().expect("text");
        let lines = text.lines().filter(|line| line.starts_with(name) && line.contains(word));
        lines.filter_map(|line| line.rsplit_once(' ')?.1.parse::<usize>().ok()).sum()
    }
}

fn start(fixture: &Fixture, (events, outputs): (&Topic, &Topic), directory: &Path) -> Running {
    let topology = Topology::builder("inherited")
        .processor("journal", Journal)
        .reads(events.as_str(), by_key)
        .writes("inherited", outputs.as_str());
    let topology = topology.build().expect("a topology");
    let application = fixture.name("app");
    let settings = Settings { stream_threads: 2, ..Settings::new(&application, "a") };
    let metrics = Arc::new(Metrics::of(&application, &Build::default(), &topology).expect("metrics"));
    let sink = Arc::new(Silent::default());
    let broker = KafkaBroker::new(fixture.settings.clone()).expect("settings");
    let stores = RocksStores::open(RocksOptions::new(directory)).expect("stores");
    let started = Application::new(topology, settings, broker, stores)
        .with_sink(sink.clone())
        .with_metrics(metrics.clone())
        .with_shutdown(Duration::from_secs(2))
        .start();
    Running { instance: started.expect("started"), sink, metrics }
}

fn write(fixture: &Fixture, events: &Topic) {
    let mut producer = fixture.producer("outside", &[]);
    let payload = "x".repeat(STATE_BYTES);
    for batch in 0..ENTRIES / BATCH {
        producer.begin().expect("begun");
        for number in 0..BATCH {
            producer.produce(&keyed(events, &format!("{batch}-{number}"), &payload)).expect("produced");
        }
        producer.drain(LIMIT).expect("drained");
        producer.commit(LIMIT).expect("committed");
    }
}
