//! Which keys a replay into an empty store may have put there: most of a changelog's keys come once, and to look for the
//! old entry of each in the store is what a restore would spend most of its time on.

use std::hash::BuildHasher as _;

use foldhash::fast::RandomState;

use crate::model::Key;

/// Bits per key, of which [`PROBES`] are set: one look-up in a hundred is for nothing.
const BITS_PER_KEY: u64 = 10;
/// How many bits a key sets.
const PROBES: u64 = 4;
/// The least and the most bits: 8 KiB and 2 MiB. With more keys than fit, more look-ups are for nothing.
const BITS: (u64, u64) = (1 << 16, 1 << 24);

/// A Bloom filter over keys.
#[derive(Debug)]
pub(super) struct Seen {
    hasher: RandomState,
    words: Vec<u64>,
    mask: u64,
}

impl Seen {
    /// For about so many keys.
    pub(super) fn new(keys: u64) -> Self {
        let (least, most) = BITS;
        let bits = keys.saturating_mul(BITS_PER_KEY).clamp(least, most).next_power_of_two();
        let words = vec![0; usize::try_from(bits / 64).unwrap_or(0)];
        Self { hasher: RandomState::default(), words, mask: bits - 1 }
    }

    /// Notes a key; false when it was certainly not noted before.
    pub(super) fn note(&mut self, key: &Key) -> bool {
        let hash = self.hasher.hash_one(key.as_bytes());
        let (start, step) = (hash, hash.rotate_left(32) | 1);
        let mut was_there = true;
        for probe in 0..PROBES {
            let bit = start.wrapping_add(step.wrapping_mul(probe)) & self.mask;
            let place = usize::try_from(bit / 64).ok().and_then(|at| self.words.get_mut(at));
            let Some(word) = place else { continue };
            let flag = 1 << (bit % 64);
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
        let mut seen = Seen::new(10_000);
        let key = |number: u32| Key::new(&format!("key-{number}"));
        let mistaken = (0..10_000).filter(|number| seen.note(&key(*number))).count();
        assert!(mistaken < 200, "{mistaken} of 10,000 new keys were taken for old ones");
        assert!((0..10_000).all(|number| seen.note(&key(number))));
    }

    #[test]
    fn too_many_keys_are_all_there_still() {
        let mut seen = Seen::new(1);
        let key = |number: u32| Key::new(&number.to_string());
        for number in 0..100_000 {
            seen.note(&key(number));
        }
        assert!((0..100_000).all(|number| seen.note(&key(number))));
    }
}
