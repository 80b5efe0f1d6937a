//! The ids of spans, which are the same if work is repeated after a crash: the id of an entry's span is that by which what it has sent
//! before refers to it.

use uuid::Uuid;

use super::topology_plan::TopologyPlan;
use crate::model::{Act, Key, SpanId, TaskId, TraceContext};

/// The entry of a span.
type Entry<'a> = (&'a TopologyPlan, &'a TaskId, &'a Key);

/// The id of the span of an entry with this trace.
pub(super) fn of_entry(trace: &TraceContext, entry: Entry<'_>) -> SpanId {
    derived(trace, entry, "")
}

/// The id of the span of a call by an entry, which sends what it sends with this trace.
pub(super) fn of_call(trace: &TraceContext, entry: Entry<'_>, act: &Act) -> SpanId {
    derived(trace, entry, &format!("/{}/{}", act.slot.0, act.attempt))
}

/// The first half of a UUID of version 5 (RFC 9562), in which the version is never 0.
fn derived(TraceContext { trace, span, .. }: &TraceContext, (plan, task, key): Entry<'_>, what: &str) -> SpanId {
    // The topic is the application's own: entries of several may have the same trace and key.
    let name = format!("{trace}/{span}/{}/{task}/{key}{what}", plan.instances);
    let (id, _) = Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes()).as_u64_pair();
    SpanId(id.to_be_bytes())
}
