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
use super::token::{Standing, Tokens};
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

    /// A failed login is permanent, as a wrong password is. With tokens it is so only if the source refuses this client, or if no broker
    /// has let in a client with such a token yet. Otherwise there was no valid one, or it was about to end: librdkafka tells that as a failed login
    /// too, at any later time, and the next token helps.
    pub(super) fn judged(&self, failure: Failure) -> Failure {
        let Some(tokens) = self.tokens.get().filter(|_| failure.is_of_login() && !failure.fatal) else {
            return failure;
        };
        match tokens.standing() {
            Standing::Valid { is_accepted: false } => failure,
            Standing::Valid { is_accepted: true } => Failure::of(Code::BrokerTransportFailure, &failure.detail),
            Standing::Missing(why) => missing_token(&format!("{why} ({})", failure.detail)),
            Standing::Refused(why) => refused_token(&why),
        }
    }

    /// The failure of a client that is refused by the source of its tokens, once it has no valid one.
    pub(super) fn refused(&self) -> Option<Failure> {
        match self.tokens.get()?.standing() {
            Standing::Refused(why) => Some(refused_token(&why)),
            Standing::Valid { .. } | Standing::Missing(_) => None,
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
        let is_cut_off = failure.is_timeout() || failure.is_unreachable();
        match self.tokens.get().filter(|_| is_cut_off).map(Tokens::standing) {
            Some(Standing::Missing(why)) => return missing_token(&why),
            Some(Standing::Refused(why)) => return refused_token(&why),
            Some(Standing::Valid { .. }) | None => {}
        }
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

    /// An operation has succeeded: clears the error.
    pub(super) fn clear_error(&self) {
        if let Some(tokens) = self.tokens.get() {
            tokens.accept();
        }
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

/// The failure for want of a token that may come: as of a broker that cannot be reached.
fn missing_token(why: &str) -> Failure {
    no_token(Code::BrokerTransportFailure, why)
}

/// The failure of a client that the source of tokens refuses: as of a wrong password.
fn refused_token(why: &str) -> Failure {
    no_token(Code::Authentication, why)
}

fn no_token(code: Code, why: &str) -> Failure {
    Failure::of(code, &format!("there is no token for OAUTHBEARER: {why}"))
}

/// The guarded values are always valid, so a poisoned lock is usable.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Sender, channel};
    use std::time::Duration;

    use super::super::token::{Recipient, Token, TokenError, TokenSource};
    use super::*;
    use crate::model::{Clock, Timestamp};

    /// A source that always gives the same answer, and signals each.
    #[derive(Debug)]
    struct Same(Result<Token, TokenError>, Mutex<Sender<()>>);

    impl TokenSource for Same {
        fn fetch(&self) -> Result<Token, TokenError> {
            _ = lock(&self.1).send(());
            self.0.clone()
        }

        fn owner(&self) -> String {
            "the OAuth client orders".to_owned()
        }
    }

    #[derive(Debug)]
    struct Epoch;

    impl Clock for Epoch {
        fn now(&self) -> Timestamp {
            Timestamp::from_millis(0)
        }

        fn uptime(&self) -> Duration {
            Duration::ZERO
        }
    }

    struct Deaf;

    impl Recipient for Deaf {
        fn set(&self, _: &Token) {}
    }

    /// A context whose tokens are those of a source that has answered.
    fn with_tokens(answer: Result<Token, TokenError>) -> (Context, Tokens) {
        let (sender, asked) = channel();
        let tokens = Tokens::new(Arc::new(Same(answer, Mutex::new(sender))), Arc::new(Epoch));
        let registration = tokens.register(Box::new(Deaf)).expect("a thread");
        // The first answer has been taken up when there is a second question.
        for _ in 0..2 {
            asked.recv_timeout(Duration::from_secs(30)).expect("it is asked");
        }
        std::mem::forget(registration);
        let context = Context::default();
        context.set_tokens(&tokens);
        (context, tokens)
    }

    fn token() -> Token {
        let (value, expires) = ("t".to_owned(), Timestamp::from_millis(1));
        Token { value, expires, principal: String::new(), extensions: Vec::new() }
    }

    #[test]
    fn a_failed_login_is_permanent_unless_a_token_may_help() {
        let failed = || Failure::of(Code::Authentication, "invalid_token");
        let timeout = || Failure::of(Code::OperationTimedOut, "");
        let judged = |context: &Context| (context.judged(failed()), context.explain(timeout()));
        assert!(judged(&Context::default()).0.is_permanent(), "a wrong password");

        let (context, tokens) = with_tokens(Ok(token()));
        let (login, late) = judged(&context);
        assert!(login.is_permanent() && late.is_timeout(), "{login:?}, {late:?}");
        tokens.accept();
        let (login, late) = judged(&context);
        assert!(login.is_unreachable() && late.is_timeout(), "{login:?}, {late:?}");
        assert!(context.judged(Failure { fatal: true, ..failed() }).is_permanent());
        assert!(context.refused().is_none());

        let (context, _) = with_tokens(Err(TokenError::Unavailable("down".to_owned())));
        let cut_off = context.explain(Failure::of(Code::BrokerTransportFailure, ""));
        for failure in [judged(&context).0, judged(&context).1, cut_off] {
            assert!(failure.is_unreachable() && failure.detail.contains("there is no token for OAUTHBEARER: down"));
        }
        assert!(context.refused().is_none());

        let (context, tokens) = with_tokens(Err(TokenError::Refused("who?".to_owned())));
        tokens.accept();
        for failure in [judged(&context).0, judged(&context).1, context.refused().expect("refused")] {
            assert!(failure.is_permanent() && failure.detail.contains("there is no token for OAUTHBEARER: who?"));
        }
    }
}
