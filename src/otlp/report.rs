//! Counts what was exported, and tells when exports begin to fail and when they work again.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use opentelemetry_otlp::SpanExporter;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{self, SpanData};

use crate::metric::Metrics;

/// An exporter that counts and tells.
#[derive(Debug)]
pub(super) struct Reported {
    exporter: SpanExporter,
    metrics: Arc<Metrics>,
    is_failing: AtomicBool,
}

impl Reported {
    pub(super) fn new(exporter: SpanExporter, metrics: Arc<Metrics>) -> Self {
        Self { exporter, metrics, is_failing: AtomicBool::new(false) }
    }
}

impl trace::SpanExporter for Reported {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let spans = batch.len();
        let exported = trace::SpanExporter::export(&self.exporter, batch).await;
        self.metrics.diagnostics.spans(spans, exported.is_ok());
        let was_failing = self.is_failing.swap(exported.is_err(), Ordering::Relaxed);
        match &exported {
            Err(error) if !was_failing => {
                tracing::warn!(%error, "spans cannot be exported, and are lost: check otlp.endpoint, and that it answers");
            }
            Ok(()) if was_failing => tracing::info!("spans are exported again"),
            Ok(()) | Err(_) => {}
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
