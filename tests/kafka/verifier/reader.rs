//! Committed records of one topic, read with the verifier's own client.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::BorrowedMessage;
use rdkafka::{ClientConfig, Message as _, Offset, TopicPartitionList};

use super::From;

/// The time-out of a request, also during faults of brokers.
const LIMIT: Duration = Duration::from_mins(3);

/// A record.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub(super) partition: i32,
    pub(super) key: Option<Vec<u8>>,
    pub(super) value: Vec<u8>,
    /// The time of writing, in ms.
    pub(super) at_ms: i64,
    /// The time of reading, in ms.
    pub(super) seen_ms: i64,
}

/// Reads one topic. Each topic has its own client, because the end of a partition is reported without the topic's name.
pub(super) struct Reader {
    topic: String,
    consumer: BaseConsumer,
    /// The next offset of each partition.
    next: BTreeMap<i32, i64>,
    /// The partitions whose end was reached since the last assignment.
    ended: BTreeSet<i32>,
}

impl Reader {
    pub(super) fn open(bootstrap_servers: &str, topic: &str, from: From) -> Self {
        let consumer: BaseConsumer = ClientConfig::new()
            .set("bootstrap.servers", bootstrap_servers)
            .set("group.id", "verifier")
            .set("isolation.level", "read_committed")
            .set("enable.auto.commit", "false")
            .set("enable.partition.eof", "true")
            .set("auto.offset.reset", "error")
            .set("reconnect.backoff.max.ms", "500")
            .create()
            .expect("a consumer");
        let watermarks = |partition| retried(|| consumer.fetch_watermarks(topic, partition, Duration::from_secs(5)));
        let next = partitions(&consumer, topic)
            .into_iter()
            .map(|partition| (partition, watermarks(partition)))
            .map(|(partition, (low, high))| (partition, if from == From::End { high } else { low }))
            .collect();
        let mut reader = Self { topic: topic.to_owned(), consumer, next, ended: BTreeSet::new() };
        reader.assign();
        reader
    }

    /// Assigns the current offsets again, so that each partition reports its end once more.
    fn assign(&mut self) {
        let mut list = TopicPartitionList::new();
        for (partition, offset) in &self.next {
            list.add_partition_offset(&self.topic, *partition, Offset::Offset(*offset)).expect("an offset");
        }
        self.consumer.assign(&list).expect("assigned");
        self.ended.clear();
    }

    /// The next record; `None` at the time-out.
    pub(super) fn next(&mut self, timeout: Duration) -> Option<Found> {
        match self.consumer.poll(timeout)? {
            Ok(message) => {
                let found = found(&message);
                self.ended.remove(&found.partition);
                self.next.insert(found.partition, message.offset() + 1);
                Some(found)
            }
            Err(KafkaError::PartitionEOF(partition)) => {
                self.ended.insert(partition);
                None
            }
            Err(error) => {
                let lost = [RDKafkaErrorCode::AutoOffsetReset, RDKafkaErrorCode::OffsetOutOfRange];
                let is_lost = error.rdkafka_error_code().is_some_and(|code| lost.contains(&code));
                assert!(!is_lost, "{}: records were deleted before they were verified: {error}", self.topic);
                None // A broker that is down is restarted.
            }
        }
    }

    /// All records up to the current end.
    pub(super) fn up_to_the_end(&mut self) -> Vec<Found> {
        self.assign();
        let mut all = Vec::new();
        let start = Instant::now();
        while self.ended.len() < self.next.len() {
            assert!(start.elapsed() < LIMIT, "timed out reading {} to its end", self.topic);
            all.extend(self.next(Duration::from_millis(50)));
        }
        all
    }
}

fn partitions(consumer: &BaseConsumer, topic: &str) -> Vec<i32> {
    retried(|| {
        let metadata = consumer.fetch_metadata(Some(topic), Duration::from_secs(5))?;
        let partitions =
            metadata.topics().first().map(rdkafka::metadata::MetadataTopic::partitions).unwrap_or_default();
        if partitions.is_empty() {
            return Err(KafkaError::MetadataFetch(RDKafkaErrorCode::UnknownTopicOrPartition));
        }
        Ok(partitions.iter().map(rdkafka::metadata::MetadataPartition::id).collect())
    })
}

fn retried<T>(mut call: impl FnMut() -> Result<T, KafkaError>) -> T {
    let start = Instant::now();
    loop {
        match call() {
            Ok(answer) => return answer,
            Err(error) => assert!(start.elapsed() < LIMIT, "the brokers do not answer: {error}"),
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}

fn found(message: &BorrowedMessage<'_>) -> Found {
    Found {
        partition: message.partition(),
        key: message.key().map(<[u8]>::to_vec),
        value: message.payload().unwrap_or_default().to_vec(),
        at_ms: message.timestamp().to_millis().expect("a timestamp"),
        seen_ms: now_ms(),
    }
}

/// The wall clock, which the brokers of a test share.
pub(crate) fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    i64::try_from(since.as_millis()).expect("before the year 292 million")
}
