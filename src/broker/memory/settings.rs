//! The settings of a cluster in memory; the defaults are Kafka's, with shorter times where sheaf sets them, too.

use std::time::Duration;

/// The settings of a cluster in memory and of its clients.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The rebalance protocol (`partition.assignment.strategy`).
    pub protocol: Protocol,
    /// The time without a poll after which a member is expelled (`session.timeout.ms`).
    ///
    /// Polls count as heartbeats, so moving the clock in larger steps expels all members.
    pub session_timeout: Duration,
    /// The time without rejoining a rebalance after which a member is expelled (`max.poll.interval.ms`).
    pub max_poll_interval: Duration,
    /// The time after which an open transaction is aborted and its producer fenced (`transaction.timeout.ms`).
    pub transaction_timeout: Duration,
    /// The time from a decision to its markers if a fault delays them
    /// ([`FaultKind::TimeoutPrepared`](super::FaultKind::TimeoutPrepared)).
    pub marker_delay: Duration,
    /// The largest record of a producer, in bytes (`message.max.bytes` of the client).
    pub record_bytes_max: usize,
    /// The most records of one fetch, whatever the caller asks for.
    pub fetch_records_max: usize,
    /// The seed for the partitions of records without a key.
    pub seed: u64,
    /// True for owners on several threads: [`Reader::poll`](crate::broker::Reader::poll) waits. A single-threaded owner
    /// (the simulator) would wait for itself.
    pub blocking: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            protocol: Protocol::Cooperative,
            session_timeout: Duration::from_secs(45),
            max_poll_interval: Duration::from_mins(5),
            transaction_timeout: Duration::from_secs(15),
            marker_delay: Duration::from_secs(1),
            record_bytes_max: 10 << 20,
            fetch_records_max: 500,
            seed: 0,
            blocking: false,
        }
    }
}

/// The rebalance protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// Only moved partitions are revoked; a second rebalance assigns them.
    Cooperative,
    /// All members give up all partitions before each rebalance.
    Eager,
}
