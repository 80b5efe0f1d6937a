//! Reads the messages to services, and writes their answers when they are due.
//!
//! An answer and the offset of what it answers are one transaction; an offset is that of the first message which is not answered yet.
//! So each message is answered exactly once, also after a kill.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;

use super::RetailSettings;
use super::service::{ANSWERS, CREDIT, MESSAGES, Message, REFUND, answer, order};
use crate::broker::{
    Broker, Consumer, ConsumerSpec, Error, GroupEvent, NewTopic, Producer, ProducerSpec, Result, Start, Waker,
};
use crate::model::{Headers, Key, OutRecord, Record, Topic, TopicPartition};

/// The consumer group, and the transactional id.
const GROUP: &str = "retail-services";
/// The partitions of topics that are not there yet.
const PARTITIONS: i32 = 4;
/// The time-out of a call to the broker.
const TIMEOUT: Duration = Duration::from_secs(15);
/// The most messages of a partition in one turn.
const FETCH_MAX: usize = 1_000;

/// What is waited for before a message is answered.
#[derive(Debug)]
struct Pending {
    due: Duration,
    message: Message,
}

/// A partition that is read: the answers that are not written yet, by the offset of what they answer, and the offset after all that was read.
#[derive(Debug, Default)]
struct Reading {
    pending: BTreeMap<i64, Pending>,
    next: i64,
    committed: i64,
}

/// What a service has done, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Done {
    /// The trace id.
    pub key: String,
    /// The type of what was written.
    pub kind: &'static str,
}

/// The services that live on topics.
pub struct Post {
    settings: RetailSettings,
    consumer: Box<dyn Consumer>,
    producer: Box<dyn Producer>,
    reading: BTreeMap<TopicPartition, Reading>,
    /// Partitions of which the start is not known yet.
    assigned: Option<Vec<TopicPartition>>,
    /// The number of placed orders, and when the next one is due.
    placed: (u32, Duration),
    /// The orders of the shop that are completed, as far as they were seen.
    completed: BTreeSet<String>,
}

impl fmt::Debug for Post {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { settings, reading, placed, completed, .. } = self;
        f.debug_struct("Post")
            .field("settings", settings)
            .field("reading", reading)
            .field("placed", placed)
            .field("completed", completed)
            .finish_non_exhaustive()
    }
}

impl Post {
    /// Creates the topics that are missing, and joins the group.
    ///
    /// # Errors
    /// Those of the broker.
    pub fn open(broker: &dyn Broker, settings: RetailSettings) -> Result<Self> {
        let topics = [MESSAGES, CREDIT, REFUND, ANSWERS].map(Topic::new);
        let new = |topic: &Topic| NewTopic {
            topic: topic.clone(),
            partitions: PARTITIONS,
            replication: None,
            config: BTreeMap::new(),
        };
        broker.admin()?.create(&topics.each_ref().map(new), TIMEOUT)?;
        let mut producer = broker.producer(&ProducerSpec::transactional(GROUP))?;
        producer.init(TIMEOUT)?;
        let spec = ConsumerSpec { group: GROUP.to_owned(), group_instance: None, waker: Waker::none() };
        let mut consumer = broker.consumer(&spec)?;
        consumer.subscribe(&topics[..3])?;
        let placed = (0, Duration::ZERO);
        Ok(Self {
            settings,
            consumer,
            producer,
            reading: BTreeMap::new(),
            assigned: None,
            placed,
            completed: BTreeSet::new(),
        })
    }

    /// The orders of the shop that are completed.
    pub fn completed(&self) -> usize {
        self.completed.len()
    }

    /// Reads what has come, and writes what is due at this uptime. Returns what was written. It does not wait.
    ///
    /// # Errors
    /// Those of the broker; the services have to be opened again then.
    pub fn turn(&mut self, now: Duration) -> Result<Vec<Done>> {
        while let Some(event) = self.consumer.poll()? {
            match event {
                GroupEvent::Assigned(partitions) => self.assigned.get_or_insert_default().extend(partitions),
                GroupEvent::Revoked(partitions) | GroupEvent::Lost(partitions) => {
                    // Whoever has them next answers what is not answered yet.
                    self.reading.retain(|partition, _| !partitions.contains(partition));
                    self.consumer.unassign(&partitions)?;
                }
            }
        }
        self.begin_reading()?;
        let partitions: Vec<TopicPartition> = self.reading.keys().cloned().collect();
        let mut records = Vec::new();
        for partition in partitions {
            match self.consumer.fetch(&partition, FETCH_MAX, &mut records) {
                // What came before is there, and the client tries again.
                Ok(()) | Err(Error::FetchFailed { .. }) => {}
                Err(error) => return Err(error),
            }
            let position = self.consumer.position(&partition);
            let answers: Vec<(i64, Option<Message>)> =
                records.drain(..).map(|record| (record.offset, self.read(&record))).collect();
            let Some(reading) = self.reading.get_mut(&partition) else { continue };
            let due = now + self.settings.delay;
            let answers = answers.into_iter().filter_map(|(offset, message)| Some((offset, message?)));
            reading.pending.extend(answers.map(|(offset, message)| (offset, Pending { due, message })));
            reading.next = position.unwrap_or(reading.next);
        }
        self.write(now)
    }

    /// Begins to read the partitions that were assigned, where the group has stopped.
    fn begin_reading(&mut self) -> Result<()> {
        let Some(partitions) = self.assigned.take() else { return Ok(()) };
        let committed = match self.consumer.committed(&partitions, TIMEOUT) {
            // The transaction of a predecessor is not over yet.
            Err(Error::Unstable) => {
                self.assigned = Some(partitions);
                return Ok(());
            }
            other => other?,
        };
        let start = |offset: Option<i64>| offset.map_or(Start::Beginning, Start::At);
        let starts: Vec<(TopicPartition, Start)> =
            partitions.iter().cloned().zip(committed.iter().map(|offset| start(*offset))).collect();
        self.consumer.assign(&starts)?;
        for (partition, offset) in partitions.into_iter().zip(committed) {
            let at = offset.unwrap_or_default();
            self.reading.insert(partition, Reading { next: at, committed: at, ..Reading::default() });
        }
        Ok(())
    }

    /// The answer to a record; what is no JSON is for nobody.
    fn read(&mut self, record: &Record) -> Option<Message> {
        let value: Value = serde_json::from_slice(record.value.as_deref()?).ok()?;
        let is_completed = value.get("type").is_some_and(|kind| kind == "OrderCompletedEvent");
        let trace = value.get("traceid").and_then(Value::as_str).unwrap_or_default();
        if is_completed && trace.starts_with(&self.settings.run) {
            self.completed.insert(trace.to_owned());
        }
        let id = record
            .headers
            .text("id")
            .map_or_else(|| value.get("id").and_then(Value::as_str).unwrap_or_default().to_owned(), str::to_owned);
        answer(&self.settings, record.source.topic.as_str(), (&id, &value))
    }

    /// Writes the orders and answers that are due, with the offsets.
    fn write(&mut self, now: Duration) -> Result<Vec<Done>> {
        let mut messages = Vec::new();
        let (mut number, mut next) = self.placed;
        // Orders that are read by nobody yet wait for the group.
        while number < self.settings.orders && next <= now && !self.reading.is_empty() {
            number += 1;
            messages.push(order(&self.settings.run, number));
            next = now + self.settings.every;
        }
        self.placed = (number, next);
        let mut offsets = Vec::new();
        for (partition, reading) in &mut self.reading {
            let due: Vec<i64> =
                reading.pending.iter().filter(|(_, pending)| pending.due <= now).map(|(offset, _)| *offset).collect();
            messages.extend(due.iter().filter_map(|offset| Some(reading.pending.remove(offset)?.message)));
            let offset = reading.pending.keys().next().copied().unwrap_or(reading.next);
            if offset > reading.committed {
                reading.committed = offset;
                offsets.push((partition.clone(), offset));
            }
        }
        if messages.is_empty() && offsets.is_empty() {
            return Ok(Vec::new());
        }
        self.producer.begin()?;
        messages.iter().try_for_each(|message| self.producer.produce(&record(message)))?;
        self.producer.drain(TIMEOUT)?;
        if !offsets.is_empty() {
            self.producer.send_offsets(&offsets, &self.consumer.group()?, TIMEOUT)?;
        }
        self.producer.commit(TIMEOUT)?;
        Ok(messages.into_iter().map(|Message { key, kind, .. }| Done { key, kind }).collect())
    }

    /// Leaves the group.
    ///
    /// # Errors
    /// Those of the broker.
    pub fn close(self) -> Result<()> {
        self.consumer.close(TIMEOUT)
    }
}

fn record(message: &Message) -> OutRecord {
    let headers = Headers::new().with("content-type", "application/json").with("type", message.kind);
    let value = Bytes::from(message.value.to_string());
    OutRecord { headers, ..OutRecord::keyed(&Topic::new(message.topic), &Key::new(&message.key), value) }
}
