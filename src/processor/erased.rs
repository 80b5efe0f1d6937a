//! Processors without their state's type, so that one runtime runs any mixture of them.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use super::{Input, Processor, Transition};
use crate::codec::{self, Entry, Part, Versioned as _, entry};
use crate::model::{Key, Reject, RejectReason, Timestamp};

const OF_ANOTHER: &str = "the state is of another processor";

/// A decoded state of some processor.
pub struct Body(Box<dyn Any + Send>);

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Body")
    }
}

/// A [`Processor`] whose state's type is hidden; made by [`erase`].
pub trait AnyProcessor: Send + Sync {
    /// [`Processor::step`]. The state is consumed: after a rejected input it is read again from where it was stored.
    fn step(&self, key: &Key, body: Option<Body>, input: Input, now: Timestamp) -> Result<Transition<Body>, Reject>;

    /// Appends the body's bytes in the version that [`AnyProcessor::version`] names.
    fn encode(&self, body: &Body, out: &mut Vec<u8>) -> Result<(), codec::Error>;

    /// Reads an entry's body, with its parts.
    fn decode(&self, entry: &Entry<'_>, parts: Vec<Part>) -> Result<Body, codec::Error>;

    /// The version in which this body is written.
    fn version(&self, body: &Body) -> Result<u16, codec::Error>;

    /// The newest version of a body, which its parts are written in.
    fn newest_version(&self) -> u16;

    /// [`Processor::ORDER_FREE`].
    fn is_order_free(&self) -> bool;

    /// [`Processor::is_at_rest`].
    fn is_at_rest(&self, body: &Body) -> bool;
}

/// Hides a processor's state type.
pub fn erase<P: Processor>(processor: P) -> Arc<dyn AnyProcessor> {
    Arc::new(Erased(processor))
}

struct Erased<P>(P);

impl<P: Processor> AnyProcessor for Erased<P> {
    fn step(&self, key: &Key, body: Option<Body>, input: Input, now: Timestamp) -> Result<Transition<Body>, Reject> {
        let state = match body {
            Some(Body(body)) => {
                Some(*body.downcast::<P::State>().map_err(|_body| Reject::new(RejectReason::Unreadable, OF_ANOTHER))?)
            }
            None => None,
        };
        let Transition { state, effects } = self.0.step(key, state, input, now)?;
        Ok(Transition { state: state.map(|state| Body(Box::new(state))), effects })
    }

    fn encode(&self, body: &Body, out: &mut Vec<u8>) -> Result<(), codec::Error> {
        state::<P>(body)?.encode(out)
    }

    fn decode(&self, entry: &Entry<'_>, parts: Vec<Part>) -> Result<Body, codec::Error> {
        Ok(Body(Box::new(entry::decode_body::<P::State>(entry, parts)?)))
    }

    fn version(&self, body: &Body) -> Result<u16, codec::Error> {
        Ok(state::<P>(body)?.version())
    }

    fn newest_version(&self) -> u16 {
        P::State::VERSION
    }

    fn is_order_free(&self) -> bool {
        P::ORDER_FREE
    }

    fn is_at_rest(&self, body: &Body) -> bool {
        state::<P>(body).is_ok_and(P::is_at_rest)
    }
}

fn state<P: Processor>(body: &Body) -> Result<&P::State, codec::Error> {
    body.0.downcast_ref().ok_or_else(|| codec::Error::Corrupt(OF_ANOTHER.to_owned()))
}
