//! What is refused, and what fails.

use xxhash_rust::xxh3::xxh3_64_with_seed;

/// True for so many of a hundred ids; always the same for an id and a seed.
pub(super) fn strikes(percent: u8, seed: u64, what: &str, id: &str) -> bool {
    xxh3_64_with_seed(format!("{what}\0{id}").as_bytes(), seed) % 100 < u64::from(percent)
}
