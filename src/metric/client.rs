//! The connections of the Kafka client.

use std::time::Duration;

use prometheus::{GaugeVec, IntCounterVec, Result};

use super::registry::Maker;

/// What has happened at the connections to one broker since the last look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ConnectionFigures {
    /// The mean time from a request to its answer; `None` without a request.
    pub round_trip: Option<Duration>,
    /// Requests without an answer in time.
    pub request_timeouts: u64,
    /// Closed connections.
    pub disconnects: u64,
    /// Failures of sending or receiving.
    pub errors: u64,
}

/// The metrics of the connections of the group members to the brokers, from librdkafka's statistics
/// (<https://github.com/confluentinc/librdkafka/blob/master/STATISTICS.md>).
#[derive(Debug)]
pub struct Client {
    round_trip: GaugeVec,
    timeouts: IntCounterVec,
    disconnects: IntCounterVec,
    errors: IntCounterVec,
}

impl Client {
    pub(super) fn new(maker: &Maker) -> Result<Self> {
        let broker = ["broker"];
        let round_trip =
            "The mean time from a request to its answer in the last seconds; a fetch waits up to 100 ms for records.";
        let timeouts = "Requests that a broker did not answer in time.";
        let disconnects = "Connections that were closed, by a broker or for an error.";
        let errors = "Failures of sending to a broker or receiving from it.";
        Ok(Self {
            round_trip: maker.float_gauges("kafka_broker_round_trip_seconds", round_trip, &broker)?,
            timeouts: maker.counters("kafka_broker_request_timeouts_total", timeouts, &broker)?,
            disconnects: maker.counters("kafka_broker_disconnects_total", disconnects, &broker)?,
            errors: maker.counters("kafka_broker_transmit_errors_total", errors, &broker)?,
        })
    }

    /// Adds what has happened at the connections to a broker, by its id.
    pub fn connection(&self, broker: i32, figures: &ConnectionFigures) {
        let broker = broker.to_string();
        let add = |counters: &IntCounterVec, number| counters.with_label_values(&[&broker]).inc_by(number);
        add(&self.timeouts, figures.request_timeouts);
        add(&self.disconnects, figures.disconnects);
        add(&self.errors, figures.errors);
        if let Some(round_trip) = figures.round_trip {
            self.round_trip.with_label_values(&[&broker]).set(round_trip.as_secs_f64());
        }
    }
}
