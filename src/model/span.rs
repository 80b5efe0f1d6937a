//! Spans: pieces of work within a trace, as they are exported when they have ended.

use std::fmt;

use super::{SpanId, Timestamp, TraceContext};

/// A piece of work within a trace that has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// The trace, and the span by whose sender this one was caused.
    pub parent: TraceContext,
    /// Its id: the same if the work is repeated after a crash, so that whoever collects spans can recognize a repetition.
    pub id: SpanId,
    /// The name, one of few.
    pub name: String,
    /// What kind of work it was.
    pub kind: SpanKind,
    /// When it began.
    pub start: Timestamp,
    /// When it ended.
    pub end: Timestamp,
    /// What else is known of it, by name.
    pub attributes: Vec<(&'static str, String)>,
    /// Why it has failed.
    pub error: Option<String>,
}

/// The kind of a span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpanKind {
    /// The life of an entry, from its first record on.
    Entry,
    /// A call of an outside system.
    Call,
}

/// Takes ended spans, to export them. Called from any thread; it must not wait.
pub trait Spans: Send + Sync + fmt::Debug {
    /// Takes a span.
    fn ended(&self, span: Span);

    /// Exports what it has taken, and takes no more. Waits for two seconds at most.
    fn close(&self);
}
