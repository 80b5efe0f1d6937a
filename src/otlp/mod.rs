//! Exports spans by OTLP over HTTP, with the SDK of OpenTelemetry.
//!
//! sheaf makes no span by the SDK's own tracers, because its spans last for hours, over restarts and rebalances: they are made when they
//! have ended. The SDK gathers them in batches on a thread of its own, encodes them and sends them.
//!
//! | file | content |
//! |---|---|
//! | `settings` | the settings, and what is wrong with them |
//! | `convert` | a span as the SDK has it |
//! | `client` | the HTTP client |
//! | `report` | counts what was exported, and tells when exports fail |
//!
//! A span that cannot be exported is lost: nothing waits for it. Source of the protocol:
//! <https://opentelemetry.io/docs/specs/otlp/#otlphttp>.

mod client;
mod convert;
mod report;
mod settings;

pub use settings::{Error, Settings};

use std::sync::Arc;
use std::time::Duration;

use opentelemetry::{InstrumentationScope, KeyValue};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{BatchConfigBuilder, BatchSpanProcessor, SpanProcessor as _};
use tokio::runtime::Handle;

use crate::metric::Metrics;
use crate::model::{Span, Spans};
use client::{Client, TIMEOUT};
use report::Reported;

/// The spans that wait to be exported; more are lost.
const QUEUE: usize = 16_384;
/// The spans of a request.
const BATCH: usize = 512;
/// The longest wait for the rest of a batch.
const DELAY: Duration = Duration::from_secs(1);
/// The longest wait for the last spans at the end.
const CLOSE_TIMEOUT: Duration = Duration::from_millis(1_500);

/// Exports spans.
#[derive(Debug)]
pub struct Otlp {
    processor: BatchSpanProcessor,
    scope: InstrumentationScope,
}

impl Otlp {
    /// An exporter whose requests run on `handle` and are counted in `metrics`. Nothing is sent yet.
    pub fn new(settings: &Settings, handle: &Handle, metrics: Arc<Metrics>) -> Result<Self, Error> {
        let client = Client::new(settings, handle.clone())?;
        let (url, last) = (client::url(settings)?, client.last());
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(client)
            .with_endpoint(url.as_str())
            .with_protocol(Protocol::HttpBinary)
            .with_timeout(TIMEOUT)
            .build()
            // Its text may have the URL.
            .map_err(|_error| Error::Client("the exporter does not take its address".to_owned()))?;
        let config = BatchConfigBuilder::default()
            .with_max_queue_size(QUEUE)
            .with_max_export_batch_size(BATCH)
            .with_scheduled_delay(DELAY)
            .build();
        let mut processor = BatchSpanProcessor::new(Reported::new(exporter, last, metrics), config);
        let version = env!("CARGO_PKG_VERSION");
        let resource = Resource::builder_empty()
            .with_service_name(settings.service_name.clone())
            .with_attribute(KeyValue::new("service.instance.id", settings.instance.clone()))
            .with_attribute(KeyValue::new("service.version", version))
            .build();
        processor.set_resource(&resource);
        let scope = InstrumentationScope::builder("sheaf").with_version(version).build();
        Ok(Self { processor, scope })
    }

    /// Checks settings as [`Otlp::new`] does.
    pub fn check(settings: &Settings) -> Result<(), Error> {
        client::url(settings)?;
        client::headers(settings).map(drop)
    }
}

impl Spans for Otlp {
    fn ended(&self, span: Span) {
        self.processor.on_end(convert::data(span, self.scope.clone()));
    }

    fn close(&self) {
        if let Err(error) = self.processor.shutdown_with_timeout(CLOSE_TIMEOUT) {
            tracing::warn!(%error, "the last spans are not exported, because the collector does not answer in time");
        }
    }
}
