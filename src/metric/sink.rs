//! Calls to other systems.

use std::time::Duration;

use prometheus::{HistogramVec, IntGaugeVec, Result};

use super::registry::{Maker, gauge_value};

/// A call takes from milliseconds to its time-out.
const SECONDS: [f64; 11] = [0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0];

/// The metrics of calls to other systems.
#[derive(Debug)]
pub struct Sink {
    in_flight: IntGaugeVec,
    suspended: IntGaugeVec,
    rate_limited: IntGaugeVec,
    requests: HistogramVec,
}

impl Sink {
    pub(super) fn new(maker: &Maker) -> Result<Self> {
        let (help, labels) = ("HTTP calls; the code is 0 if there was no response.", ["target", "operation", "code"]);
        Ok(Self {
            in_flight: maker.gauges("sink_in_flight", "Calls in flight, by target.", &["target"])?,
            suspended: maker.gauges(
                "sink_suspended",
                "1 while a target refuses everybody for this reason, so that its bundles wait.",
                &["target", "reason"],
            )?,
            rate_limited: maker.gauges(
                "sink_rate_limited",
                "1 while the rate of a target is used up, so that its bundles wait.",
                &["target"],
            )?,
            requests: maker.histograms("sink_request_duration_seconds", help, &labels, &SECONDS)?,
        })
    }

    /// Sets the number of calls in flight to a target; 0 declares it.
    pub fn in_flight(&self, target: &str, number: u64) {
        self.in_flight.with_label_values(&[target]).set(gauge_value(number));
    }

    /// Sets whether a target refuses everybody for a reason; false declares it.
    pub fn suspended(&self, target: &str, reason: &'static str, is_suspended: bool) {
        self.suspended.with_label_values(&[target, reason]).set(i64::from(is_suspended));
    }

    /// Sets whether the rate of a target is used up; false declares it.
    pub fn rate_limited(&self, target: &str, is_limited: bool) {
        self.rate_limited.with_label_values(&[target]).set(i64::from(is_limited));
    }

    /// Counts a call to a target by operation (`submit`, `look_up`, `check`) and HTTP status, if there was a response.
    pub fn request(&self, target: &str, operation: &'static str, status: Option<u16>, took: Duration) {
        let code = status.unwrap_or(0).to_string();
        self.requests.with_label_values(&[target, operation, &code]).observe(took.as_secs_f64());
    }
}
