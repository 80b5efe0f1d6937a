//! The result of a thread's turn.

use std::time::Duration;

/// The result of a turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// Turn again at once.
    Again,
    /// Turn again after this time, or when the thread's waker is woken.
    Wait(Duration),
}
