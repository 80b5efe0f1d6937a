//! A message, borrowed from what was taken from a queue.

use std::ffi::CStr;
use std::ptr::{NonNull, null, null_mut};

use rdkafka::bindings as c;

use super::convert::text;
use crate::broker::kafka::failure::Failure;

/// A message of a batch or of an event, borrowed from it.
pub(in crate::broker::kafka) struct Message<'a> {
    raw: &'a c::rd_kafka_message_t,
}

impl<'a> Message<'a> {
    /// `None` for a null pointer. The caller owns the message and outlives `'a`.
    pub(super) fn new(raw: *const c::rd_kafka_message_t) -> Option<Self> {
        // SAFETY: librdkafka's pointers are null or valid until their batch or event is released, which `'a` precedes.
        Some(Self { raw: unsafe { raw.as_ref() }? })
    }

    /// The reason for a failed delivery; only of a delivery report, whose value is still that of the record.
    pub(in crate::broker::kafka) fn undelivered(&self) -> Option<Failure> {
        let failed = self.raw.err != c::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR;
        failed.then(|| Failure::of(self.raw.err.into(), ""))
    }

    /// The error of a consumed message; its text is in place of the value.
    pub(in crate::broker::kafka) fn error(&self) -> Option<Failure> {
        if self.raw.err == c::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR {
            return None;
        }
        // SAFETY: the message is alive; an error string belongs to it or is static.
        let detail = text(unsafe { c::rd_kafka_message_errstr(self.raw) });
        Some(Failure::of(self.raw.err.into(), &detail))
    }

    /// The topic's name.
    pub(in crate::broker::kafka) fn topic(&self) -> &'a str {
        if self.raw.rkt.is_null() {
            return "";
        }
        // SAFETY: the topic lives as long as the message; its name is a C string, and Kafka's names are ASCII.
        unsafe { CStr::from_ptr(c::rd_kafka_topic_name(self.raw.rkt)) }.to_str().unwrap_or("")
    }

    /// The partition.
    pub(in crate::broker::kafka) fn partition(&self) -> i32 {
        self.raw.partition
    }

    /// The offset; of an end-of-partition message the next offset.
    pub(in crate::broker::kafka) fn offset(&self) -> i64 {
        self.raw.offset
    }

    /// The tag of [`Client::produce`]; only of a delivery report.
    pub(in crate::broker::kafka) fn tag(&self) -> usize {
        self.raw._private.addr()
    }

    /// Milliseconds since the epoch; -1 if the record has none.
    pub(in crate::broker::kafka) fn timestamp(&self) -> i64 {
        // SAFETY: the message is alive; a null for the timestamp's type is allowed.
        unsafe { c::rd_kafka_message_timestamp(self.raw, null_mut()) }
    }

    /// The key.
    pub(in crate::broker::kafka) fn key(&self) -> Option<&'a [u8]> {
        slice(self.raw.key, self.raw.key_len)
    }

    /// The value.
    pub(in crate::broker::kafka) fn value(&self) -> Option<&'a [u8]> {
        slice(self.raw.payload, self.raw.len)
    }

    /// The headers, in order.
    pub(in crate::broker::kafka) fn headers(&self) -> Vec<(&'a str, Option<&'a [u8]>)> {
        let mut list = null_mut();
        let mut headers = Vec::new();
        let (mut name, mut value, mut size) = (null(), null(), 0);
        // SAFETY: the message is alive and owns the list; the list owns names (C strings) and values, which live as long.
        unsafe {
            if c::rd_kafka_message_headers(self.raw, &raw mut list)
                != c::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR
            {
                return headers;
            }
            headers.reserve_exact(c::rd_kafka_header_cnt(list));
            while c::rd_kafka_header_get_all(list, headers.len(), &raw mut name, &raw mut value, &raw mut size)
                == c::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR
            {
                headers.push((CStr::from_ptr(name).to_str().unwrap_or(""), slice(value.cast_mut(), size)));
            }
        }
        headers
    }
}

/// The bytes at an address of librdkafka; null is Kafka's null.
fn slice<'a>(start: *mut std::ffi::c_void, size: usize) -> Option<&'a [u8]> {
    // SAFETY: only called with address and size of one field of a living message, which `'a` does not outlive.
    NonNull::new(start).map(|start| unsafe { std::slice::from_raw_parts(start.cast().as_ptr(), size) })
}
