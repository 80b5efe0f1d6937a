//! The callbacks of librdkafka: log lines, errors, rebalances.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use rdkafka::TopicPartitionList;
use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{Consumer, ConsumerContext};
use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};
use rdkafka::message::DeliveryResult;
use rdkafka::producer::ProducerContext;
use rdkafka::types::RDKafkaRespErr;

use super::failure::Failure;
use super::statistics::Statistics;
use super::token::Tokens;
use crate::broker::GroupEvent;
use crate::model::{Topic, TopicPartition};

pub(super) type BaseConsumer = rdkafka::consumer::BaseConsumer<Context>;
pub(super) type AdminClient = rdkafka::admin::AdminClient<Context>;
pub(super) type BaseProducer = rdkafka::producer::BaseProducer<Context>;

/// The context of every client.
#[derive(Debug, Default)]
pub(super) struct Context {
    closing: AtomicBool,
    /// True after a closing client has been answered.
    answered: AtomicBool,
    events: Mutex<VecDeque<GroupEvent>>,
    last_error: Mutex<Option<Failure>>,
    /// Where a group member's statistics go.
    statistics: Option<Arc<Statistics>>,
    /// Where its tokens come from, once it has been registered there.
    tokens: OnceLock<Tokens>,
}

impl Context {
    /// For a group member.
    pub(super) fn of_member(statistics: &Arc<Statistics>) -> Self {
        Self { statistics: Some(Arc::clone(statistics)), ..Self::default() }
    }

    /// Asks for the state of the tokens from now on, if a login fails.
    pub(super) fn set_tokens(&self, tokens: &Tokens) {
        // A client is registered once.
        _ = self.tokens.set(tokens.clone());
    }

    /// A failed login is no more permanent than the lack of a token that it comes from.
    pub(super) fn judged(&self, failure: Failure) -> Failure {
        match self.tokens.get().filter(|_| failure.is_of_login()).and_then(Tokens::trouble) {
            Some(trouble) => Failure::of(Code::BrokerTransportFailure, &format!("{trouble} ({})", failure.detail)),
            None => failure,
        }
    }

    /// Drops rebalance events from now on.
    pub(super) fn close(&self) {
        self.closing.store(true, Ordering::Release);
    }

    /// Answers a rebalance of a closing client, which takes any answer as "unassign all". Only the first answer waits
    /// for a reply, after which the client may have closed and would never reply to another call.
    pub(super) fn answer_closing(&self, consumer: &BaseConsumer) {
        if self.answered.swap(true, Ordering::AcqRel) {
            return;
        }
        if let Err(error) = consumer.unassign() {
            tracing::debug!(%error, "a closing consumer cannot answer a rebalance");
        }
    }

    /// The oldest pending rebalance event.
    pub(super) fn next_event(&self) -> Option<GroupEvent> {
        lock(&self.events).pop_front()
    }

    /// The last error, unless a later operation has succeeded.
    pub(super) fn last_error(&self) -> Option<Failure> {
        lock(&self.last_error).clone()
    }

    /// Replaces a time-out by its cause, while the client reports connection or authentication errors.
    pub(super) fn explain(&self, failure: Failure) -> Failure {
        let failure = self.judged(failure);
        match self.last_error() {
            // A connection that is closed because of a wrong password is reported as unreachable.
            Some(last_error)
                if failure.is_timeout() && last_error.is_unreachable()
                    || (failure.is_timeout() || failure.is_unreachable()) && last_error.is_permanent() =>
            {
                last_error
            }
            _ => failure,
        }
    }

    /// Clears the error after an operation has succeeded.
    pub(super) fn clear_error(&self) {
        let mut last_error = lock(&self.last_error);
        if let Some(over) = last_error.take() {
            tracing::info!(error = %over.detail, "the broker is reachable again");
        }
    }

    /// Notes an error of the client as a whole. librdkafka repeats it with every connection attempt; it is logged once
    /// per error.
    pub(super) fn set_error(&self, failure: Failure) {
        let failure = self.judged(failure);
        let mut last_error = lock(&self.last_error);
        if last_error.as_ref().is_some_and(|known| known.code == failure.code) {
            tracing::debug!(error = %failure.detail, "the Kafka client still reports an error");
            return;
        }
        // "All brokers down" follows each failed connection and has less information, so it is not logged again and
        // does not replace the cause.
        let echo = failure.code == Code::AllBrokersDown && last_error.is_some();
        if echo {
            tracing::debug!(error = %failure.detail, "the Kafka client still reports an error");
        } else {
            tracing::warn!(error = %failure.detail, "the Kafka client reports an error; it retries");
            *last_error = Some(failure);
        }
    }

    /// Logs a line of librdkafka by its syslog level.
    pub(super) fn line(level: i32, facility: &str, text: &str) {
        // Failed connections are reported as errors too (see `set_error`), and a property for the other kind of client
        // is expected if one set of properties serves all clients.
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
        self.set_error(Failure { detail: reason.to_owned(), ..failure });
    }

    /// The default parses all of it, which is some kilobytes for each partition.
    fn stats_raw(&self, json: &[u8]) {
        if let Some(statistics) = &self.statistics {
            statistics.add(json);
        }
    }
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

    /// Only called while a producer is dropped: otherwise sheaf serves the delivery reports itself.
    fn delivery(&self, _delivery: &DeliveryResult<'_>, _opaque: Self::DeliveryOpaque) {}
}

/// The guarded values are always valid, so a poisoned lock is usable.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
