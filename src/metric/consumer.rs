//! The families of records read, lag, and the group.

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
        let partition = ["topic", "partition"];
        let lag = "End offset minus committed offset of an owned partition.";
        let consumer = Self {
            records: maker.counters("consumer_records_total", "Records read.", &["topic"])?,
            bytes: maker.counters("consumer_bytes_total", "Bytes of keys, values and headers read.", &["topic"])?,
            passed: maker.counters(
                "consumer_passed_records_total",
                "Source records that belong to no entry of this application.",
                &["topic"],
            )?,
            lag: maker.gauges("consumer_lag_records", lag, &partition)?,
            committed: maker.gauges("consumer_committed_offset", "The last committed offset.", &partition)?,
            end: maker.gauges("consumer_end_offset", "The last known end offset (high watermark).", &partition)?,
            assigned: maker.gauges("consumer_assigned_partitions", "Owned partitions.", &["topic"])?,
            rebalances: maker.counters("consumer_rebalances_total", "Changes of the assignment.", &["kind"])?,
            fetch_errors: maker.counters("consumer_fetch_errors_total", "Failed fetches.", &["topic"])?,
        };
        for kind in Rebalance::ALL {
            consumer.rebalances.with_label_values(&[kind.as_str()]).reset();
        }
        Ok(consumer)
    }
}
