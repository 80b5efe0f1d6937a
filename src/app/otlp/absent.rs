//! A build without the exporter of spans.

use std::sync::Arc;

use crate::app::error::Result;
use crate::app::feature::NotBuilt;
use crate::app::{Calls, Secrets};
use crate::config::Config;
use crate::model::Spans;

const OTLP: NotBuilt = NotBuilt { part: "exporter of spans (otlp.endpoint)", feature: "otlp" };

/// [`NotBuilt`] if there is an `otlp.endpoint`.
pub(in crate::app) fn spans(config: &Config, _: &Secrets, _: &Calls) -> Result<Option<Arc<dyn Spans>>> {
    check(config).map(|()| None)
}

/// [`NotBuilt`] if there is an `otlp.endpoint`.
pub(in crate::app) fn check(config: &Config) -> Result<()> {
    if config.otlp.endpoint.is_some() { Err(OTLP.into()) } else { Ok(()) }
}
