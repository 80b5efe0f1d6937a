//! The transactional producer.
//!
//! As in librdkafka, `begin` and the end of an empty transaction send no request, so a zombie learns of its successor
//! with the first record, the offsets or the end of a transaction that is not empty. A refused record fails the
//! transaction, not the call of `produce`.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::client::Client;
use super::cluster::Membership;
use super::fault::Operation;
use super::log::Verdict;
use super::transaction::Identity;
use crate::broker::{Error, FencedBy, GroupMetadata, Producer, Result};
use crate::model::{OutRecord, Topic, TopicPartition};

/// A producer of a cluster in memory.
#[derive(Debug)]
pub(super) struct MemoryProducer {
    client: Client,
    transactional_id: String,
    tracked: BTreeSet<Topic>,
    record_bytes_max: usize,
    state: State,
}

#[derive(Debug)]
enum State {
    Created,
    Ready(Identity),
    Open(Identity, Transaction),
    /// Unusable after fencing or an unknown outcome; the error of all further calls.
    Spent(Error),
}

/// A transaction in the client.
#[derive(Debug, Default)]
struct Transaction {
    /// True after the first request to the coordinator.
    sent: bool,
    /// The reason for which it can only be aborted.
    failure: Option<String>,
    /// The offset after the last record of partitions of tracked topics.
    tracked: BTreeMap<TopicPartition, i64>,
}

impl MemoryProducer {
    pub(super) fn new(client: Client, transactional_id: &str, tracked: &[Topic]) -> Self {
        let record_bytes_max = client.inspect(|cluster| cluster.settings.record_bytes_max);
        let (transactional_id, tracked) = (transactional_id.to_owned(), tracked.iter().cloned().collect());
        Self { client, transactional_id, tracked, record_bytes_max, state: State::Created }
    }

    /// The open transaction.
    fn transaction(&mut self, operation: &'static str) -> Result<(&Client, Identity, &mut Transaction)> {
        match &mut self.state {
            State::Open(who, transaction) => Ok((&self.client, *who, transaction)),
            State::Spent(error) => Err(error.clone()),
            State::Created => Err(misuse(operation, "call init first")),
            State::Ready(_) => Err(misuse(operation, "call begin first")),
        }
    }

    /// The open transaction, unless it can only be aborted.
    fn usable(&mut self, operation: &'static str) -> Result<(&Client, Identity, &mut Transaction)> {
        let (client, who, transaction) = self.transaction(operation)?;
        match &transaction.failure {
            None => Ok((client, who, transaction)),
            Some(detail) => Err(Error::Abortable { detail: detail.clone() }),
        }
    }

    /// Updates the state by the result of a request.
    fn update_state<T>(&mut self, operation: Operation, answer: Result<T>) -> Result<T> {
        match &answer {
            Err(error @ Error::Fenced { by: FencedBy::Producer, .. }) => self.state = State::Spent(error.clone()),
            Err(Error::TimedOut { .. }) => {
                let detail =
                    "an earlier call timed out and its outcome is unknown: drop this producer, initialise a new one";
                self.state = State::Spent(misuse(operation.as_str(), detail));
            }
            Err(error @ (Error::Abortable { .. } | Error::Fenced { .. })) => {
                if let State::Open(_, transaction) = &mut self.state {
                    transaction.failure = Some(error.to_string());
                }
            }
            Err(_) | Ok(_) => {}
        }
        answer
    }

    fn end(&mut self, operation: Operation, verdict: Verdict) -> Result<()> {
        let (client, who, transaction) = self.transaction(operation.as_str())?;
        let answer =
            if transaction.sent { client.call(operation, |cluster| cluster.end(who, verdict)) } else { Ok(()) };
        if answer.is_ok() {
            self.state = State::Ready(who);
        }
        self.update_state(operation, answer)
    }
}

impl Producer for MemoryProducer {
    fn init(&mut self, _timeout: Duration) -> Result<()> {
        match &self.state {
            State::Created => {}
            State::Spent(error) => return Err(error.clone()),
            State::Ready(_) | State::Open(..) => return Err(misuse("init", "init was already called")),
        }
        let id = &self.transactional_id;
        let answer = self.client.call(Operation::Init, |cluster| Ok(cluster.init(id)));
        let who = self.update_state(Operation::Init, answer)?;
        self.state = State::Ready(who);
        Ok(())
    }

    fn begin(&mut self) -> Result<()> {
        let who = match &self.state {
            State::Ready(who) => *who,
            State::Spent(error) => return Err(error.clone()),
            State::Created => return Err(misuse("begin", "call init first")),
            State::Open(..) => return Err(misuse("begin", "the previous transaction is still open")),
        };
        self.client.call(Operation::Begin, |_| Ok(()))?;
        self.state = State::Open(who, Transaction::default());
        Ok(())
    }

    fn produce(&mut self, record: &OutRecord) -> Result<()> {
        let (size, most) = (record.size(), self.record_bytes_max);
        let is_tracked = self.tracked.contains(&record.topic);
        let (client, who, transaction) = self.usable("produce")?;
        if size > most {
            return Err(Error::TooLarge { size, detail: format!("the producer takes {most} bytes at most") });
        }
        match client.call(Operation::Produce, |cluster| cluster.append(Some(who), record)) {
            Ok((partition, offset)) => {
                transaction.sent = true;
                if is_tracked {
                    transaction.tracked.insert(partition, offset + 1);
                }
                Ok(())
            }
            Err(Error::Abortable { detail } | Error::TimedOut { detail, .. }) => {
                // The record may be in the log: the coordinator has to abort it.
                transaction.sent = true;
                transaction.failure = Some(detail);
                Ok(())
            }
            answer @ Err(_) => self.update_state(Operation::Produce, answer.map(|_| ())),
        }
    }

    fn drain(&mut self, _timeout: Duration) -> Result<BTreeMap<TopicPartition, i64>> {
        let (client, _, transaction) = self.usable("drain")?;
        client.call(Operation::Drain, |_| Ok(()))?;
        Ok(transaction.tracked.clone())
    }

    fn send_offsets(
        &mut self,
        offsets: &[(TopicPartition, i64)],
        group: &GroupMetadata,
        _timeout: Duration,
    ) -> Result<()> {
        let (client, who, transaction) = self.usable("send_offsets")?;
        if offsets.is_empty() {
            let detail = "an empty list would skip the check of the member's generation: send every owned position";
            return Err(misuse("send_offsets", detail));
        }
        if group.generation < 0 {
            let detail = format!("the member has no generation in group {}: join again", group.group);
            let error = Error::Fenced { by: FencedBy::Generation, detail };
            return self.update_state(Operation::SendOffsets, Err(error));
        }
        let Some(membership) = group.native.downcast_ref::<Membership>() else {
            return Err(misuse("send_offsets", "the group metadata is of another adapter"));
        };
        transaction.sent = true;
        let answer = client
            .call(Operation::SendOffsets, |cluster| cluster.send_offsets(who, offsets, membership, group.generation));
        self.update_state(Operation::SendOffsets, answer)
    }

    fn commit(&mut self, _timeout: Duration) -> Result<()> {
        self.usable("commit")?;
        self.end(Operation::Commit, Verdict::Commit)
    }

    fn abort(&mut self, _timeout: Duration) -> Result<()> {
        if matches!(self.state, State::Ready(_)) {
            return Ok(());
        }
        self.end(Operation::Abort, Verdict::Abort)
    }
}

fn misuse(operation: &'static str, detail: &str) -> Error {
    Error::Fatal { operation, detail: detail.to_owned() }
}
