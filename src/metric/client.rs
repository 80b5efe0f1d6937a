//! The connections of the Kafka client.

use std::time::Duration;

use prometheus::{GaugeVec, IntCounterVec, IntGaugeVec, Result};

use super::registry::{Maker, seconds};
use crate::model::Timestamp;

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

/// The tokens with which the clients log in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenFigures {
    /// True if the last fetch has failed.
    pub is_failing: bool,
    /// When the last one ends; `None` if there was none yet.
    pub expires: Option<Timestamp>,
}

/// The metrics of the connections of the group members to the brokers, from librdkafka's statistics
/// (<https://github.com/confluentinc/librdkafka/blob/master/STATISTICS.md>).
#[derive(Debug)]
pub struct Client {
    round_trip: GaugeVec,
    timeouts: IntCounterVec,
    disconnects: IntCounterVec,
    errors: IntCounterVec,
    token_failing: IntGaugeVec,
    token_expires: IntGaugeVec,
}

impl Client {
    pub(super) fn new(maker: &Maker) -> Result<Self> {
        let broker = ["broker"];
        let round_trip =
            "The mean time from a request to its answer in the last seconds; a fetch waits up to 100 ms for records.";
        let timeouts = "Requests that a broker did not answer in time.";
        let disconnects = "Connections that were closed, by a broker or for an error.";
        let errors = "Failures of sending to a broker or receiving from it.";
        let failing = "1 while no new token for the login OAUTHBEARER can be fetched; one that is valid is used until it ends. 0 also without such a login.";
        let expires = "When the last token for OAUTHBEARER ends; 0 before the first one, and without such a login.";
        let client = Self {
            round_trip: maker.float_gauges("kafka_broker_round_trip_seconds", round_trip, &broker)?,
            timeouts: maker.counters("kafka_broker_request_timeouts_total", timeouts, &broker)?,
            disconnects: maker.counters("kafka_broker_disconnects_total", disconnects, &broker)?,
            errors: maker.counters("kafka_broker_transmit_errors_total", errors, &broker)?,
            token_failing: maker.gauges("kafka_token_fetch_failing", failing, &[])?,
            token_expires: maker.gauges("kafka_token_expiry_timestamp_seconds", expires, &[])?,
        };
        client.token(TokenFigures { is_failing: false, expires: None });
        Ok(client)
    }

    /// Sets what is known of the tokens.
    pub fn token(&self, figures: TokenFigures) {
        self.token_failing.with_label_values(&[""; 0]).set(i64::from(figures.is_failing));
        let expires = figures.expires.map_or(0, seconds);
        self.token_expires.with_label_values(&[""; 0]).set(expires);
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
