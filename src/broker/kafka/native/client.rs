//! A client, reference-counted.

use std::any::Any;
use std::ptr::NonNull;
use std::sync::Arc;

use rdkafka::TopicPartitionList;
use rdkafka::bindings as c;

use crate::broker::kafka::context::{AdminClient, BaseConsumer, BaseProducer};

/// A librdkafka client, reference-counted.
#[derive(Clone)]
pub(in crate::broker::kafka) struct Client {
    pub(super) raw: NonNull<c::rd_kafka_t>,
    _owner: Arc<dyn Any + Send + Sync>,
}

// SAFETY: rd_kafka_t is thread-safe by its documentation (rdkafka.h, "rdkafka is fully thread-safe").
unsafe impl Send for Client {}

impl Client {
    /// The client inside a consumer.
    pub(in crate::broker::kafka) fn of_consumer(consumer: &Arc<BaseConsumer>) -> Option<Self> {
        let raw = rdkafka::consumer::Consumer::client(&**consumer).native_ptr();
        Some(Self { raw: NonNull::new(raw)?, _owner: Arc::<BaseConsumer>::clone(consumer) })
    }

    /// The client inside a producer.
    pub(in crate::broker::kafka) fn of_producer(producer: &Arc<BaseProducer>) -> Option<Self> {
        let raw = rdkafka::producer::Producer::client(&**producer).native_ptr();
        Some(Self { raw: NonNull::new(raw)?, _owner: Arc::<BaseProducer>::clone(producer) })
    }

    /// The client inside an admin client.
    pub(in crate::broker::kafka) fn of_admin(admin: &Arc<AdminClient>) -> Option<Self> {
        let raw = admin.inner().native_ptr();
        Some(Self { raw: NonNull::new(raw)?, _owner: Arc::<AdminClient>::clone(admin) })
    }

    /// The application's position in the list's only partition, including skipped control records and aborted records.
    pub(in crate::broker::kafka) fn position(&self, partition: &TopicPartitionList) -> Option<i64> {
        // SAFETY: the client and the list are alive; the list's array has `cnt` elements.
        unsafe {
            let list = partition.ptr();
            let error = c::rd_kafka_position(self.raw.as_ptr(), list);
            if error != c::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR || (*list).cnt < 1 {
                return None;
            }
            Some((*(*list).elems).offset).filter(|offset| *offset >= 0)
        }
    }
}
