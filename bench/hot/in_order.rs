//! A processor that wants its records in their order, so that none of them skips the inbox.

use std::sync::Arc;

use sheaf::codec::{Entry, Error, Part};
use sheaf::model::{Key, Reject, Timestamp};
use sheaf::processor::{AnyProcessor, Body, Input, Transition};

/// It does what the processor inside does.
pub(crate) struct InOrder(pub(crate) Arc<dyn AnyProcessor>);

impl AnyProcessor for InOrder {
    fn step(&self, key: &Key, body: Option<Body>, input: Input, now: Timestamp) -> Result<Transition<Body>, Reject> {
        self.0.step(key, body, input, now)
    }

    fn encode(&self, body: &Body, out: &mut Vec<u8>) -> Result<(), Error> {
        self.0.encode(body, out)
    }

    fn decode(&self, entry: &Entry<'_>, parts: Vec<Part>) -> Result<Body, Error> {
        self.0.decode(entry, parts)
    }

    fn version(&self, body: &Body) -> Result<u16, Error> {
        self.0.version(body)
    }

    fn newest_version(&self) -> u16 {
        self.0.newest_version()
    }

    fn is_at_rest(&self, body: &Body) -> bool {
        self.0.is_at_rest(body)
    }

    fn is_order_free(&self) -> bool {
        false
    }
}
