//! How much a script may take.

/// The limits of a realm. They are counted and not timed, so that a step fails everywhere or nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The memory of the realm, in bytes that the engine asks for.
    pub memory: usize,
    /// The stack of the engine, in bytes; that of the thread has to be larger.
    pub stack: usize,
    /// The interruptions of a step: the engine makes one every 10,000 jumps and calls.
    pub interruptions: u32,
    /// The interruptions of all steps of a thread, which is what running it again may cost.
    pub interruptions_of_all: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { memory: 64 << 20, stack: 256 << 10, interruptions: 1_000, interruptions_of_all: 10_000 }
    }
}
