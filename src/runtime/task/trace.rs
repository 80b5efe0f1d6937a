//! The trace of a step, which what it sends belongs to: that of its entry, or that of its record.
//!
//! With spans (they are exported, and the trace is sampled) an entry that keeps its trace is a span of it, from its first record
//! until it is open no more ([`Processor::open_since`](crate::processor::Processor::open_since)), and what it sends is caused by that
//! span. Otherwise sheaf is not seen in a trace: what an entry sends is caused by whoever has sent its first record.

use std::sync::Arc;

use crate::codec::Head;
use crate::codec::entry::EntryTrace;
use crate::model::{Key, Span, SpanId, SpanKind, TaskId, Timestamp, TraceContext};
use crate::processor::Input;
use crate::runtime::span_id;
use crate::topology::Node;

/// The trace of a step on an entry. If the processor keeps traces, the entry is given that of its first record that has one.
pub(super) fn of(node: &Node, head: &mut Arc<Head>, input: &Input, now: Timestamp) -> Option<Arc<EntryTrace>> {
    let is_kept = node.processor.keeps_trace();
    if is_kept && head.trace.is_some() {
        return head.trace.clone();
    }
    let context = match input {
        Input::Record(event) => TraceContext::of(&event.record.headers)?,
        Input::Command(command) => TraceContext::new(command.traceparent.as_ref()?, None)?,
        Input::Timer(_) | Input::Outcome(_) => return None,
    };
    let trace = Arc::new(EntryTrace { context, since: now });
    if is_kept {
        Arc::make_mut(head).trace = Some(Arc::clone(&trace));
    }
    Some(trace)
}

/// True if an entry with this head waits for something.
pub(super) fn is_open(node: &Node, head: &Head) -> bool {
    head.statuses.as_slice().iter().any(|status| node.processor.open_since(*status, head.at).is_some())
}

/// An entry with a trace.
#[derive(Clone, Copy)]
pub(super) struct Traced<'a> {
    /// The name of the topology.
    pub topology: &'a str,
    pub node: &'a Node,
    pub task: &'a TaskId,
    pub key: &'a Key,
    pub trace: &'a EntryTrace,
    /// True if spans are exported.
    pub has_spans: bool,
}

impl Traced<'_> {
    /// The trace of what it sends: caused by its span, if it is one.
    pub(super) fn sent(self) -> TraceContext {
        let context = &self.trace.context;
        if self.is_span() { context.from_span(self.id()) } else { context.clone() }
    }

    /// Its span, if it is open no more; `next` is its head, `None` if it was deleted.
    pub(super) fn ended(self, next: Option<&Head>, now: Timestamp) -> Option<Span> {
        let Self { topology, node, key, trace: EntryTrace { context, since }, .. } = self;
        if !self.is_span() || next.is_some_and(|head| is_open(node, head)) {
            return None;
        }
        let statuses = next.map(|head| head.statuses).unwrap_or_default();
        let names = statuses.as_slice().iter().map(|status| node.processor.status_name(*status));
        Some(Span {
            parent: context.clone(),
            id: self.id(),
            name: node.name.to_string(),
            kind: SpanKind::Entry,
            start: *since,
            end: now,
            attributes: vec![
                ("sheaf.topology", topology.to_owned()),
                ("sheaf.key", key.text().into_owned()),
                ("sheaf.status", names.collect::<Vec<_>>().join(" ")),
            ],
            error: None,
        })
    }

    fn id(self) -> SpanId {
        let Self { topology, task, key, trace, .. } = self;
        span_id::of_entry(&trace.context, (topology, task, key))
    }

    fn is_span(self) -> bool {
        self.has_spans && self.trace.context.is_sampled() && self.node.processor.keeps_trace()
    }
}
