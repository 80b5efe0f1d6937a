//! A worker that completes each task at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use bytes::Bytes;
use sheaf::broker::kafka::KafkaBroker;
use sheaf::broker::{Broker, Isolation, ProducerSpec, Start};
use sheaf::model::{Key, OutRecord, Record, Topic};

use crate::Result;
use crate::fill::TIMEOUT;

/// The tasks of a transaction.
const BATCH: usize = 10_000;
/// The time-out of a poll.
const WAIT: Duration = Duration::from_millis(20);

/// The running worker.
pub(crate) struct Worker {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Result<u64>>,
}

impl Worker {
    /// Starts to read a queue that is there already, and to answer in a topic.
    pub(crate) fn start(broker: &KafkaBroker, queue: &Topic, answers: &Topic) -> Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let partitions = broker.admin()?.partitions(queue, TIMEOUT)?;
        let starts: Vec<_> = partitions.into_iter().map(|partition| (partition, Start::Beginning)).collect();
        let mut reader = broker.reader(Isolation::ReadCommitted)?;
        reader.assign(&starts)?;
        let mut producer = broker.producer(&ProducerSpec::transactional("worker"))?;
        producer.init(TIMEOUT)?;
        let (answers, stopped) = (answers.clone(), Arc::clone(&stop));
        let thread = std::thread::spawn(move || -> Result<u64> {
            let (mut records, mut answered) = (Vec::new(), 0);
            while !stopped.load(Ordering::Relaxed) {
                reader.poll(BATCH, &mut records, WAIT)?;
                if records.is_empty() {
                    continue;
                }
                producer.begin()?;
                for record in records.drain(..) {
                    producer.produce(&answer(&record, &answers)?)?;
                    answered += 1;
                }
                producer.commit(TIMEOUT)?;
            }
            Ok(answered)
        });
        Ok(Self { stop, thread })
    }

    /// Stops it; how many tasks it has answered.
    pub(crate) fn stop(self) -> Result<u64> {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().map_err(|_panic| "the worker has panicked")?
    }
}

fn answer(task: &Record, topic: &Topic) -> Result<OutRecord> {
    let mut answer: serde_json::Value = serde_json::from_slice(task.value.as_deref().unwrap_or_default())?;
    let fields = answer.as_object_mut().ok_or("a task is an object")?;
    fields.insert("event_name".to_owned(), "TaskCompleted".into());
    fields.insert("result".to_owned(), serde_json::json!({ "by": "worker" }));
    let key = Key::new(fields.get("business_ref_no").and_then(serde_json::Value::as_str).unwrap_or_default());
    Ok(OutRecord::keyed(topic, &key, Bytes::from(answer.to_string())))
}
