//! Step functions: state and input in, state and effects out, and nothing else happens.
//!
//! | processor | what it does |
//! |---|---|
//! | [`bundle`] | gathers a parent and its children, in any order, and hands the complete bundle on once |
//! | [`delivery`] | keeps the journal of what was submitted for each bundle |
//!
//! # The contract
//!
//! A [`Processor`] is called for one key at a time. Everything that can happen is an [`Input`]; everything that it wants
//! to happen is an [`Effect`]. It reads no clock, draws no chance and sends nothing: time and ids are handed in, effects
//! are carried out by the runtime in the transaction that stores the new state, and acts after that transaction has
//! committed. So the same inputs always give the same states, and a crash at any point can be repaired by doing the
//! uncommitted steps again.
//!
//! State is consumed and returned: a step that fails with a [`Reject`] cannot have changed it half.

pub mod bundle;
pub mod delivery;
mod erased;

pub use erased::{AnyProcessor, Body, erase};

use std::any::Any;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use bytes::Bytes;

use crate::codec::Versioned;
use crate::model::{
    Act, ActSlot, Alert, Headers, Key, Outcome, Record, Reject, RejectReason, Timer, TimerKind, Timestamp,
};

/// A step function over entries of one kind.
pub trait Processor: Send + Sync + 'static {
    /// What is remembered of one key between steps.
    type State: Versioned;

    /// True when the records of one key may be taken in any order, with the same result in the end. Then a record whose
    /// task is on the thread that reads it is stepped on at once, and overtakes those that wait in the inbox.
    const ORDER_FREE: bool = false;

    /// True for a state for which hardly an input comes any more: it is not kept in memory, which is for the others. A wrong
    /// answer costs time, and nothing else.
    fn is_at_rest(_: &Self::State) -> bool {
        false
    }

    /// Takes the state of `key` and one input, and gives the next state and what is to happen.
    ///
    /// `now` is the wall clock. An `Err` sends the input to the dead letters and leaves the entry as it was.
    fn step(
        &self,
        key: &Key,
        state: Option<Self::State>,
        input: Input,
        now: Timestamp,
    ) -> Result<Transition<Self::State>, Reject>;
}

/// Everything that can happen to an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// A record of the inbox.
    Record(Event),
    /// A timer of this entry has come due; it is no longer scheduled.
    Timer(TimerKind),
    /// An operator asks for something.
    Command(Command),
    /// What came of an act of this entry; the act stays pending until a step lets go of it ([`Effect::Settle`]).
    Outcome(Outcome),
}

/// A record of the inbox with what the keying step found out about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The role that the topology gave its source (`parent`, `child`).
    pub role: Cow<'static, str>,
    /// When it happened: Kafka's timestamp of the source record, or the field that the topology names.
    pub at: Timestamp,
    /// The source record: its coordinates there, its original key, value and headers.
    pub record: Record,
    /// What the keying step has read of it, if that is at hand.
    pub parsed: Parsed,
}

impl Event {
    /// An event of which nothing has been read yet.
    pub fn new(role: impl Into<Cow<'static, str>>, at: Timestamp, record: Record) -> Self {
        Self { role: role.into(), at, record, parsed: Parsed::default() }
    }
}

/// What an operator asks of one entry, from the inbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// The command's name.
    pub name: String,
    /// Its arguments.
    pub arguments: BTreeMap<String, String>,
}

/// What a step gives back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transition<S> {
    /// The next state; `None` deletes the entry with its timers and acts.
    pub state: Option<S>,
    /// What is to happen, in order.
    pub effects: Vec<Effect>,
}

impl<S> Transition<S> {
    /// A transition that forgets the key, with its timers and acts.
    pub const fn forget() -> Self {
        Self { state: None, effects: Vec::new() }
    }

    /// A transition to `state` that asks for nothing.
    pub const fn to(state: S) -> Self {
        Self { state: Some(state), effects: Vec::new() }
    }

    /// The same transition with one more effect.
    #[must_use]
    pub fn with(mut self, effect: Effect) -> Self {
        self.effects.push(effect);
        self
    }
}

/// What a step asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Write a record to one of the processor's outputs, keyed by the entry's key.
    Forward(Forward),
    /// Set this timer, in place of one of the same kind.
    Schedule(Timer),
    /// Take back the timer of this kind, if there is one.
    Unschedule(TimerKind),
    /// Call the outside after the commit; the act is pending until it is settled.
    Act(Act),
    /// Forget the pending act of this slot: its outcome has been understood.
    Settle(ActSlot),
    /// Tell people.
    Alert(Alert),
    /// Count something: one of the names that the processor declares in [`Count`].
    Count(Count),
    /// Keep these bytes as one more part of the entry, behind those that it has. A part is written once, while the entry is
    /// written with every step: what an entry grows by, once it is large, belongs into parts. They are handed back, in
    /// their order, with [`Versioned::with_parts`].
    AddPart(Bytes),
    /// Forget all parts of the entry that were added before. Those of a deleted entry are forgotten by themselves.
    DropParts,
    /// Send this input's record to the dead letters although the step succeeded (an act that was refused for good).
    DeadLetter(Reject),
}

/// A record for one of a processor's outputs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forward {
    /// The output's name; the topology says which topic that is.
    pub output: &'static str,
    /// The value.
    pub value: Bytes,
    /// The headers.
    pub headers: Headers,
}

impl Effect {
    /// A record for an output, without headers.
    pub fn forward(output: &'static str, value: impl Into<Bytes>) -> Self {
        Self::Forward(Forward { output, value: value.into(), headers: Headers::new() })
    }
}

/// A counted fact with bounded labels: the metric's name and its labels are declared in `metric`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Count {
    /// Which family.
    pub family: &'static str,
    /// The label values, in the family's order after `application`; unused ones are empty.
    pub labels: [&'static str; 2],
}

/// The stateless step in front of an inbox: finds a record's key, its role and its time.
pub trait Keying: Send + Sync {
    /// Finds the key, or says why there is none.
    fn key(&self, record: &Record) -> Result<Keyed, Reject>;
}

/// A function that finds a record's key is a keying step.
impl<F: Fn(&Record) -> Result<Keyed, Reject> + Send + Sync> Keying for F {
    fn key(&self, record: &Record) -> Result<Keyed, Reject> {
        self(record)
    }
}

/// The keying step of sources whose records carry their key already: the record's key, its Kafka timestamp, and the role
/// `event`. A record without a key is rejected.
pub fn by_key(record: &Record) -> Result<Keyed, Reject> {
    let key = record.key.as_deref().ok_or_else(|| Reject::new(RejectReason::BadId, "the record has no key"))?;
    Ok(Keyed::new(Key::from_slice(key), "event", record.timestamp))
}

/// What a keying step found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keyed {
    /// The key of the entry that the record is for.
    pub key: Key,
    /// The role of the record's source (`parent`, `child`).
    pub role: Cow<'static, str>,
    /// When the event happened.
    pub at: Timestamp,
    /// What it has read, for a step on the same record.
    pub parsed: Parsed,
}

impl Keyed {
    /// A keyed record of which nothing else is handed on.
    pub fn new(key: Key, role: impl Into<Cow<'static, str>>, at: Timestamp) -> Self {
        Self { key, role: role.into(), at, parsed: Parsed::default() }
    }

    /// The event that the keyed record is, for the entry of this key.
    pub fn into_event(self, record: Record) -> (Key, Event) {
        let Self { key, role, at, parsed } = self;
        (key, Event { role, at, record, parsed })
    }

    /// Hands on what was read of the record.
    #[must_use]
    pub fn with_parsed<T: Any + Send + Sync>(self, what: T) -> Self {
        Self { parsed: Parsed(Some(Arc::new(what))), ..self }
    }
}

/// What a keying step has read of a record, so that the processor need not read it again. It says nothing that does not
/// stand in the record: an event that has gone through the inbox comes without it.
#[derive(Clone, Default)]
pub struct Parsed(Option<Arc<dyn Any + Send + Sync>>);

impl Parsed {
    /// What was read, when something of this type was.
    pub fn get<T: Any>(&self) -> Option<&T> {
        self.0.as_ref()?.downcast_ref()
    }
}

impl fmt::Debug for Parsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Parsed")
    }
}

impl PartialEq for Parsed {
    /// Always: whether two events are the same is seen by their records.
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Parsed {}
