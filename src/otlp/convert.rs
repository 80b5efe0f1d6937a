//! A span as the SDK has it.

use std::time::{Duration, SystemTime};

use opentelemetry::trace::{SpanContext, SpanId, SpanKind, Status, TraceFlags, TraceId, TraceState};
use opentelemetry::{InstrumentationScope, KeyValue};
use opentelemetry_sdk::trace::{SpanData, SpanEvents, SpanLinks};

use crate::model::{self, Span, Timestamp, TraceContext};

/// The span in the form of the SDK.
pub(super) fn data(span: Span, scope: InstrumentationScope) -> SpanData {
    let Span { parent, id, name, kind, start, end, attributes, error } = span;
    SpanData {
        span_context: context(&parent, id),
        parent_span_id: SpanId::from_bytes(parent.span.0),
        parent_span_is_remote: kind == model::SpanKind::Entry,
        span_kind: match kind {
            model::SpanKind::Entry => SpanKind::Consumer,
            model::SpanKind::Call => SpanKind::Client,
        },
        name: name.into(),
        start_time: time(start),
        end_time: time(end.max(start)),
        attributes: attributes.into_iter().map(|(name, value)| KeyValue::new(name, value)).collect(),
        dropped_attributes_count: 0,
        events: SpanEvents::default(),
        links: SpanLinks::default(),
        status: error.map_or(Status::Unset, Status::error),
        instrumentation_scope: scope,
    }
}

fn context(parent: &TraceContext, id: model::SpanId) -> SpanContext {
    // A state that the SDK does not read is carried by the header all the same.
    let state = parent.tracestate().and_then(|state| state.parse::<TraceState>().ok()).unwrap_or_default();
    let trace = TraceId::from_bytes(parent.trace.0);
    SpanContext::new(trace, SpanId::from_bytes(id.0), TraceFlags::SAMPLED, false, state)
}

fn time(at: Timestamp) -> SystemTime {
    let since = u64::try_from(at.as_millis()).unwrap_or_default();
    SystemTime::UNIX_EPOCH + Duration::from_millis(since)
}
