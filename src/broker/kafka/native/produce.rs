//! Records for a topic.

use std::ffi::CString;
use std::ptr::{NonNull, null_mut};

use rdkafka::bindings as c;
use rdkafka::error::RDKafkaErrorCode;

use super::client::Client;
use super::convert::failure;
use crate::broker::kafka::failure::Failure;
use crate::model::Headers;

impl Client {
    /// A handle of a topic, which saves a look-up per record.
    pub(in crate::broker::kafka) fn topic(&self, name: &str) -> Option<TopicHandle> {
        let name = CString::new(name).ok()?;
        // SAFETY: the client and the C string are alive; a null configuration means the default.
        let raw = unsafe { c::rd_kafka_topic_new(self.raw.as_ptr(), name.as_ptr(), null_mut()) };
        Some(TopicHandle { raw: NonNull::new(raw)?, _client: self.clone() })
    }

    /// Adds a record to the producer's queue, which copies it. `tag` is returned with its delivery report.
    pub(in crate::broker::kafka) fn produce(
        &self,
        topic: &TopicHandle,
        message: &Outgoing<'_>,
        tag: usize,
    ) -> Result<(), Failure> {
        let headers = HeaderList::new(message.headers)?;
        let (value, value_size) = memory(message.value);
        let (key, key_size) = memory(message.key);
        let vu = |vtype, u| c::rd_kafka_vu_t { vtype, u };
        let arguments = [
            vu(c::rd_kafka_vtype_t::RD_KAFKA_VTYPE_RKT, Argument { rkt: topic.raw.as_ptr() }),
            vu(c::rd_kafka_vtype_t::RD_KAFKA_VTYPE_PARTITION, Argument { i32_: message.partition }),
            vu(c::rd_kafka_vtype_t::RD_KAFKA_VTYPE_MSGFLAGS, Argument { i: c::RD_KAFKA_MSG_F_COPY }),
            vu(c::rd_kafka_vtype_t::RD_KAFKA_VTYPE_VALUE, Argument { mem: Memory { ptr: value, size: value_size } }),
            vu(c::rd_kafka_vtype_t::RD_KAFKA_VTYPE_KEY, Argument { mem: Memory { ptr: key, size: key_size } }),
            vu(c::rd_kafka_vtype_t::RD_KAFKA_VTYPE_TIMESTAMP, Argument { i64_: message.timestamp }),
            vu(
                c::rd_kafka_vtype_t::RD_KAFKA_VTYPE_OPAQUE,
                Argument { ptr: std::ptr::without_provenance_mut::<std::ffi::c_void>(tag) },
            ),
            vu(c::rd_kafka_vtype_t::RD_KAFKA_VTYPE_HEADERS, Argument { headers: headers.0 }),
        ];
        // Without headers the last argument is left out: librdkafka takes no null there.
        let count = if headers.0.is_null() { arguments.len() - 1 } else { arguments.len() };
        // SAFETY: client, topic and the borrowed memory are alive for the call, which copies value and key; each union
        // field is the one that its type names. The headers belong to librdkafka exactly when the call succeeds.
        let result = failure(unsafe { c::rd_kafka_produceva(self.raw.as_ptr(), arguments.as_ptr(), count) });
        if result.is_ok() {
            std::mem::forget(headers);
        }
        result
    }
}

/// An argument of `rd_kafka_produceva`.
type Argument = c::rd_kafka_vu_s__bindgen_ty_1;
type Memory = c::rd_kafka_vu_s__bindgen_ty_1__bindgen_ty_1;

/// A borrowed record to produce.
pub(in crate::broker::kafka) struct Outgoing<'a> {
    /// The partition, or -1 for the partitioner's choice.
    pub(in crate::broker::kafka) partition: i32,
    /// The key; `None` is Kafka's null.
    pub(in crate::broker::kafka) key: Option<&'a [u8]>,
    /// The value; `None` is a tombstone.
    pub(in crate::broker::kafka) value: Option<&'a [u8]>,
    /// The headers, in order.
    pub(in crate::broker::kafka) headers: &'a Headers,
    /// Milliseconds since the epoch, or 0 for now.
    pub(in crate::broker::kafka) timestamp: i64,
}

/// Null is Kafka's null; an empty slice has an address that is not null.
fn memory(bytes: Option<&[u8]>) -> (*mut std::ffi::c_void, usize) {
    bytes.map_or((null_mut(), 0), |bytes| (bytes.as_ptr().cast_mut().cast(), bytes.len()))
}

/// An owned list of headers; null if there are none.
struct HeaderList(*mut c::rd_kafka_headers_t);

impl HeaderList {
    fn new(headers: &Headers) -> Result<Self, Failure> {
        if headers.is_empty() {
            return Ok(Self(null_mut()));
        }
        // SAFETY: a new list, released by `Drop` unless it is handed over.
        let list = Self(unsafe { c::rd_kafka_headers_new(headers.iter().len()) });
        for header in headers {
            let (value, size) = memory(header.value.as_deref());
            let (Ok(name_size), Ok(size)) = (isize::try_from(header.name.len()), isize::try_from(size)) else {
                return Err(Failure::of(RDKafkaErrorCode::InvalidArgument, "a header is too long"));
            };
            // SAFETY: name and value are alive for the call, which copies them; the sizes are theirs.
            let error = unsafe { c::rd_kafka_header_add(list.0, header.name.as_ptr().cast(), name_size, value, size) };
            if error != c::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR {
                return Err(Failure::of(error.into(), "a header was refused"));
            }
        }
        Ok(list)
    }
}

impl Drop for HeaderList {
    fn drop(&mut self) {
        if !self.0.is_null() {
            // SAFETY: the list is still ours: a handed-over one is forgotten.
            unsafe { c::rd_kafka_headers_destroy(self.0) }
        }
    }
}

/// A topic of a client.
pub(in crate::broker::kafka) struct TopicHandle {
    raw: NonNull<c::rd_kafka_topic_t>,
    _client: Client,
}

// SAFETY: topic objects are reference-counted and locked inside librdkafka.
unsafe impl Send for TopicHandle {}

impl Drop for TopicHandle {
    fn drop(&mut self) {
        // SAFETY: releases the reference that `rd_kafka_topic_new` gave; the client is still alive.
        unsafe { c::rd_kafka_topic_destroy(self.raw.as_ptr()) }
    }
}
