//! Counts what was exported, and tells when exports begin to fail and when they work again.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use opentelemetry_otlp::SpanExporter;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{self, SpanData};

use super::client::{Ended, Last};
use crate::metric::Metrics;

/// An exporter that counts and tells.
#[derive(Debug)]
pub(super) struct Reported {
    exporter: SpanExporter,
    last: Last,
    metrics: Arc<Metrics>,
    is_failing: AtomicBool,
}

impl Reported {
    /// `last` is how the last request of the exporter has ended.
    pub(super) fn new(exporter: SpanExporter, last: Last, metrics: Arc<Metrics>) -> Self {
        Self { exporter, last, metrics, is_failing: AtomicBool::new(false) }
    }
}

impl trace::SpanExporter for Reported {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let spans = batch.len();
        let exported = trace::SpanExporter::export(&self.exporter, batch).await;
        let Ended { failure, rejected } = self.last.take();
        let (lost, why) = match (exported, rejected) {
            (Err(error), _) => (spans, failure.unwrap_or_else(|| error.to_string())),
            (Ok(()), Some((rejected, why))) => (rejected.min(spans), format!("the collector rejects spans: {why}")),
            (Ok(()), None) => (0, String::new()),
        };
        self.metrics.diagnostics.spans(spans - lost, lost);
        let is_failing = lost > 0;
        let was_failing = self.is_failing.swap(is_failing, Ordering::Relaxed);
        if is_failing && !was_failing {
            tracing::warn!(
                error = why,
                "spans cannot be exported, and are lost: check otlp.endpoint and otlp.headers, and that the collector answers"
            );
        } else if was_failing && !is_failing {
            tracing::info!("spans are exported again");
        }
        // It is told, so the SDK need not log each batch.
        Ok(())
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}
