//! The waker of a thread: an eventfd that the broker's client, a sink or another thread writes to.

use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::Arc;
use std::time::Duration;

use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll};

use crate::broker::{Wake, Waker};

/// The waker of one thread.
#[derive(Clone, Debug)]
pub(super) struct EventFdWaker(Arc<OwnedFd>);

impl EventFdWaker {
    /// A waker that has not been woken.
    pub(super) fn new() -> std::io::Result<Self> {
        Ok(Self(Arc::new(eventfd(0, EventfdFlags::NONBLOCK | EventfdFlags::CLOEXEC)?)))
    }

    /// The handle that wakes it.
    pub(super) fn waker(&self) -> Waker {
        Waker::new(Arc::new(Self(self.0.clone())))
    }

    /// Waits until it is woken, or was since the last wait, or for `timeout`.
    pub(super) fn wait(&self, timeout: Duration) {
        let timeout = Timespec::try_from(timeout).ok();
        let mut waker = [PollFd::new(&*self.0, PollFlags::IN)];
        // An interrupted wait returns early: the caller checks its state and waits again.
        if poll(&mut waker, timeout.as_ref()).is_ok_and(|rung| rung > 0) {
            // Another wait may have reset it.
            let (Ok(_) | Err(_)) = rustix::io::read(&*self.0, &mut [0_u8; 8]);
        }
    }
}

impl Wake for EventFdWaker {
    fn wake(&self) {
        // The write can fail only if the counter is full, and then it is woken already.
        let (Ok(_) | Err(_)) = rustix::io::write(&*self.0, &1_u64.to_ne_bytes());
    }

    fn descriptor(&self) -> Option<i32> {
        Some(self.0.as_raw_fd())
    }
}
