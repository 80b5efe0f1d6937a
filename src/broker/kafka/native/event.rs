//! The events of a queue.

use std::marker::PhantomData;
use std::ptr::{NonNull, null};

use rdkafka::bindings as c;

use super::client::Client;
use super::convert::text;
use super::message::Message;
use crate::broker::kafka::failure::Failure;

/// An event of a producer's queue.
pub(in crate::broker::kafka) struct Event {
    pub(super) raw: NonNull<c::rd_kafka_event_t>,
    _client: Client,
}

/// The content of an event.
pub(in crate::broker::kafka) enum EventContent<'a> {
    /// Delivery reports.
    Deliveries(Deliveries<'a>),
    /// An error of the client as a whole.
    Error(Failure),
    /// A log line: syslog level, facility, text.
    Log(i32, String, String),
    /// Any other event, which a producer ignores.
    Other,
}

impl Event {
    pub(super) fn adopt(client: &Client, raw: *mut c::rd_kafka_event_t) -> Option<Self> {
        Some(Self { raw: NonNull::new(raw)?, _client: client.clone() })
    }

    /// The content.
    pub(in crate::broker::kafka) fn content(&self) -> EventContent<'_> {
        let raw = self.raw.as_ptr();
        // SAFETY: the event is alive, and so are the strings that it gives out.
        unsafe {
            match c::rd_kafka_event_type(raw) {
                c::RD_KAFKA_EVENT_DR => EventContent::Deliveries(Deliveries { raw: self.raw, _event: PhantomData }),
                c::RD_KAFKA_EVENT_ERROR => EventContent::Error(Failure {
                    fatal: c::rd_kafka_event_error_is_fatal(raw) != 0,
                    ..Failure::of(c::rd_kafka_event_error(raw).into(), &text(c::rd_kafka_event_error_string(raw)))
                }),
                c::RD_KAFKA_EVENT_LOG => {
                    let (mut facility, mut line, mut level) = (null(), null(), 0);
                    if c::rd_kafka_event_log(raw, &raw mut facility, &raw mut line, &raw mut level) != 0 {
                        return EventContent::Other;
                    }
                    EventContent::Log(level, text(facility), text(line))
                }
                _ => EventContent::Other,
            }
        }
    }
}

impl Drop for Event {
    fn drop(&mut self) {
        // SAFETY: `rd_kafka_queue_poll` gave the event to us.
        unsafe { c::rd_kafka_event_destroy(self.raw.as_ptr()) }
    }
}

/// The delivery reports of an event; each is returned once.
pub(in crate::broker::kafka) struct Deliveries<'a> {
    raw: NonNull<c::rd_kafka_event_t>,
    _event: PhantomData<&'a Event>,
}

impl<'a> Iterator for Deliveries<'a> {
    type Item = Message<'a>;

    fn next(&mut self) -> Option<Message<'a>> {
        // SAFETY: the event is borrowed, so alive; its messages live as long as it does.
        Message::new(unsafe { c::rd_kafka_event_message_next(self.raw.as_ptr()) })
    }
}
