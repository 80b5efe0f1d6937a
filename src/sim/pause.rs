//! Where a simulated process stands still in the middle of a turn, as one does that is sent SIGSTOP.
//!
//! A turn that is to stand still runs on a thread of its own, and nothing else runs meanwhile but what lets it go: so
//! everything still happens in one order.

#![expect(clippy::disallowed_methods, reason = "a turn that stands still needs a stack of its own")]

use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use crate::runtime::FaultPoint;

/// The pause of one process; open unless it is closed for the next visit of a point.
#[derive(Debug, Default)]
pub(super) struct Pause(Mutex<Option<Closed>>);

#[derive(Debug)]
struct Closed {
    at: FaultPoint,
    standing: Sender<()>,
    go: Receiver<()>,
}

/// What runs on a thread of its own, and stands still at a pause.
#[derive(Debug)]
pub(super) struct Standing<T> {
    go: Sender<()>,
    running: JoinHandle<T>,
}

impl Pause {
    /// Called at each point: stands still here when the pause is closed for it.
    pub(super) fn pass(&self, point: FaultPoint) {
        let mut pause = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(closed) = pause.take_if(|closed| closed.at == point) {
            drop(pause);
            // Nobody waits when the world has ended: then nobody minds whether this goes on.
            let (Ok(()) | Err(_)) = closed.standing.send(());
            let (Ok(()) | Err(_)) = closed.go.recv();
        }
    }

    fn open(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    fn close(&self, at: FaultPoint) -> (Receiver<()>, Sender<()>) {
        let ((standing, stands), (go, gone)) = (mpsc::channel(), mpsc::channel());
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Closed { at, standing, go: gone });
        (stands, go)
    }
}

/// Runs this until it stands still at a point, or to its end when it does not come there.
pub(super) fn run_until<T: Send + 'static>(
    pause: &std::sync::Arc<Pause>,
    point: FaultPoint,
    run: impl FnOnce() -> T + Send + 'static,
) -> Result<Standing<T>, T> {
    let (stands, go) = pause.close(point);
    let at_the_end = pause.clone();
    let running = thread::spawn(move || {
        let value = run();
        at_the_end.open();
        value
    });
    let standing = Standing { go, running };
    if stands.recv().is_ok() { Ok(standing) } else { Err(standing.finish()) }
}

impl<T> Standing<T> {
    /// Lets it go on, to its end.
    pub(super) fn finish(self) -> T {
        let Self { go, running } = self;
        let (Ok(()) | Err(_)) = go.send(());
        running.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }
}
