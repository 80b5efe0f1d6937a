//! The trace of a step, which what it sends belongs to: that of its entry, or that of its record.

use std::sync::Arc;

use crate::codec::Head;
use crate::codec::entry::EntryTrace;
use crate::model::{Timestamp, TraceContext};
use crate::processor::Input;

/// The trace of a step on an entry. If the processor keeps traces (`is_kept`), the entry is given that of its first record that has
/// one.
pub(super) fn of(is_kept: bool, head: &mut Arc<Head>, input: &Input, now: Timestamp) -> Option<Arc<EntryTrace>> {
    if is_kept && head.trace.is_some() {
        return head.trace.clone();
    }
    let of_record = match input {
        Input::Record(event) => TraceContext::of(&event.record.headers)?,
        Input::Timer(_) | Input::Command(_) | Input::Outcome(_) => return None,
    };
    let trace = Arc::new(EntryTrace { context: of_record, since: now });
    if is_kept {
        Arc::make_mut(head).trace = Some(Arc::clone(&trace));
    }
    Some(trace)
}
