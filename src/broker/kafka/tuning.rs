//! The properties of librdkafka that sheaf tunes; the user's replace them.

/// Reconnects within a second after an outage instead of ten; finds new topics within ten seconds instead of five
/// minutes.
pub(super) const COMMON: &[(&str, &str)] = &[
    ("reconnect.backoff.max.ms", "1000"),
    ("topic.metadata.refresh.interval.ms", "10000"),
    ("log.connection.close", "false"),
];

/// `queued.*` limits memory *per partition*, because each partition has its own queue, and an instance may have
/// hundreds: with five topics of 64 partitions each, these take at most 160 MiB (some 500 bytes for a small message,
/// half of it librdkafka's overhead), and one fetch response 16 MiB. Larger batches of a topic are still fetched whole.
/// A full queue is checked again after 10 ms instead of a second, so a thousand messages are more than a thread
/// processes meanwhile. The broker holds an empty fetch for 100 ms: a new record ends it at once, a new partition waits
/// for its end.
pub(super) const CONSUMING: &[(&str, &str)] = &[
    ("queued.min.messages", "1000"),
    ("queued.max.messages.kbytes", "512"),
    ("fetch.message.max.bytes", "262144"),
    ("fetch.max.bytes", "16777216"),
    ("fetch.wait.max.ms", "100"),
    ("fetch.queue.backoff.ms", "10"),
    ("fetch.error.backoff.ms", "50"),
    ("statistics.interval.ms", "10000"),
];

/// A restoring reader reads much, once, and detects the end by an empty fetch, which has to return quickly.
pub(super) const READING: &[(&str, &str)] = &[
    ("queued.min.messages", "50000"),
    ("queued.max.messages.kbytes", "32768"),
    ("fetch.wait.max.ms", "10"),
    ("fetch.queue.backoff.ms", "5"),
    ("fetch.error.backoff.ms", "20"),
];

/// A following reader is usually at the end: a new record ends a waiting fetch at once, and empty fetches cost.
pub(super) const FOLLOWING: &[(&str, &str)] = &[
    ("queued.min.messages", "10000"),
    ("queued.max.messages.kbytes", "16384"),
    ("fetch.wait.max.ms", "500"),
    ("fetch.queue.backoff.ms", "10"),
    ("fetch.error.backoff.ms", "100"),
];

/// A reader of first records should not fetch much more: Kafka returns at least one batch, whatever its size.
pub(super) const PEEKING: &[(&str, &str)] = &[
    ("queued.min.messages", "1"),
    ("queued.max.messages.kbytes", "1024"),
    ("fetch.message.max.bytes", "4096"),
    ("fetch.wait.max.ms", "10"),
    ("fetch.queue.backoff.ms", "10"),
    ("fetch.error.backoff.ms", "20"),
];

/// A transaction's records are produced at once, so a millisecond of lingering fills the batches.
pub(super) const PRODUCING: &[(&str, &str)] = &[
    ("linger.ms", "1"),
    ("compression.type", "lz4"),
    ("batch.size", "1000000"),
    ("queue.buffering.max.messages", "500000"),
    ("queue.buffering.max.kbytes", "262144"),
    // librdkafka 2.12 gives a request to the group's coordinator no time-out: once its look-up has failed, the request
    // waits for a state change of any connection, possibly until the dead broker returns (`creq_ts_timeout` is never
    // read). While `send_offsets` waits, all connections of the producer are idle, and closing them is such a change.
    ("connections.max.idle.ms", "6000"),
];
