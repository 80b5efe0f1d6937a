//! Processors without their state's type, so that one runtime runs any mixture of them.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use super::{Input, Processor, Transition};
use crate::codec::{self, Entry, Versioned, entry};
use crate::model::{Key, Reject, RejectReason, Timestamp};

/// A decoded state of some processor.
pub struct Body(Box<dyn Any + Send>);

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Body")
    }
}

/// A [`Processor`] whose state's type is hidden; made by [`erase`].
pub trait AnyProcessor: Send + Sync {
    /// [`Processor::step`] over a copy of the state, so that a rejected input leaves the original as it was.
    fn step(&self, key: &Key, body: Option<&Body>, input: Input, now: Timestamp) -> Result<Transition<Body>, Reject>;

    /// Appends the body's bytes in the version that [`AnyProcessor::version`] names.
    fn encode(&self, body: &Body, out: &mut Vec<u8>) -> Result<(), codec::Error>;

    /// Reads an entry's body.
    fn decode(&self, entry: &Entry<'_>) -> Result<Body, codec::Error>;

    /// The version of the bodies that are written.
    fn version(&self) -> u16;

    /// [`Processor::ORDER_FREE`].
    fn is_order_free(&self) -> bool;
}

/// Hides a processor's state type.
pub fn erase<P: Processor>(processor: P) -> Arc<dyn AnyProcessor> {
    Arc::new(Erased(processor))
}

struct Erased<P>(P);

impl<P: Processor> AnyProcessor for Erased<P> {
    fn step(&self, key: &Key, body: Option<&Body>, input: Input, now: Timestamp) -> Result<Transition<Body>, Reject> {
        let state = match body {
            Some(body) => Some(state::<P>(body)?.clone()),
            None => None,
        };
        let Transition { state, effects } = self.0.step(key, state, input, now)?;
        Ok(Transition { state: state.map(|state| Body(Box::new(state))), effects })
    }

    fn encode(&self, body: &Body, out: &mut Vec<u8>) -> Result<(), codec::Error> {
        state::<P>(body).map_err(|reject| codec::Error::Corrupt(reject.detail))?.encode(out)
    }

    fn decode(&self, entry: &Entry<'_>) -> Result<Body, codec::Error> {
        Ok(Body(Box::new(entry::decode_body::<P::State>(entry)?)))
    }

    fn version(&self) -> u16 {
        P::State::VERSION
    }

    fn is_order_free(&self) -> bool {
        P::ORDER_FREE
    }
}

fn state<P: Processor>(body: &Body) -> Result<&P::State, Reject> {
    body.0.downcast_ref().ok_or_else(|| Reject::new(RejectReason::Unreadable, "the state is of another processor"))
}
