//! The families of what is read, how far behind, and the group.

use prometheus::{IntCounterVec, IntGaugeVec, Result};

use super::label::Rebalance;
use super::registry::Maker;

#[derive(Debug)]
pub(super) struct Consumer {
    pub(super) records: IntCounterVec,
    pub(super) bytes: IntCounterVec,
    pub(super) passed: IntCounterVec,
    pub(super) lag: IntGaugeVec,
    pub(super) committed: IntGaugeVec,
    pub(super) end: IntGaugeVec,
    pub(super) assigned: IntGaugeVec,
    pub(super) rebalances: IntCounterVec,
    pub(super) fetch_errors: IntCounterVec,
}

impl Consumer {
    pub(super) fn new(maker: &Maker) -> Result<Self> {
        let place = ["topic", "partition"];
        let lag = "End offset minus committed offset of a partition that is owned here.";
        let consumer = Self {
            records: maker.counters("consumer_records_total", "Records read.", &["topic"])?,
            bytes: maker.counters("consumer_bytes_total", "Bytes of keys, values and headers read.", &["topic"])?,
            passed: maker.counters(
                "consumer_passed_records_total",
                "Records of sources that are for no entry of this application.",
                &["topic"],
            )?,
            lag: maker.gauges("consumer_lag_records", lag, &place)?,
            committed: maker.gauges("consumer_committed_offset", "The last committed offset.", &place)?,
            end: maker.gauges("consumer_end_offset", "The end offset (high watermark) seen last.", &place)?,
            assigned: maker.gauges("consumer_assigned_partitions", "Partitions owned here.", &["topic"])?,
            rebalances: maker.counters("consumer_rebalances_total", "Changes of the assignment.", &["kind"])?,
            fetch_errors: maker.counters(
                "consumer_fetch_errors_total",
                "Fetches that the broker refused.",
                &["topic"],
            )?,
        };
        for kind in Rebalance::ALL {
            consumer.rebalances.with_label_values(&[kind.as_str()]).reset();
        }
        Ok(consumer)
    }
}
