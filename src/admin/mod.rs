//! A look at a runtime over HTTP: health, readiness, metrics.
