//! How much one rendering may take.

/// How many steps of the engine one rendering may take. A child costs some tens, so this is enough for bundles
/// of many thousands and still ends an endless loop within a second.
pub const FUEL: u64 = 5_000_000;

/// How deep macros may call each other.
pub const RECURSION_MAX: usize = 100;

/// How long a rendered text may be, in bytes; above Kafka's default for a record, below what an entry may take.
pub const TEXT_BYTES_MAX: usize = 4 << 20;
