//! A constant load: bundles in random order, without keys, some events doubled, some held back until the end.
//!
//! What has to come of it is judged from the topics alone, so an event that could not be written is simply not there.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rdkafka::ClientConfig;
use rdkafka::error::KafkaError;
use rdkafka::producer::{BaseRecord, DefaultProducerContext, Producer as _, ThreadedProducer};
use rdkafka::types::RDKafkaErrorCode;

use super::e2e::bundle::{Event, bundles};
use super::e2e::stage::Stage;

/// How often events are written.
const TICK: Duration = Duration::from_millis(20);
/// How many bundles are begun at a time, and how many events wait at most among which the next one is drawn.
const BATCH: usize = 20;
const WAITING_MAX: usize = 150;
/// How long the brokers may be away before an event is given up.
const PATIENCE: Duration = Duration::from_mins(3);

/// Events that are written until it is told to end.
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
    /// Writes so many events per second to the stage's sources.
    pub(crate) fn start(stage: &Stage, events_per_second: u32, seed: u64) -> Self {
        let shared = Arc::new(Shared::default());
        let producer = ClientConfig::new()
            .set("bootstrap.servers", &stage.scene.settings.bootstrap_servers)
            .set("enable.idempotence", "true")
            .set("linger.ms", "5")
            .set("message.timeout.ms", PATIENCE.as_millis().to_string())
            .create()
            .expect("a producer");
        let mut writer = Writer {
            producer,
            parents: stage.topic("parents").as_str().to_owned(),
            children: stage.topic("children").as_str().to_owned(),
            chance: fastrand::Rng::with_seed(seed),
            waiting: Vec::new(),
            withheld: Vec::new(),
            shared: Arc::clone(&shared),
        };
        let thread = std::thread::spawn(move || writer.run(events_per_second));
        Self { shared, thread: Some(thread) }
    }

    /// How many events were written.
    pub(crate) fn events(&self) -> u64 {
        self.shared.events.load(Ordering::Relaxed)
    }

    /// Writes nothing until it is told to go on; everything written is with the brokers when this returns.
    pub(crate) fn pause(&self) {
        self.shared.pause.store(true, Ordering::Relaxed);
        let start = Instant::now();
        while !self.shared.is_paused.load(Ordering::Relaxed) {
            assert!(start.elapsed() < 2 * PATIENCE, "the load does not pause");
            std::thread::sleep(TICK);
        }
    }

    /// Goes on.
    pub(crate) fn resume(&self) {
        self.shared.is_paused.store(false, Ordering::Relaxed);
        self.shared.pause.store(false, Ordering::Relaxed);
    }

    /// Writes what waits and what was held back, which completes every bundle, and ends.
    pub(crate) fn complete(mut self) -> u64 {
        self.shared.end.store(true, Ordering::Relaxed);
        self.thread.take().expect("it runs").join().expect("the load has not failed");
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

    /// Writes one of the events that wait.
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
            assert_eq!(error, KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), "an event is not taken");
            std::thread::sleep(TICK);
            record = again;
        }
        self.shared.events.fetch_add(1, Ordering::Relaxed);
    }

    fn flush(&self) {
        self.producer.flush(PATIENCE).expect("the brokers come again");
    }
}
