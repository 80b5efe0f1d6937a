//! The trace of the act whose call is made in the current tokio task.
//!
//! An act is executed in a task of its own, and between it and the request are a dozen functions that need not know of traces.

use std::future::Future;

use reqwest::RequestBuilder;
use tokio::task_local;

use crate::model::TraceContext;

task_local! {
    static CURRENT: Option<TraceContext>;
}

/// Runs the calls of an act in its trace.
pub(in crate::sink) async fn within<F: Future>(trace: Option<TraceContext>, calls: F) -> F::Output {
    CURRENT.scope(trace, calls).await
}

/// A request with the headers of the current trace, if there is one.
pub(in crate::sink) fn traced(request: RequestBuilder) -> RequestBuilder {
    let Ok(Some(trace)) = CURRENT.try_with(Clone::clone) else { return request };
    let request = request.header(TraceContext::TRACEPARENT, trace.traceparent());
    match trace.tracestate() {
        Some(state) => request.header(TraceContext::TRACESTATE, state),
        None => request,
    }
}
