//! The commands of a run.

use std::collections::BTreeMap;

use uuid::Uuid;

/// The commands of a run, drawn by random numbers of their own, so that a seed without commands gives the run that it always gave.
pub(super) struct Commands {
    pub(super) rng: fastrand::Rng,
    /// The number of times that each was written, by its id.
    pub(super) sent: BTreeMap<Uuid, usize>,
}

impl Commands {
    pub(super) fn new(seed: u64) -> Self {
        Self { rng: fastrand::Rng::with_seed(seed ^ 0x5eed), sent: BTreeMap::new() }
    }
}
