//! Writes a stream of events without keys, at a rate or as fast as possible.
//!
//! Events that become due while a batch is acknowledged, or its transaction committed, belong to the next batch; these few
//! milliseconds are part of the measured latency, which counts from the call that produces the event.
#![expect(clippy::disallowed_methods, reason = "a load generator runs in real time")]

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use sheaf::broker::{Broker, Producer, ProducerSpec};
use sheaf::model::{Clock, Headers, OutRecord, Topic};
use sheaf::runtime::SystemClock;
use sheaf::sim::SampleEvent;
use uuid::Uuid;

use crate::Result;

/// The time-out of a call to the broker.
const TIMEOUT: Duration = Duration::from_secs(30);
/// The time between two transactions at a steady rate. Well above the time in which a transaction's markers are
/// written, because librdkafka sleeps for 20 ms when it meets them.
const TICK: Duration = Duration::from_millis(15);
/// The time between two batches without transactions.
const TICK_PLAIN: Duration = Duration::from_millis(2);
/// The most events of a batch.
const BATCH: u32 = 5_000;

/// The time at which the last member of each bundle was produced, on the uptime clock.
pub(crate) type Ends = Arc<Mutex<HashMap<Uuid, Duration>>>;

/// Writes events.
pub(crate) struct Writer {
    producer: Box<dyn Producer>,
    tick: Duration,
    parents: Topic,
    children: Topic,
}

impl Writer {
    /// A writer to sheaf's two sample topics, in transactions.
    pub(crate) fn new(broker: &dyn Broker, name: &str) -> Result<Self> {
        let spec = ProducerSpec::transactional(name);
        let mut producer = broker.producer(&spec)?;
        producer.init(TIMEOUT)?;
        Ok(Self::with(producer, TICK))
    }

    /// A writer without transactions: acknowledged records are visible at once.
    pub(crate) fn plain(broker: &dyn Broker) -> Result<Self> {
        Ok(Self::with(broker.producer(&ProducerSpec::default())?, TICK_PLAIN))
    }

    fn with(producer: Box<dyn Producer>, tick: Duration) -> Self {
        Self { producer, tick, parents: Topic::new("ctm-parent-events"), children: Topic::new("ctm-children-events") }
    }

    /// Writes all events; with a rate each at its time or later. Returns the time that it took.
    pub(crate) fn write(
        &mut self,
        stream: &mut impl Iterator<Item = (SampleEvent, bool)>,
        rate: Option<u32>,
        ends: &Ends,
    ) -> Result<Duration> {
        let started = SystemClock.uptime();
        let mut written: u32 = 0;
        loop {
            let due = match rate {
                None => BATCH,
                Some(rate) => {
                    due(rate, SystemClock.uptime().saturating_sub(started)).saturating_sub(written).min(BATCH)
                }
            };
            let batch = self.batch(stream, due, ends)?;
            written = written.saturating_add(batch);
            if batch < due {
                return Ok(SystemClock.uptime().saturating_sub(started));
            }
            if rate.is_some() {
                let since = SystemClock.uptime().saturating_sub(started).as_micros() % self.tick.as_micros();
                std::thread::sleep(self.tick.saturating_sub(Duration::from_micros(u64::try_from(since)?)));
            }
        }
    }

    /// Writes up to `count` events; returns their number.
    fn batch(
        &mut self,
        stream: &mut impl Iterator<Item = (SampleEvent, bool)>,
        count: u32,
        ends: &Ends,
    ) -> Result<u32> {
        let mut written = 0;
        for (event, is_last) in stream.take(usize::try_from(count)?) {
            if written == 0 {
                self.producer.begin()?;
            }
            if is_last {
                let mut ends = ends.lock().unwrap_or_else(PoisonError::into_inner);
                ends.insert(event.bundle, SystemClock.uptime());
            }
            self.producer.produce(&OutRecord {
                topic: if event.is_parent() { self.parents.clone() } else { self.children.clone() },
                partition: None,
                key: None,
                value: Some(Bytes::from(event.value.to_string())),
                headers: Headers::new(),
                timestamp: None,
            })?;
            written += 1;
        }
        if written > 0 {
            self.producer.commit(TIMEOUT)?;
        }
        Ok(written)
    }
}

/// The number of events that are due after a time.
fn due(rate: u32, elapsed: Duration) -> u32 {
    let due = elapsed.as_micros().saturating_mul(u128::from(rate)) / 1_000_000;
    u32::try_from(due).unwrap_or(u32::MAX)
}
