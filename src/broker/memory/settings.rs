//! What a cluster in memory is set to; the defaults are Kafka's, shortened where sheaf shortens them too.

use std::time::Duration;

/// The settings of a cluster in memory and of the clients that it hands out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// How the group hands partitions over (`partition.assignment.strategy`).
    pub protocol: Protocol,
    /// A member that has not polled for this long is expelled (`session.timeout.ms`).
    ///
    /// Heartbeats are implied by polls, so a clock that is moved in larger steps expels everybody.
    pub session_timeout: Duration,
    /// A member that has not rejoined a rebalance for this long is expelled (`max.poll.interval.ms`).
    pub max_poll_interval: Duration,
    /// An open transaction is aborted and its producer fenced after this long (`transaction.timeout.ms`).
    pub transaction_timeout: Duration,
    /// How long a decided transaction stays without its markers when its answer was lost in between
    /// ([`FaultKind::TimeoutPrepared`](super::FaultKind::TimeoutPrepared)).
    pub marker_delay: Duration,
    /// The largest record that a producer takes, in bytes (`message.max.bytes` of the client).
    pub record_bytes_max: usize,
    /// The most records that have "arrived" for one fetch, whatever the caller asks for.
    pub fetch_records_max: usize,
    /// Seeds the partition of records without a key.
    pub seed: u64,
    /// True when owners run on several threads: [`Reader::poll`](crate::broker::Reader::poll) then really waits. A
    /// single-threaded owner (the simulator) would wait for something that only it can do.
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

/// How a group hands partitions over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// Only what moves is revoked; a second rebalance gives it to its new owner.
    Cooperative,
    /// Everybody gives everything up before each rebalance.
    Eager,
}
