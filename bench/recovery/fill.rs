//! Fills a changelog with entries as the bundle processor writes them: a head with one deadline, and a body.

use std::time::Duration;

use bytes::Bytes;
use sheaf::broker::{Broker, Producer, ProducerSpec};
use sheaf::codec::{Head, entry};
use sheaf::model::{Headers, Key, OutRecord, Timer, TimerKind, Timestamp, TopicPartition};

use crate::Result;

/// How long one call to the broker may take.
pub(crate) const TIMEOUT: Duration = Duration::from_mins(1);
/// How many entries one transaction holds.
const BATCH: u64 = 10_000;
/// What an entry's envelope and head take, about.
const HEAD_BYTES: usize = 20;

/// What is written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entries {
    /// How many.
    pub(crate) count: u64,
    /// How many bytes the key and the value of each have together.
    pub(crate) bytes: usize,
    /// When their deadlines are.
    pub(crate) due: Timestamp,
}

/// Writes entries under keys from `key`, behind a genesis when there is none.
pub(crate) fn fill(
    broker: &dyn Broker,
    changelog: &TopicPartition,
    entries: Entries,
    genesis: Option<&str>,
    mut key: impl FnMut(u64) -> Key,
) -> Result<()> {
    let spec = ProducerSpec { transactional_id: format!("fill-{changelog}"), tracked: Vec::new() };
    let mut producer = broker.producer(&spec)?;
    producer.init(TIMEOUT)?;
    let mut chance = fastrand::Rng::with_seed(1);
    let mut next = 0;
    while next < entries.count {
        producer.begin()?;
        if let (0, Some(task)) = (next, genesis) {
            produce(&mut *producer, changelog, Bytes::from_static(b"\0sheaf-genesis"), genesis_value(task))?;
        }
        for number in next..entries.count.min(next + BATCH) {
            let key = key(number);
            let value = value(&mut chance, entries.bytes.saturating_sub(key.as_bytes().len()), entries.due)?;
            produce(&mut *producer, changelog, key.bytes(), value)?;
        }
        next += BATCH;
        producer.drain(TIMEOUT)?;
        producer.commit(TIMEOUT)?;
    }
    Ok(())
}

fn produce(producer: &mut dyn Producer, changelog: &TopicPartition, key: Bytes, value: Bytes) -> Result<()> {
    let record = OutRecord {
        topic: changelog.topic.clone(),
        partition: Some(changelog.partition),
        key: Some(key),
        value: Some(value),
        headers: Headers::new(),
        timestamp: None,
    };
    Ok(producer.produce(&record)?)
}

fn genesis_value(task: &str) -> Bytes {
    let id = uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_OID, task.as_bytes());
    Bytes::from(serde_json::json!({ "store": id, "task": task, "incarnation": id, "sheaf": "bench" }).to_string())
}

/// An entry of about so many bytes, half of which repeat and half of which do not.
fn value(chance: &mut fastrand::Rng, bytes: usize, due: Timestamp) -> Result<Bytes> {
    let head = Head { timers: vec![Timer { kind: TimerKind::Deadline(0), due }], acts: Vec::new() };
    let body: Vec<u8> =
        (0..bytes.saturating_sub(HEAD_BYTES)).map(|at| if at % 2 == 0 { chance.u8(..) } else { b'e' }).collect();
    let mut value = Vec::with_capacity(bytes);
    entry::encode(&head, 1, &body, &mut value)?;
    Ok(Bytes::from(value))
}
