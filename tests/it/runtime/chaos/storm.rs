//! Which calls of the instances fail, and how.

use sheaf::broker::memory::FaultKind;

use super::story::NAMES;

/// How a call fails, the last two being the end of its process.
pub(super) const KINDS: [FaultKind; 7] = [
    FaultKind::TimeoutBefore,
    FaultKind::TimeoutAfter,
    FaultKind::TimeoutPrepared,
    FaultKind::Transient,
    FaultKind::Unreachable,
    FaultKind::CrashBefore,
    FaultKind::CrashAfter,
];

/// Strikes calls of the instances by chance, and counts how often each kind has struck.
#[derive(Debug)]
pub(super) struct Storm {
    pub(super) rng: fastrand::Rng,
    pub(super) per_mille: u32,
    pub(super) struck: [u64; KINDS.len()],
}

impl Storm {
    /// Judges a call of this process.
    pub(super) fn strike(&mut self, process: &str) -> Option<FaultKind> {
        if !NAMES.contains(&process) || self.rng.u32(0..1000) >= self.per_mille {
            return None;
        }
        let at = self.rng.usize(0..KINDS.len());
        self.struck[at] += 1;
        Some(KINDS[at])
    }
}
