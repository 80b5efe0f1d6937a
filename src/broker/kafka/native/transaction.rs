//! Transactions, and offsets outside of one.

use std::ptr::{NonNull, null_mut};

use rdkafka::TopicPartitionList;
use rdkafka::bindings as c;
use rdkafka::error::RDKafkaErrorCode;

use super::client::Client;
use super::convert::{code, failure};
use super::queue::Queue;
use crate::broker::kafka::failure::Failure;

impl Client {
    /// The group metadata of this consumer; `None` without a group.
    pub(in crate::broker::kafka) fn group(&self) -> Option<Group> {
        // SAFETY: the client is alive; the object that is returned is released by `Group`.
        NonNull::new(unsafe { c::rd_kafka_consumer_group_metadata(self.raw.as_ptr()) }).map(Group)
    }

    /// See `rd_kafka_init_transactions`.
    pub(in crate::broker::kafka) fn init_transactions(&self, timeout_ms: i32) -> Result<(), Failure> {
        // SAFETY: the client is alive.
        failure(unsafe { c::rd_kafka_init_transactions(self.raw.as_ptr(), timeout_ms) })
    }

    /// See `rd_kafka_begin_transaction`.
    pub(in crate::broker::kafka) fn begin_transaction(&self) -> Result<(), Failure> {
        // SAFETY: the client is alive.
        failure(unsafe { c::rd_kafka_begin_transaction(self.raw.as_ptr()) })
    }

    /// See `rd_kafka_send_offsets_to_transaction`.
    pub(in crate::broker::kafka) fn send_offsets(
        &self,
        offsets: &TopicPartitionList,
        group: &Group,
        timeout_ms: i32,
    ) -> Result<(), Failure> {
        // SAFETY: client, list and group are alive for the call, which copies both.
        failure(unsafe {
            c::rd_kafka_send_offsets_to_transaction(self.raw.as_ptr(), offsets.ptr(), group.0.as_ptr(), timeout_ms)
        })
    }

    /// Commits a consumer's offsets and waits for the answer, which comes as an event on `answers`, an empty queue of
    /// this client: `rd_kafka_commit` alone would wait for as long as it takes.
    pub(in crate::broker::kafka) fn commit_offsets(
        &self,
        offsets: &TopicPartitionList,
        answers: &Queue,
        timeout_ms: i32,
    ) -> Result<(), Failure> {
        // SAFETY: client, list and queue are alive; the list is copied. Without a callback the answer is an event.
        let error = unsafe {
            c::rd_kafka_commit_queue(self.raw.as_ptr(), offsets.ptr(), answers.raw.as_ptr(), None, null_mut())
        };
        code(error)?;
        let Some(answer) = answers.event(timeout_ms) else {
            return Err(Failure::of(RDKafkaErrorCode::OperationTimedOut, ""));
        };
        // SAFETY: the event is alive.
        code(unsafe { c::rd_kafka_event_error(answer.raw.as_ptr()) })
    }

    /// See `rd_kafka_commit_transaction`; it waits for deliveries, whose events are not served meanwhile, so none may be outstanding.
    pub(in crate::broker::kafka) fn commit_transaction(&self, timeout_ms: i32) -> Result<(), Failure> {
        // SAFETY: the client is alive.
        failure(unsafe { c::rd_kafka_commit_transaction(self.raw.as_ptr(), timeout_ms) })
    }

    /// See `rd_kafka_abort_transaction`; a timed-out call is resumed by the next one.
    pub(in crate::broker::kafka) fn abort_transaction(&self, timeout_ms: i32) -> Result<(), Failure> {
        // SAFETY: the client is alive.
        failure(unsafe { c::rd_kafka_abort_transaction(self.raw.as_ptr(), timeout_ms) })
    }
}

/// A member's group metadata, as librdkafka passes it to the transaction coordinator.
pub(in crate::broker::kafka) struct Group(NonNull<c::rd_kafka_consumer_group_metadata_t>);

// SAFETY: a plain value after its creation: read by calls, never changed.
unsafe impl Send for Group {}

impl Group {
    /// The generation (member epoch) of the member; negative in no group.
    pub(in crate::broker::kafka) fn generation(&self) -> i32 {
        // SAFETY: the object is alive.
        unsafe { c::rd_kafka_consumer_group_metadata_generation_id(self.0.as_ptr()) }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // SAFETY: the object is ours.
        unsafe { c::rd_kafka_consumer_group_metadata_destroy(self.0.as_ptr()) }
    }
}
