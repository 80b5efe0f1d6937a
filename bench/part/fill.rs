//! Fills a changelog with entries as the bundle processor writes them: a head with one deadline, and a body.

use std::time::Duration;

use bytes::Bytes;
use sheaf::broker::{Broker, ProducerSpec};
use sheaf::codec::{Head, entry};
use sheaf::model::{Clock, Key, OutRecord, TaskId, Timer, TimerKind, Timestamp, TopicPartition};
use sheaf::runtime::SystemClock;

use crate::Result;

/// The time-out of a call to the broker.
pub(crate) const TIMEOUT: Duration = Duration::from_mins(1);
/// The entries of a transaction.
const BATCH: u64 = 10_000;
/// The approximate bytes of an entry's envelope and head.
const HEAD_BYTES: usize = 20;

/// The entries to write.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entries {
    /// Their number.
    pub(crate) count: u64,
    /// The bytes of the key and the value of each.
    pub(crate) bytes: usize,
    /// The due time of their deadlines.
    pub(crate) due: Timestamp,
}

impl Entries {
    /// Entries of this number and size, due in a day.
    pub(crate) fn of(count: u64, bytes: usize) -> Self {
        Self { count, bytes, due: Timestamp::from_millis(SystemClock.now().as_millis() + 86_400_000) }
    }
}

/// Writes entries under random uuids into a changelog, after a genesis of this task if there is none.
pub(crate) fn fill(
    broker: &dyn Broker,
    changelog: &TopicPartition,
    entries: Entries,
    genesis: Option<&TaskId>,
) -> Result<()> {
    let spec = ProducerSpec::transactional(&format!("fill-{changelog}"));
    let mut producer = broker.producer(&spec)?;
    producer.init(TIMEOUT)?;
    let mut chance = fastrand::Rng::with_seed(u64::try_from(changelog.partition)?);
    let mut next = 0;
    while next < entries.count {
        producer.begin()?;
        if let (0, Some(task)) = (next, genesis) {
            let (key, value) = (Key::from_slice(b"\0sheaf-genesis"), genesis_value(&task.to_string()));
            producer.produce(&OutRecord::logged(changelog, key, Some(value)))?;
        }
        for _ in next..entries.count.min(next + BATCH) {
            let key = Key::new(&uuid::Uuid::from_u128(chance.u128(..)).hyphenated().to_string());
            let value = value(&mut chance, entries.bytes.saturating_sub(key.as_bytes().len()), entries.due)?;
            producer.produce(&OutRecord::logged(changelog, key, Some(value)))?;
        }
        next += BATCH;
        producer.drain(TIMEOUT)?;
        producer.commit(TIMEOUT)?;
    }
    Ok(())
}

fn genesis_value(task: &str) -> Bytes {
    let id = uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_OID, task.as_bytes());
    Bytes::from(serde_json::json!({ "store": id, "task": task, "incarnation": id, "sheaf": "bench" }).to_string())
}

/// An entry of about this size; half of its bytes are compressible.
fn value(chance: &mut fastrand::Rng, bytes: usize, due: Timestamp) -> Result<Bytes> {
    let head = Head { timers: vec![Timer { kind: TimerKind::Deadline(0), due }], ..Head::default() };
    let body: Vec<u8> =
        (0..bytes.saturating_sub(HEAD_BYTES)).map(|at| if at % 2 == 0 { chance.u8(..) } else { b'e' }).collect();
    let mut value = Vec::with_capacity(bytes);
    entry::encode(&head, 1, &body, &mut value)?;
    Ok(Bytes::from(value))
}
