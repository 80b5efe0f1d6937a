//! The keys that a replay into an empty store has probably written: most keys of a changelog occur once, and looking up
//! the old entry of each in the store would take most of a restore's time.

use std::hash::BuildHasher as _;

use foldhash::fast::RandomState;

use crate::model::Key;

/// Bits per key, of which [`PROBES`] are set: the rate of false positives is two to three percent.
const BITS_PER_KEY: u64 = 10;
/// The number of bits set per key.
const PROBES: u32 = 4;
/// All bits of a key are in one block of the size of a cache line, because the filter is larger than the cache and each
/// line is a cache miss.
const BLOCK_BITS: u64 = 512;
const BLOCK_WORDS: usize = 8;
/// The least and the most blocks: 8 KiB and 2 MiB. With more keys the rate of false positives rises.
const BLOCKS: (u64, u64) = (1 << 7, 1 << 15);

/// A blocked Bloom filter over keys (Putze, Sanders, Singler: Cache-, Hash- and Space-Efficient Bloom Filters, 2007).
#[derive(Debug)]
pub(super) struct KeyFilter {
    hasher: RandomState,
    blocks: Vec<[u64; BLOCK_WORDS]>,
}

impl KeyFilter {
    /// A filter for about `keys` keys.
    pub(super) fn new(keys: u64) -> Self {
        let (least, most) = BLOCKS;
        let blocks = (keys.saturating_mul(BITS_PER_KEY) / BLOCK_BITS).clamp(least, most).next_power_of_two();
        let blocks = vec![[0; BLOCK_WORDS]; usize::try_from(blocks).unwrap_or(1)];
        Self { hasher: RandomState::default(), blocks }
    }

    /// Inserts a key; false if it was certainly not inserted before.
    pub(super) fn insert(&mut self, key: &Key) -> bool {
        let hash = self.hasher.hash_one(key.as_bytes());
        let mask = self.blocks.len() - 1;
        let Some(block) = usize::try_from(hash >> 32).ok().and_then(|at| self.blocks.get_mut(at & mask)) else {
            return true;
        };
        let mut was_there = true;
        for probe in 0..PROBES {
            // 9 bits of the lower half for each probe: 3 choose the word, 6 the bit in it. The last ones overlap.
            let bits = hash.rotate_right(7 * probe) & (BLOCK_BITS - 1);
            let Some(word) = usize::try_from(bits / 64).ok().and_then(|at| block.get_mut(at)) else { continue };
            let flag = 1 << (bits % 64);
            was_there &= *word & flag != 0;
            *word |= flag;
        }
        was_there
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_noted_key_is_there_and_hardly_any_other() {
        let mut filter = KeyFilter::new(10_000);
        let key = |number: u32| Key::new(&format!("key-{number}"));
        let mistaken = (0..10_000).filter(|number| filter.insert(&key(*number))).count();
        assert!(mistaken < 500, "{mistaken} of 10,000 new keys were taken for old ones");
        assert!((0..10_000).all(|number| filter.insert(&key(number))));
    }

    #[test]
    fn too_many_keys_are_all_there_still() {
        let mut filter = KeyFilter::new(1);
        let key = |number: u32| Key::new(&number.to_string());
        for number in 0..100_000 {
            filter.insert(&key(number));
        }
        assert!((0..100_000).all(|number| filter.insert(&key(number))));
    }
}
