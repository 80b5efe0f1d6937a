//! A steady stream of bundles, and the arrival times of the submissions of one partition.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use bytes::Bytes;
use sheaf::broker::{Broker, ProducerSpec, Purpose, Start};
use sheaf::model::{Clock, OutRecord, Topic, TopicPartition};
use sheaf::runtime::SystemClock;

use crate::Result;
use crate::fill::TIMEOUT;

/// The time between two transactions of the generator; each completes about one bundle of every partition.
const TICK: Duration = Duration::from_millis(20);
/// The bundles of a transaction.
const BUNDLES: usize = 4;

/// The running stream.
pub(crate) struct SteadyLoad {
    stop: Arc<AtomicBool>,
    arrivals: Arc<Mutex<Vec<Duration>>>,
    threads: Vec<JoinHandle<Result<()>>>,
}

impl SteadyLoad {
    /// Starts to write, and to read one partition of the submissions.
    pub(crate) fn start(broker: &Arc<dyn Broker>, submissions: &TopicPartition) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let arrivals = Arc::new(Mutex::new(Vec::new()));
        let writer = {
            let (broker, stop) = (Arc::clone(broker), Arc::clone(&stop));
            std::thread::spawn(move || write(&*broker, &stop))
        };
        let reader = {
            let (broker, stop, partition) = (Arc::clone(broker), Arc::clone(&stop), submissions.clone());
            let arrivals = Arc::clone(&arrivals);
            std::thread::spawn(move || read(&*broker, &partition, &stop, &arrivals))
        };
        Self { stop, arrivals, threads: vec![writer, reader] }
    }

    /// The longest time without a submission since a time, and their number; an error if a thread has ended.
    pub(crate) fn pause_since(&self, since: Duration) -> Result<(Duration, usize)> {
        if self.threads.iter().any(JoinHandle::is_finished) {
            return Err("the generator or the reader has ended; run again, and look at the broker's log".into());
        }
        let arrivals = self.arrivals.lock().unwrap_or_else(PoisonError::into_inner);
        let later: Vec<Duration> = arrivals.iter().copied().filter(|at| *at >= since).collect();
        let ends = later.iter().copied().chain([SystemClock.uptime()]);
        let begins = std::iter::once(since).chain(later.iter().copied());
        let longest = ends.zip(begins).map(|(end, begin)| end.saturating_sub(begin)).max().unwrap_or_default();
        Ok((longest, later.len()))
    }

    /// Stops both threads.
    pub(crate) fn stop(self) -> Result<()> {
        self.stop.store(true, Ordering::Relaxed);
        for thread in self.threads {
            thread.join().map_err(|_panic| "the generator or the reader has panicked")??;
        }
        Ok(())
    }
}

fn write(broker: &dyn Broker, stop: &AtomicBool) -> Result<()> {
    let spec = ProducerSpec::transactional("load");
    let mut producer = broker.producer(&spec)?;
    producer.init(TIMEOUT)?;
    let record =
        |topic, value: serde_json::Value| OutRecord::unkeyed(&Topic::new(topic), Bytes::from(value.to_string()));
    while !stop.load(Ordering::Relaxed) {
        producer.begin()?;
        for _ in 0..BUNDLES {
            let (parent, child) = (uuid::Uuid::new_v4(), uuid::Uuid::new_v4());
            producer.produce(&record("ctm-parent-events", serde_json::json!({ "id": parent })))?;
            producer
                .produce(&record("ctm-children-events", serde_json::json!({ "id": child, "parent_id": parent })))?;
        }
        producer.commit(TIMEOUT)?;
        std::thread::sleep(TICK);
    }
    Ok(())
}

fn read(
    broker: &dyn Broker,
    partition: &TopicPartition,
    stop: &AtomicBool,
    arrivals: &Mutex<Vec<Duration>>,
) -> Result<()> {
    let mut reader = broker.reader_to(Purpose::Follow)?;
    reader.assign(&[(partition.clone(), Start::Beginning)])?;
    let mut records = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        reader.poll(1_000, &mut records, Duration::from_millis(100))?;
        let now = SystemClock.uptime();
        arrivals.lock().unwrap_or_else(PoisonError::into_inner).extend(records.drain(..).map(|_| now));
    }
    Ok(())
}
