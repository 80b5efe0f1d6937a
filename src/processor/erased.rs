//! Type erasure of a processor's state, so that one runtime runs different processors.

use std::any::Any;
use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use serde_json::Value;

use super::archive::{Archive, Texts};
use super::{CommandSpec, Deleted, Family, Histogram, Input, Learned, Processor, Transition};
use crate::codec::{self, Entry, Part, Versioned as _, entry};
use crate::model::{Key, Listing, Moment, Reject, RejectReason, Status, Target, Timer, Timestamp};

const WRONG_STATE: &str = "the state belongs to another processor";

/// A decoded state of any processor.
pub struct Body(Box<dyn Any + Send>);

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Body")
    }
}

/// A [`Processor`] with an erased state type; see [`erase`].
pub trait AnyProcessor: Send + Sync {
    /// [`Processor::step`]. Consumes the state: after a rejected input it must be read from the store again.
    fn step(&self, key: &Key, body: Option<Body>, input: Input, at: Moment) -> Result<Transition<Body>, Reject>;

    /// Appends the body, encoded in [`AnyProcessor::version`].
    fn encode(&self, body: &Body, out: &mut Vec<u8>) -> Result<(), codec::Error>;

    /// Decodes the body of an entry, with its parts.
    fn decode(&self, entry: &Entry<'_>, parts: Vec<Part>) -> Result<Body, codec::Error>;

    /// The version in which this body is encoded.
    fn version(&self, body: &Body) -> Result<u16, codec::Error>;

    /// The newest version of a body, in which parts are encoded.
    fn newest_version(&self) -> u16;

    /// [`Processor::ORDER_FREE`].
    fn is_order_free(&self) -> bool;

    /// [`Processor::KEEPS_TRACE`].
    fn keeps_trace(&self) -> bool;

    /// [`Processor::is_at_rest`].
    fn is_at_rest(&self, body: &Body) -> bool;

    /// [`Processor::listing`].
    fn listing(&self, body: &Body) -> Listing;

    /// [`Processor::status_name`].
    fn status_name(&self, status: Status) -> Cow<'static, str>;

    /// [`Processor::show`].
    fn show(&self, key: &Key, body: &Body) -> Result<Value, codec::Error>;

    /// [`Processor::content`].
    fn content(&self, key: &Key, body: &Body) -> Result<Option<Value>, codec::Error>;

    /// [`Processor::open_since`].
    fn open_since(&self, status: Status, at: Timestamp) -> Option<Timestamp>;

    /// [`Processor::may_lack_timer`].
    fn may_lack_timer(&self, status: Option<Status>) -> bool;

    /// [`Processor::missing_timer`].
    fn missing_timer(&self, body: &Body) -> Option<Timer>;

    /// [`Processor::timer_after_rejection`].
    fn timer_after_rejection(&self, deleted: Deleted, at: Moment) -> Option<Timer>;

    /// [`Processor::metrics`].
    fn metrics(&self) -> Vec<Family>;

    /// [`Processor::refuses_replay`].
    fn refuses_replay(&self) -> Option<&'static str>;

    /// [`Processor::histograms`].
    fn histograms(&self) -> &'static [Histogram];

    /// [`Processor::targets`].
    fn targets(&self) -> Vec<Target>;

    /// [`Processor::queues_acts`].
    fn queues_acts(&self) -> bool;

    /// [`Processor::partitions`].
    fn partitions(&self) -> Option<i32>;

    /// [`Processor::definitions`].
    fn definitions(&self) -> Texts;

    /// [`Processor::learn`].
    fn learn(&self, texts: &Texts, archive: Arc<dyn Archive>) -> Learned;

    /// [`Processor::commands`].
    fn commands(&self) -> &'static [CommandSpec];

    /// [`Processor::alerts`].
    fn alerts(&self) -> &'static [&'static str];
}

/// Erases a processor's state type.
pub fn erase<P: Processor>(processor: P) -> Arc<dyn AnyProcessor> {
    Arc::new(Erased(processor))
}

struct Erased<P>(P);

impl<P: Processor> AnyProcessor for Erased<P> {
    fn step(&self, key: &Key, body: Option<Body>, input: Input, at: Moment) -> Result<Transition<Body>, Reject> {
        let state = match body {
            Some(Body(body)) => {
                Some(*body.downcast::<P::State>().map_err(|_body| Reject::new(RejectReason::Unreadable, WRONG_STATE))?)
            }
            None => None,
        };
        let Transition { state, effects } = self.0.step(key, state, input, at)?;
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

    fn keeps_trace(&self) -> bool {
        P::KEEPS_TRACE
    }

    fn is_at_rest(&self, body: &Body) -> bool {
        state::<P>(body).is_ok_and(P::is_at_rest)
    }

    fn listing(&self, body: &Body) -> Listing {
        state::<P>(body).map_or_else(|_another| Listing::default(), |state| self.0.listing(state))
    }

    fn status_name(&self, status: Status) -> Cow<'static, str> {
        self.0.status_name(status)
    }

    fn show(&self, key: &Key, body: &Body) -> Result<Value, codec::Error> {
        Ok(self.0.show(key, state::<P>(body)?))
    }

    fn content(&self, key: &Key, body: &Body) -> Result<Option<Value>, codec::Error> {
        Ok(self.0.content(key, state::<P>(body)?))
    }

    fn open_since(&self, status: Status, at: Timestamp) -> Option<Timestamp> {
        self.0.open_since(status, at)
    }

    fn may_lack_timer(&self, status: Option<Status>) -> bool {
        self.0.may_lack_timer(status)
    }

    fn missing_timer(&self, body: &Body) -> Option<Timer> {
        state::<P>(body).ok().and_then(|state| self.0.missing_timer(state))
    }

    fn timer_after_rejection(&self, deleted: Deleted, at: Moment) -> Option<Timer> {
        self.0.timer_after_rejection(deleted, at)
    }

    fn metrics(&self) -> Vec<Family> {
        self.0.metrics()
    }

    fn refuses_replay(&self) -> Option<&'static str> {
        self.0.refuses_replay()
    }

    fn histograms(&self) -> &'static [Histogram] {
        self.0.histograms()
    }

    fn targets(&self) -> Vec<Target> {
        self.0.targets()
    }

    fn queues_acts(&self) -> bool {
        self.0.queues_acts()
    }

    fn partitions(&self) -> Option<i32> {
        self.0.partitions()
    }

    fn definitions(&self) -> Texts {
        self.0.definitions()
    }

    fn learn(&self, texts: &Texts, archive: Arc<dyn Archive>) -> Learned {
        self.0.learn(texts, archive)
    }

    fn commands(&self) -> &'static [CommandSpec] {
        self.0.commands()
    }

    fn alerts(&self) -> &'static [&'static str] {
        self.0.alerts()
    }
}

fn state<P: Processor>(body: &Body) -> Result<&P::State, codec::Error> {
    body.0.downcast_ref().ok_or_else(|| codec::Error::Corrupt(WRONG_STATE.to_owned()))
}
