//! The trace of a step, which what it sends belongs to: that of its entry, or that of its input.
//!
//! With spans (they are exported, and the trace is sampled) an entry that keeps its trace is a span of it, from its first record
//! until it is open no more, and what it sends is caused by that span. Otherwise sheaf is not seen in a trace: what an entry sends is
//! caused by whoever has sent its first record.
//!
//! An entry is open while one of its statuses is ([`Processor::open_since`](crate::processor::Processor::open_since)); one without
//! statuses is open until it is deleted.

use std::sync::Arc;

use super::step_context::StepContext;
use crate::codec::Head;
use crate::codec::entry::EntryTrace;
use crate::model::{Span, SpanId, SpanKind, Timestamp, TraceContext};
use crate::processor::Input;
use crate::runtime::span_id;
use crate::topology::Node;

/// What is known of traces before a step.
#[derive(Debug)]
pub(super) struct Before {
    of_input: Option<TraceContext>,
    was: Was,
}

/// An entry before a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Was {
    Absent,
    Open,
    Ended,
}

impl Before {
    /// `None` if neither the input nor the entry has a trace. `exists`: there is an entry with this head.
    pub(super) fn of(node: &Node, (head, exists): (&Head, bool), input: &Input) -> Option<Self> {
        let of_input = match input {
            Input::Record(event) => TraceContext::of(&event.record.headers),
            Input::Command(command) => command.traceparent.as_ref().and_then(|text| TraceContext::new(text, None)),
            Input::Timer(_) | Input::Outcome(_) => None,
        };
        if of_input.is_none() && head.trace.is_none() {
            return None;
        }
        let was = match exists {
            false => Was::Absent,
            true if is_open(node, head) => Was::Open,
            true => Was::Ended,
        };
        Some(Self { of_input, was })
    }

    /// Gives the entry the trace of the input, if its processor keeps traces: an entry that is new or begins anew takes it, and an open
    /// one without a trace. One that has ended and stays so takes none.
    pub(super) fn keep(&self, node: &Node, head: &mut Arc<Head>, now: Timestamp) {
        let Some(context) = self.of_input.clone().filter(|_| node.processor.keeps_trace()) else { return };
        let takes = match self.was {
            Was::Absent => true,
            Was::Open => head.trace.is_none(),
            Was::Ended => is_open(node, head),
        };
        if takes {
            Arc::make_mut(head).trace = Some(Arc::new(EntryTrace { context, since: now }));
        }
    }

    /// The trace for what the step sends: that of the entry, or else that of the input.
    pub(super) fn sent(&self, entry: Option<Traced<'_>>) -> Option<TraceContext> {
        entry.map(Traced::sent).or_else(|| self.of_input.clone())
    }

    /// The span of the entry, if this step has ended it; `next` is its head, `None` if there is no entry any more.
    pub(super) fn ended(&self, entry: Traced<'_>, next: Option<&Head>) -> Option<Span> {
        let has_ended = match (self.was, next) {
            (Was::Open, None) => true,
            (Was::Absent | Was::Open, Some(head)) => !is_open(entry.context.node, head),
            (Was::Absent, None) | (Was::Ended, _) => false,
        };
        if has_ended { entry.span(next) } else { None }
    }
}

/// True if an entry with this head waits for something.
fn is_open(node: &Node, head: &Head) -> bool {
    let statuses = head.statuses.as_slice();
    statuses.is_empty() || statuses.iter().any(|status| node.processor.open_since(*status, head.at).is_some())
}

/// An entry that keeps a trace.
#[derive(Clone, Copy)]
pub(super) struct Traced<'a> {
    pub context: StepContext<'a>,
    pub trace: &'a EntryTrace,
}

impl Traced<'_> {
    /// The trace of what it sends: caused by its span, if it is one.
    pub(super) fn sent(self) -> TraceContext {
        let context = &self.trace.context;
        if self.is_span() { context.from_span(self.id()) } else { context.clone() }
    }

    /// Its span, if it is one, until now.
    fn span(self, next: Option<&Head>) -> Option<Span> {
        if !self.is_span() {
            return None;
        }
        let (StepContext { plan, node, key, at, .. }, EntryTrace { context, since }) = (self.context, self.trace);
        let statuses = next.map(|head| head.statuses).unwrap_or_default();
        let names = statuses.as_slice().iter().map(|status| node.processor.status_name(*status));
        Some(Span {
            parent: context.clone(),
            id: self.id(),
            name: node.name.to_string(),
            kind: SpanKind::Entry,
            start: *since,
            end: at.wall,
            attributes: vec![
                ("sheaf.topology", plan.topology.name.clone()),
                ("sheaf.key", key.text().into_owned()),
                ("sheaf.status", names.collect::<Vec<_>>().join(" ")),
            ],
            error: None,
        })
    }

    fn id(self) -> SpanId {
        let StepContext { plan, task, key, .. } = self.context;
        span_id::of_entry(&self.trace.context, (plan, task, key))
    }

    fn is_span(self) -> bool {
        self.context.has_spans && self.trace.context.is_sampled()
    }
}
