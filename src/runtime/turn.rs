//! How a turn of a thread went.

use std::time::Duration;

/// How a turn went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// There is more to do at once.
    Again,
    /// Nothing to do for that long, unless the thread's waker is woken.
    Wait(Duration),
}
