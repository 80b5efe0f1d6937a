//! How a thread sleeps until there is something to do: an eventfd that the broker's client, a sink or another thread rings.

use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::Arc;
use std::time::Duration;

use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll};

use crate::broker::{Wake, Waker};

/// One thread's waker.
#[derive(Clone, Debug)]
pub(super) struct EventFdWaker(Arc<OwnedFd>);

impl EventFdWaker {
    /// A waker that nobody has rung.
    pub(super) fn new() -> std::io::Result<Self> {
        Ok(Self(Arc::new(eventfd(0, EventfdFlags::NONBLOCK | EventfdFlags::CLOEXEC)?)))
    }

    /// What rings it.
    pub(super) fn waker(&self) -> Waker {
        Waker::new(Arc::new(Self(self.0.clone())))
    }

    /// Waits until it is rung, or was since the last wait, or the time-out has passed.
    pub(super) fn wait(&self, timeout: Duration) {
        let timeout = Timespec::try_from(timeout).ok();
        let mut waker = [PollFd::new(&*self.0, PollFlags::IN)];
        // An interrupted wait is a short wait: the caller looks around and comes back.
        if poll(&mut waker, timeout.as_ref()).is_ok_and(|rung| rung > 0) {
            // Another wait may have emptied it first.
            let (Ok(_) | Err(_)) = rustix::io::read(&*self.0, &mut [0_u8; 8]);
        }
    }
}

impl Wake for EventFdWaker {
    fn wake(&self) {
        // The counter can only be full when the waker has been rung already.
        let (Ok(_) | Err(_)) = rustix::io::write(&*self.0, &1_u64.to_ne_bytes());
    }

    fn descriptor(&self) -> Option<i32> {
        Some(self.0.as_raw_fd())
    }
}
