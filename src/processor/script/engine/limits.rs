//! How much a step may take.

/// The limits of a realm. They are counted and not timed, so that a step fails everywhere or nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The memory of the realm, in bytes.
    pub memory: usize,
    /// The stack of the engine, in bytes; that of the thread has to be larger.
    pub stack: usize,
    /// The interruptions of a step: the engine makes one every 10,000 jumps and calls.
    pub interruptions: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { memory: 64 << 20, stack: 256 << 10, interruptions: 10_000 }
    }
}
