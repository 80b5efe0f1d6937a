//! The names of the headers of a dead letter. They have the shape of those of Kafka Streams' own dead-letter queue (KIP-1034).

/// The start of the names of sheaf's headers. A record that was written back to its source has those of its last round.
pub const PREFIX: &str = "__sheaf.errors.";
/// The stage at which the record was rejected: `decode` or `process`.
pub const STAGE: &str = "__sheaf.errors.stage";
/// The processor that has rejected it, at the stage `process`.
pub const PROCESSOR: &str = "__sheaf.errors.processor";
/// The reason, a word of [`RejectReason`](crate::model::RejectReason).
pub const REASON: &str = "__sheaf.errors.reason";
/// The details of the reason.
pub const MESSAGE: &str = "__sheaf.errors.message";
/// The topic of the record.
pub const TOPIC: &str = "__sheaf.errors.topic";
/// Its partition.
pub const PARTITION: &str = "__sheaf.errors.partition";
/// Its offset; -1: the input was no record.
pub const OFFSET: &str = "__sheaf.errors.offset";
/// Its timestamp, in milliseconds since the epoch.
pub const SOURCE_TIMESTAMP: &str = "__sheaf.errors.source_timestamp";
/// The time of the rejection.
pub const TIMESTAMP: &str = "__sheaf.errors.timestamp";
/// The number of times that a record became a dead letter, from 1.
pub const ROUNDS: &str = "__sheaf.errors.rounds";
/// The length of a value that was truncated, in bytes.
pub const TRUNCATED_FROM: &str = "__sheaf.errors.truncated_from_bytes";
/// The length of a key that was left out, in bytes.
pub const KEY_LEFT_OUT: &str = "__sheaf.errors.key_left_out_bytes";
/// The length of headers that were left out, in bytes.
pub const HEADERS_LEFT_OUT: &str = "__sheaf.errors.headers_left_out_bytes";
