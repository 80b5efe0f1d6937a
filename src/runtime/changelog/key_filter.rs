//! Which keys a replay into an empty store may have put there: most of a changelog's keys come once, and to look for the
//! old entry of each in the store is what a restore would spend most of its time on.

use std::hash::BuildHasher as _;

use foldhash::fast::RandomState;

use crate::model::Key;

/// Bits per key, of which [`PROBES`] are set: two or three look-ups in a hundred are for nothing.
const BITS_PER_KEY: u64 = 10;
/// How many bits a key sets.
const PROBES: u32 = 4;
/// The bits of a key are all in one block, which is a line of the processor's cache: the filter is larger than the cache,
/// and each line of it is waited for.
const BLOCK_BITS: u64 = 512;
const BLOCK_WORDS: usize = 8;
/// The least and the most blocks: 8 KiB and 2 MiB. With more keys than fit, more look-ups are for nothing.
const BLOCKS: (u64, u64) = (1 << 7, 1 << 15);

/// A blocked Bloom filter over keys (Putze, Sanders, Singler: Cache-, Hash- and Space-Efficient Bloom Filters, 2007).
#[derive(Debug)]
pub(super) struct KeyFilter {
    hasher: RandomState,
    blocks: Vec<[u64; BLOCK_WORDS]>,
}

impl KeyFilter {
    /// For about so many keys.
    pub(super) fn new(keys: u64) -> Self {
        let (least, most) = BLOCKS;
        let blocks = (keys.saturating_mul(BITS_PER_KEY) / BLOCK_BITS).clamp(least, most).next_power_of_two();
        let blocks = vec![[0; BLOCK_WORDS]; usize::try_from(blocks).unwrap_or(1)];
        Self { hasher: RandomState::default(), blocks }
    }

    /// Notes a key; false when it was certainly not noted before.
    pub(super) fn note(&mut self, key: &Key) -> bool {
        let hash = self.hasher.hash_one(key.as_bytes());
        let mask = self.blocks.len() - 1;
        let Some(block) = usize::try_from(hash >> 32).ok().and_then(|at| self.blocks.get_mut(at & mask)) else {
            return true;
        };
        let mut was_there = true;
        for fault_observer in 0..PROBES {
            // 9 bits of the lower half for each fault_observer: 3 choose the word, 6 the bit in it. The last ones overlap.
            let bits = hash.rotate_right(7 * fault_observer) & (BLOCK_BITS - 1);
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
        let mistaken = (0..10_000).filter(|number| filter.note(&key(*number))).count();
        assert!(mistaken < 500, "{mistaken} of 10,000 new keys were taken for old ones");
        assert!((0..10_000).all(|number| filter.note(&key(number))));
    }

    #[test]
    fn too_many_keys_are_all_there_still() {
        let mut filter = KeyFilter::new(1);
        let key = |number: u32| Key::new(&number.to_string());
        for number in 0..100_000 {
            filter.note(&key(number));
        }
        assert!((0..100_000).all(|number| filter.note(&key(number))));
    }
}
