//! librdkafka's errors as errors of the port.

use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};

use crate::broker::{Error, FencedBy};

/// The principal of a client in messages.
pub(super) const PRINCIPAL: &str = "the principal of this client";

/// An error of librdkafka.
#[derive(Clone, Debug)]
pub(super) struct Failure {
    /// Its code.
    pub(super) code: Code,
    /// Its message.
    pub(super) detail: String,
    /// True if the client is unusable.
    pub(super) fatal: bool,
    /// True if the transaction has to be aborted.
    pub(super) abort: bool,
}

impl Failure {
    /// A failure from a code.
    pub(super) fn of(code: Code, detail: &str) -> Self {
        let detail = if detail.is_empty() { code.to_string() } else { detail.to_owned() };
        Self { code, detail, fatal: false, abort: false }
    }

    /// The failure in rust-rdkafka's error.
    pub(super) fn from_kafka(error: &KafkaError) -> Self {
        let code = if let KafkaError::AdminOp(code) = error { Some(*code) } else { error.rdkafka_error_code() };
        let mut failure = code.map_or_else(|| Self::of(Code::Fail, &error.to_string()), |code| Self::of(code, ""));
        failure.fatal = matches!(error, KafkaError::MessageConsumptionFatal(_));
        failure
    }

    /// True if no broker can be connected to.
    pub(super) fn is_unreachable(&self) -> bool {
        matches!(self.code, Code::BrokerTransportFailure | Code::AllBrokersDown | Code::Resolve)
    }

    /// True for a request without an answer.
    pub(super) fn is_timeout(&self) -> bool {
        matches!(
            self.code,
            Code::OperationTimedOut | Code::TimedOutQueue | Code::RequestTimedOut | Code::MessageTimedOut
        )
    }

    /// True if the offset is out of range.
    pub(super) fn is_out_of_range(&self) -> bool {
        matches!(self.code, Code::OffsetOutOfRange | Code::AutoOffsetReset)
    }

    /// True if the principal of this client lacks a right.
    pub(super) fn is_unauthorized(&self) -> bool {
        matches!(
            self.code,
            Code::TopicAuthorizationFailed
                | Code::GroupAuthorizationFailed
                | Code::ClusterAuthorizationFailed
                | Code::TransactionalIdAuthorizationFailed
        )
    }

    /// Names the missing right, its resource and the principal if a right is missing.
    pub(super) fn lacks(self, right: &str, resource: &str, principal: &str) -> Self {
        if !self.is_unauthorized() {
            return self;
        }
        let (right, resource) = if self.code == Code::ClusterAuthorizationFailed {
            ("IDEMPOTENT_WRITE (of producers) or CREATE", "the cluster")
        } else {
            (right, resource)
        };
        let detail = format!(
            "{principal} lacks the right {right} on {resource} ({}): allow it with kafka-acls; docs/operations.md has the list",
            self.detail
        );
        Self { detail, ..self }
    }

    /// True for a login that has failed.
    pub(super) fn is_of_login(&self) -> bool {
        matches!(self.code, Code::Authentication | Code::SaslAuthenticationFailed)
    }

    /// True for permanent failures: authorization, names, configuration.
    pub(super) fn is_permanent(&self) -> bool {
        matches!(
            self.code,
            Code::TopicAuthorizationFailed
                | Code::GroupAuthorizationFailed
                | Code::ClusterAuthorizationFailed
                | Code::TransactionalIdAuthorizationFailed
                | Code::DelegationTokenAuthorizationFailed
                | Code::SaslAuthenticationFailed
                | Code::Authentication
                | Code::UnsupportedSASLMechanism
                | Code::UnsupportedVersion
                | Code::UnsupportedFeature
                | Code::InvalidTopic
                | Code::InvalidPartitions
                | Code::InvalidReplicationFactor
                | Code::InvalidReplicaAssignment
                | Code::InvalidConfig
                | Code::InvalidRequest
                | Code::InvalidArgument
                | Code::PolicyViolation
        )
    }

    /// The cause of fencing: the codes of generations and static members from a group, those of epochs from a producer.
    fn fenced_by(&self) -> Option<FencedBy> {
        if self.code == Code::FencedInstanceId {
            return Some(FencedBy::Instance);
        }
        if matches!(
            self.code,
            Code::IllegalGeneration | Code::UnknownMemberId | Code::StaleMemberEpoch | Code::FencedMemberEpoch
        ) {
            return Some(FencedBy::Generation);
        }
        let producer = matches!(self.code, Code::Fenced | Code::ProducerFenced | Code::InvalidProducerEpoch);
        producer.then_some(FencedBy::Producer)
    }

    /// The error of an operation outside a transaction.
    pub(super) fn of_operation(self, operation: &'static str, address: &str) -> Error {
        let Self { detail, .. } = &self;
        let detail = detail.clone();
        if let Some(by) = self.fenced_by() {
            return Error::Fenced { by, detail };
        }
        if self.is_permanent() || self.fatal {
            return Error::Fatal { operation, detail };
        }
        if self.is_unreachable() {
            return Error::Unreachable { address: address.to_owned(), detail };
        }
        if self.is_timeout() {
            return Error::TimedOut { operation, detail };
        }
        Error::Transient { operation, detail }
    }

    /// The error of a transactional call. Whether an unreachable broker has executed it is unknown, so that is a
    /// time-out here; only `init` can be repeated and uses [`Failure::of_operation`].
    pub(super) fn of_transaction(self, operation: &'static str) -> Error {
        let Self { detail, .. } = &self;
        let detail = detail.clone();
        if let Some(by) = self.fenced_by() {
            return Error::Fenced { by, detail };
        }
        if self.is_permanent() {
            return Error::Fatal { operation, detail };
        }
        if self.abort && !self.fatal {
            return Error::Abortable { detail };
        }
        if self.is_timeout() || self.is_unreachable() {
            return Error::TimedOut { operation, detail };
        }
        Error::Transient { operation, detail }
    }

    /// The error of a record that was not delivered or not accepted. The transaction is in librdkafka's abortable state
    /// then.
    pub(super) fn of_delivery(self, topic: &str, size: usize) -> Error {
        let operation = "producing";
        if matches!(self.code, Code::MessageSizeTooLarge | Code::MessageBatchTooLarge) {
            return Error::TooLarge { size, detail: self.detail };
        }
        if matches!(self.code, Code::UnknownTopic | Code::UnknownPartition | Code::UnknownTopicOrPartition) {
            let detail = format!("{} ({topic}): create the topic, or check its partition count", self.detail);
            return Error::Fatal { operation, detail };
        }
        if self.is_permanent() {
            return Error::Fatal { operation, detail: format!("{} ({topic})", self.detail) };
        }
        let hint = if matches!(self.code, Code::InvalidRecord | Code::InvalidTimestamp) {
            ": the wall clock of this host, or of the producer of what it answers, may be further ahead than \
             message.timestamp.after.max.ms of the topic allows (an hour by default): compare it with the brokers'"
        } else {
            ""
        };
        match self.fenced_by() {
            Some(by) => Error::Fenced { by, detail: self.detail },
            None => {
                Error::Abortable { detail: format!("a record for {topic} was not delivered: {}{hint}", self.detail) }
            }
        }
    }
}

/// The error for a missing librdkafka object, which only memory exhaustion or a bug explains.
pub(super) fn missing(what: &'static str) -> Error {
    Error::Fatal { operation: "opening a client", detail: format!("librdkafka returned no {what}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_that_is_ahead_of_the_broker_names_the_clock() {
        let error = Failure::of(Code::InvalidRecord, "").of_delivery("t", 1);
        assert!(
            matches!(&error, Error::Abortable { detail } if detail.contains("the wall clock of this host")),
            "{error}"
        );
    }
}
