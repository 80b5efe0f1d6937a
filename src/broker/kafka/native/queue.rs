//! The queues of a client, and the messages that are taken from one.

use std::ffi::CString;
use std::ptr::{NonNull, null, null_mut};

use rdkafka::bindings as c;

use super::client::Client;
use super::event::Event;
use super::message::Message;

impl Client {
    /// The queue of a producer's delivery reports, errors and log lines.
    pub(in crate::broker::kafka) fn main_queue(&self) -> Option<Queue> {
        // SAFETY: the client is alive; the reference that is returned is released by `Queue`.
        Queue::adopt(self, unsafe { c::rd_kafka_queue_get_main(self.raw.as_ptr()) })
    }

    /// The queue of a consumer's rebalances and errors.
    pub(in crate::broker::kafka) fn consumer_queue(&self) -> Option<Queue> {
        // SAFETY: as above.
        Queue::adopt(self, unsafe { c::rd_kafka_queue_get_consumer(self.raw.as_ptr()) })
    }

    /// A new queue, for other queues to be forwarded to.
    pub(in crate::broker::kafka) fn new_queue(&self) -> Option<Queue> {
        // SAFETY: as above.
        Queue::adopt(self, unsafe { c::rd_kafka_queue_new(self.raw.as_ptr()) })
    }

    /// The queue of one partition, detached from the consumer's queue and optionally forwarded to another. To be called
    /// before each assignment, or its first records arrive at the consumer's queue.
    pub(in crate::broker::kafka) fn partition_queue(
        &self,
        topic: &str,
        partition: i32,
        forward: Option<&Queue>,
    ) -> Option<Queue> {
        let topic = CString::new(topic).ok()?;
        // SAFETY: the client and the C string are alive; the queues are of the same client.
        unsafe {
            let raw = c::rd_kafka_queue_get_partition(self.raw.as_ptr(), topic.as_ptr(), partition);
            let queue = Queue::adopt(self, raw)?;
            c::rd_kafka_queue_forward(queue.raw.as_ptr(), forward.map_or(null_mut(), |to| to.raw.as_ptr()));
            Some(queue)
        }
    }
}

/// A queue of a client.
pub(in crate::broker::kafka) struct Queue {
    pub(super) raw: NonNull<c::rd_kafka_queue_t>,
    client: Client,
}

// SAFETY: queues are reference-counted and locked inside librdkafka.
unsafe impl Send for Queue {}

impl Queue {
    fn adopt(client: &Client, raw: *mut c::rd_kafka_queue_t) -> Option<Self> {
        Some(Self { raw: NonNull::new(raw)?, client: client.clone() })
    }

    /// The number of waiting messages or events.
    pub(in crate::broker::kafka) fn len(&self) -> usize {
        // SAFETY: the queue is alive.
        unsafe { c::rd_kafka_queue_length(self.raw.as_ptr()) }
    }

    /// Signals each change from empty to not empty from now on by writing an eventfd's 1 to the descriptor, which has
    /// to stay open until [`Queue::silence`]. A queue that is not empty now does not signal until it has been emptied
    /// once.
    pub(in crate::broker::kafka) fn signal(&self, descriptor: i32) {
        let one = 1_u64.to_ne_bytes();
        // SAFETY: the queue is alive; the call copies the payload.
        unsafe {
            c::rd_kafka_queue_io_event_enable(self.raw.as_ptr(), descriptor, one.as_ptr().cast(), one.len());
        }
    }

    /// Ends [`Queue::signal`]: the descriptor is not written to any more.
    pub(in crate::broker::kafka) fn silence(&self) {
        // SAFETY: the queue is alive; -1 disables, under the lock under which librdkafka writes.
        unsafe { c::rd_kafka_queue_io_event_enable(self.raw.as_ptr(), -1, null(), 0) }
    }

    /// Takes up to `max` messages, waiting until there are so many for at most `timeout_ms`. Only for queues that carry
    /// messages and nothing else: partition queues, and queues that these are forwarded to.
    pub(in crate::broker::kafka) fn consume(&mut self, max: usize, timeout_ms: i32) -> Batch {
        let mut messages = vec![null_mut(); max];
        // SAFETY: the array has `max` places. `&mut self` keeps two calls on one queue apart, which is undefined.
        let count =
            unsafe { c::rd_kafka_consume_batch_queue(self.raw.as_ptr(), timeout_ms, messages.as_mut_ptr(), max) };
        messages.truncate(usize::try_from(count).unwrap_or(0));
        Batch { messages, _client: self.client.clone() }
    }

    /// The next event of a producer's queue.
    pub(in crate::broker::kafka) fn event(&self, timeout_ms: i32) -> Option<Event> {
        // SAFETY: the queue is alive; the event that is returned is released by `Event`.
        Event::adopt(&self.client, unsafe { c::rd_kafka_queue_poll(self.raw.as_ptr(), timeout_ms) })
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        // SAFETY: releases the reference that was adopted; the client is still alive.
        unsafe { c::rd_kafka_queue_destroy(self.raw.as_ptr()) }
    }
}

/// Messages that were taken from a queue.
pub(in crate::broker::kafka) struct Batch {
    messages: Vec<*mut c::rd_kafka_message_t>,
    _client: Client,
}

impl Batch {
    /// The number of messages.
    pub(in crate::broker::kafka) fn len(&self) -> usize {
        self.messages.len()
    }

    /// The messages, in the queue's order.
    pub(in crate::broker::kafka) fn iter(&self) -> impl Iterator<Item = Message<'_>> {
        self.messages.iter().filter_map(|raw| Message::new(*raw))
    }
}

impl Drop for Batch {
    fn drop(&mut self) {
        for message in &self.messages {
            // SAFETY: `rd_kafka_consume_batch_queue` gave each message to us; it is released once.
            unsafe { c::rd_kafka_message_destroy(*message) }
        }
    }
}
