//! The ids of spans, which are the same if work is repeated after a crash: the id of an entry's span is that by which what it has sent
//! before refers to it.

use std::fmt::Display;

use uuid::Uuid;

use crate::model::{Act, Key, SpanId, TaskId, TraceContext};

/// The id of the span of an entry with this trace. `application` is a name that no other application has: entries of several may have
/// the same trace and key.
pub(super) fn of_entry(trace: &TraceContext, (application, task, key): (&str, &TaskId, &Key)) -> SpanId {
    derived(trace, &format_args!("{application}/{task}/{key}"))
}

/// The id of the span of a call by an entry, which sends what it sends with this trace.
pub(super) fn of_call(trace: &TraceContext, (application, task, key): (&str, &TaskId, &Key), act: &Act) -> SpanId {
    derived(trace, &format_args!("{application}/{task}/{key}/{}/{}", act.slot.0, act.attempt))
}

/// The first half of a UUID of version 5 (RFC 9562), in which the version is never 0.
fn derived(TraceContext { trace, span, .. }: &TraceContext, what: &dyn Display) -> SpanId {
    let name = format!("{trace}/{span}/{what}");
    let (id, _) = Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes()).as_u64_pair();
    SpanId(id.to_be_bytes())
}
