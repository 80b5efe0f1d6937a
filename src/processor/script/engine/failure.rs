//! Why a step has failed.

/// Why a step has failed. The realm is of no use any more.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The script throws where nobody catches.
    #[error("{0}")]
    Threw(String),
    /// It takes more than a step may.
    #[error("the step has taken too long: {0} interruptions of the engine; is there an endless loop?")]
    TooLong(u32),
    /// All steps take more than those of a thread may.
    #[error(
        "all steps of the thread together have taken too long: {0} interruptions of the engine; a shorter thread is run again sooner"
    )]
    TooLongInAll(u32),
    /// It needs more memory.
    #[error("the thread needs more than its {} MiB of memory", .0 >> 20)]
    OutOfMemory(usize),
    /// The stack has overflowed.
    #[error("too many calls within calls: the stack of the engine has overflowed; is there an endless recursion?")]
    TooDeep,
    /// The event is no JSON, or the engine refuses.
    #[error("{0}")]
    Engine(String),
}
