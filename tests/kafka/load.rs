//! A constant load: bundles in random order, without keys, some events duplicated, some withheld until the end.
//!
//! The expected outputs are computed from the topics alone, so an event that could not be written is no input.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rdkafka::ClientConfig;
use rdkafka::error::KafkaError;
use rdkafka::producer::{BaseRecord, DefaultProducerContext, Producer as _, ThreadedProducer};
use rdkafka::types::RDKafkaErrorCode;

use super::e2e::bundle::{Event, bundles};
use super::e2e::deployment::Deployment;

/// The interval of writes.
const TICK: Duration = Duration::from_millis(20);
/// The number of bundles that are opened at a time, and the most waiting events among which the next is drawn.
const BATCH: usize = 20;
const WAITING_MAX: usize = 150;
/// The longest outage of the brokers until an event is dropped.
const OUTAGE_MAX: Duration = Duration::from_mins(3);

/// Writes events until it is completed.
pub(crate) struct Load {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    pause: AtomicBool,
    is_paused: AtomicBool,
    end: AtomicBool,
    events: AtomicU64,
}

struct Writer {
    producer: ThreadedProducer<DefaultProducerContext>,
    parents: String,
    children: String,
    chance: fastrand::Rng,
    waiting: Vec<Event>,
    withheld: Vec<Event>,
    shared: Arc<Shared>,
}

impl Load {
    /// Writes events to the deployment's sources at a rate per second.
    pub(crate) fn start(deployment: &Deployment, events_per_second: u32, seed: u64) -> Self {
        let shared = Arc::new(Shared::default());
        let producer = ClientConfig::new()
            .set("bootstrap.servers", &deployment.fixture.settings.bootstrap_servers)
            .set("enable.idempotence", "true")
            .set("linger.ms", "5")
            .set("message.timeout.ms", OUTAGE_MAX.as_millis().to_string())
            .create()
            .expect("a producer");
        let mut writer = Writer {
            producer,
            parents: deployment.topic("parents").as_str().to_owned(),
            children: deployment.topic("children").as_str().to_owned(),
            chance: fastrand::Rng::with_seed(seed),
            waiting: Vec::new(),
            withheld: Vec::new(),
            shared: Arc::clone(&shared),
        };
        let thread = std::thread::spawn(move || writer.run(events_per_second));
        Self { shared, thread: Some(thread) }
    }

    /// The number of written events.
    pub(crate) fn events(&self) -> u64 {
        self.shared.events.load(Ordering::Relaxed)
    }

    /// Pauses until [`Load::resume`]; all written events are acknowledged when this returns.
    pub(crate) fn pause(&self) {
        self.shared.pause.store(true, Ordering::Relaxed);
        let start = Instant::now();
        while !self.shared.is_paused.load(Ordering::Relaxed) {
            assert!(start.elapsed() < 2 * OUTAGE_MAX, "the load does not pause");
            std::thread::sleep(TICK);
        }
    }

    /// Continues to write.
    pub(crate) fn resume(&self) {
        self.shared.is_paused.store(false, Ordering::Relaxed);
        self.shared.pause.store(false, Ordering::Relaxed);
    }

    /// Writes the waiting and the withheld events, which complete every bundle, and ends.
    pub(crate) fn complete(mut self) -> u64 {
        self.shared.end.store(true, Ordering::Relaxed);
        self.thread.take().expect("running").join().expect("the load has not failed");
        self.events()
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.shared.end.store(true, Ordering::Relaxed);
    }
}

impl Writer {
    fn run(&mut self, events_per_second: u32) {
        let (mut since, mut due) = (Instant::now(), 0.0);
        while !self.shared.end.load(Ordering::Relaxed) {
            if self.shared.pause.load(Ordering::Relaxed) {
                self.flush();
                self.shared.is_paused.store(true, Ordering::Relaxed);
                std::thread::sleep(TICK);
                since = Instant::now();
                continue;
            }
            self.shared.is_paused.store(false, Ordering::Relaxed);
            due += since.elapsed().as_secs_f64() * f64::from(events_per_second);
            since = Instant::now();
            while due >= 1.0 {
                due -= 1.0;
                self.next();
            }
            std::thread::sleep(TICK);
        }
        let mut rest = std::mem::take(&mut self.waiting);
        rest.append(&mut self.withheld);
        for event in &rest {
            self.write(event);
        }
        self.flush();
    }

    /// Writes one of the waiting events.
    fn next(&mut self) {
        while self.waiting.len() < WAITING_MAX {
            for bundle in bundles(BATCH, &mut self.chance) {
                let mut events = bundle.events();
                if self.chance.u32(..200) == 0 {
                    let held_back = events.swap_remove(self.chance.usize(..events.len()));
                    self.withheld.push(held_back);
                }
                self.waiting.append(&mut events);
            }
        }
        let event = self.waiting.swap_remove(self.chance.usize(..self.waiting.len()));
        self.write(&event);
        if self.chance.u32(..33) == 0 {
            self.waiting.push(event);
        }
    }

    fn write(&self, (is_parent, value): &Event) {
        let topic = if *is_parent { &self.parents } else { &self.children };
        let text = value.to_string();
        let mut record = BaseRecord::<(), str>::to(topic).payload(&text);
        while let Err((error, again)) = self.producer.send(record) {
            assert_eq!(error, KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), "an event is refused");
            std::thread::sleep(TICK);
            record = again;
        }
        self.shared.events.fetch_add(1, Ordering::Relaxed);
    }

    fn flush(&self) {
        self.producer.flush(OUTAGE_MAX).expect("the brokers are back");
    }
}
