//! Requests to the HTTP server.

use std::time::Duration;

use prometheus::{HistogramVec, IntCounterVec, Result};

use super::registry::Maker;

/// A page takes milliseconds, and an answer ten seconds at most.
const SECONDS: [f64; 10] = [0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// The metrics of requests to the HTTP server.
#[derive(Debug)]
pub struct Http {
    requests: IntCounterVec,
    durations: HistogramVec,
}

impl Http {
    pub(super) fn new(maker: &Maker) -> Result<Self> {
        let (counted, timed) = (["route", "method", "status"], ["route", "method"]);
        Ok(Self {
            requests: maker.counters(
                "http_requests_total",
                "Answered requests to the HTTP server. The route is the template of the path; that of an unknown path is `none`.",
                &counted,
            )?,
            durations: maker.histograms(
                "http_request_duration_seconds",
                "The time from the head of a request to that of its answer.",
                &timed,
                &SECONDS,
            )?,
        })
    }

    /// Counts an answered request; `route` is the template of its path.
    pub fn request(&self, route: &str, method: &'static str, status: u16, took: Duration) {
        self.requests.with_label_values(&[route, method, &status.to_string()]).inc();
        self.durations.with_label_values(&[route, method]).observe(took.as_secs_f64());
    }
}
