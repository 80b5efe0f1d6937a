//! Where the spans of an instance are exported to.

#[cfg(not(feature = "otlp"))]
mod absent;
#[cfg(feature = "otlp")]
mod exporter;

#[cfg(not(feature = "otlp"))]
pub(super) use absent::{check, spans};
#[cfg(feature = "otlp")]
pub(super) use exporter::{check, spans};
