//! What librdkafka tells on its own account: log lines, errors, rebalances.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{Consumer, ConsumerContext};
use rdkafka::error::KafkaError;
use rdkafka::message::DeliveryResult;
use rdkafka::producer::ProducerContext;
use rdkafka::types::RDKafkaRespErr;
use rdkafka::{Statistics, TopicPartitionList};

use super::failure::Failure;
use crate::broker::GroupEvent;
use crate::model::{Topic, TopicPartition};

pub(super) type BaseConsumer = rdkafka::consumer::BaseConsumer<Context>;
pub(super) type BaseProducer = rdkafka::producer::BaseProducer<Context>;

/// The context of every client.
#[derive(Debug, Default)]
pub(super) struct Context {
    closing: AtomicBool,
    /// True from the one answer on that a closing client gets.
    answered: AtomicBool,
    events: Mutex<VecDeque<GroupEvent>>,
    trouble: Mutex<Option<Failure>>,
}

impl Context {
    /// From now on nobody is told of rebalances.
    pub(super) fn close(&self) {
        self.closing.store(true, Ordering::Release);
    }

    /// Answers a rebalance of a client that closes, which takes any answer for "give everything up". Only the first one
    /// is waited for, and with it the client may have closed: who then asks it anything waits for ever.
    pub(super) fn answer_closing(&self, consumer: &BaseConsumer) {
        if self.answered.swap(true, Ordering::AcqRel) {
            return;
        }
        if let Err(error) = consumer.unassign() {
            tracing::debug!(%error, "a closing kafka consumer could not answer a rebalance");
        }
    }

    /// The oldest rebalance that nobody has been told about.
    pub(super) fn next_event(&self) -> Option<GroupEvent> {
        lock(&self.events).pop_front()
    }

    /// What the last error said, unless something has worked since then.
    pub(super) fn trouble(&self) -> Option<Failure> {
        lock(&self.trouble).clone()
    }

    /// The better reason of a time-out, while the client reports that it cannot connect or log in.
    pub(super) fn explain(&self, failure: Failure) -> Failure {
        match self.trouble() {
            Some(trouble) if failure.is_timeout() && (trouble.is_unreachable() || trouble.is_permanent()) => trouble,
            _ => failure,
        }
    }

    /// Something has worked: what was wrong is over.
    pub(super) fn worked(&self) {
        let mut trouble = lock(&self.trouble);
        if let Some(over) = trouble.take() {
            tracing::info!(error = %over.detail, "kafka answers again");
        }
    }

    /// Notes an error of the client as a whole. librdkafka repeats it with every attempt to connect; a person is told
    /// once, and again when it becomes another error.
    pub(super) fn troubled(&self, failure: Failure) {
        let mut trouble = lock(&self.trouble);
        if trouble.as_ref().is_some_and(|known| known.code == failure.code) {
            tracing::debug!(error = %failure.detail, "the kafka client still reports an error");
            return;
        }
        // "All brokers down" follows each failed connection and says less than that: it is not worth a second line, and
        // must not take the place of the reason.
        let echo = failure.code == rdkafka::error::RDKafkaErrorCode::AllBrokersDown && trouble.is_some();
        if echo {
            tracing::debug!(error = %failure.detail, "the kafka client still reports an error");
        } else {
            tracing::warn!(error = %failure.detail, "the kafka client reports an error and goes on trying");
            *trouble = Some(failure);
        }
    }

    /// A log line with its syslog level.
    pub(super) fn line(level: i32, facility: &str, text: &str) {
        // Failed connections come as errors too (see `troubled`), a setting for the other kind of client is no mistake
        // when one set of properties serves all clients.
        let repeated = matches!(facility.trim(), "FAIL" | "ERROR" | "CONFWARN");
        let text = text.trim();
        match level {
            _ if repeated => tracing::debug!(facility, text, "librdkafka"),
            ..=4 => tracing::warn!(facility, text, "librdkafka"),
            5 => tracing::info!(facility, text, "librdkafka"),
            _ => tracing::debug!(facility, text, "librdkafka"),
        }
    }
}

impl ClientContext for Context {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, text: &str) {
        let level = match level {
            RDKafkaLogLevel::Emerg
            | RDKafkaLogLevel::Alert
            | RDKafkaLogLevel::Critical
            | RDKafkaLogLevel::Error
            | RDKafkaLogLevel::Warning => 4,
            RDKafkaLogLevel::Notice => 5,
            RDKafkaLogLevel::Info | RDKafkaLogLevel::Debug => 6,
        };
        Self::line(level, facility, text);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        let failure = Failure::from_kafka(&error);
        self.troubled(Failure { detail: reason.to_owned(), ..failure });
    }

    fn stats(&self, _statistics: Statistics) {}
}

impl ConsumerContext for Context {
    fn rebalance(&self, consumer: &BaseConsumer, what: RDKafkaRespErr, partitions: &mut TopicPartitionList) {
        let assigned = what == RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS;
        if self.closing.load(Ordering::Acquire) {
            self.answer_closing(consumer);
            return;
        }
        let list = partitions
            .elements()
            .iter()
            .map(|element| TopicPartition { topic: Topic::new(element.topic()), partition: element.partition() })
            .collect();
        let event = if assigned {
            GroupEvent::Assigned(list)
        } else if consumer.assignment_lost() {
            GroupEvent::Lost(list)
        } else {
            GroupEvent::Revoked(list)
        };
        lock(&self.events).push_back(event);
    }
}

impl ProducerContext for Context {
    type DeliveryOpaque = ();

    /// Only reached while a producer is dropped: until then sheaf serves the delivery reports itself.
    fn delivery(&self, _delivery: &DeliveryResult<'_>, _opaque: Self::DeliveryOpaque) {}
}

/// The guarded values are whole at each moment, so a thread that panicked with the lock has not harmed them.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
