//! The limits of one rendering.

/// The most engine steps of one rendering. A child takes a few dozen, so this suffices for bundles with many thousands and
/// still ends an endless loop within a second.
pub const FUEL: u64 = 5_000_000;

/// The deepest nesting of macro calls.
pub const RECURSION_MAX: usize = 100;

/// The largest rendered text, in bytes: above Kafka's default for a record, below the limit of an entry.
pub const TEXT_BYTES_MAX: usize = 4 << 20;
