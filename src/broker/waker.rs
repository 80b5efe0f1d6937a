//! The handle by which a client wakes the thread that waits for it.

use std::fmt;
use std::sync::Arc;

/// A handle that wakes a stream thread; the broker's adapter, a sink and the restorer hold clones.
///
/// Waking is cheap and may be spurious; a wake-up between two waits is not lost.
#[derive(Clone)]
pub struct Waker(Arc<dyn Wake>);

/// The implementation of a [`Waker`], by the owner of the wait.
pub trait Wake: Send + Sync {
    /// Ends the current wait, or the next one.
    fn wake(&self);

    /// A file descriptor that wakes when eight bytes (a native-endian 1) are written to it, for adapters that signal
    /// from C.
    fn descriptor(&self) -> Option<i32> {
        None
    }
}

impl Waker {
    /// A waker.
    pub fn new(wake: Arc<dyn Wake>) -> Self {
        Self(wake)
    }

    /// A waker without effect, for owners that never wait.
    pub fn none() -> Self {
        struct NoWake;
        impl Wake for NoWake {
            fn wake(&self) {}
        }
        Self(Arc::new(NoWake))
    }

    /// Ends the current wait, or the next one.
    pub fn wake(&self) {
        self.0.wake();
    }

    /// See [`Wake::descriptor`].
    pub fn descriptor(&self) -> Option<i32> {
        self.0.descriptor()
    }
}

impl fmt::Debug for Waker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Waker")
    }
}
