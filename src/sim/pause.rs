//! Pauses a simulated process in the middle of a turn, as SIGSTOP does.
//!
//! A turn that will be paused runs on a thread of its own, while the caller waits until it is paused or has ended: so the
//! order of everything stays deterministic.

#![expect(clippy::disallowed_methods, reason = "a turn that is paused needs a stack of its own")]

use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use crate::runtime::FaultPoint;

/// The pause of one process; `None` unless it is armed for a fault point.
#[derive(Debug, Default)]
pub(super) struct Pause(Mutex<Option<Armed>>);

#[derive(Debug)]
struct Armed {
    at: FaultPoint,
    paused: Sender<()>,
    resumed: Receiver<()>,
}

/// A computation on a thread of its own, paused at a fault point.
#[derive(Debug)]
pub(super) struct Paused<T> {
    resume: Sender<()>,
    thread: JoinHandle<T>,
}

impl Pause {
    /// Called at each fault point: blocks if the pause is armed for it, until it is resumed.
    pub(super) fn reached(&self, point: FaultPoint) {
        let mut pause = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(armed) = pause.take_if(|armed| armed.at == point) {
            drop(pause);
            // Both ends are gone when the world was dropped: then this thread may continue.
            let (Ok(()) | Err(_)) = armed.paused.send(());
            let (Ok(()) | Err(_)) = armed.resumed.recv();
        }
    }

    fn disarm(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    fn arm(&self, at: FaultPoint) -> (Receiver<()>, Sender<()>) {
        let ((paused, is_paused), (resume, resumed)) = (mpsc::channel(), mpsc::channel());
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Armed { at, paused, resumed });
        (is_paused, resume)
    }
}

/// Runs a computation until it is paused at a fault point; `Err` is its result when it ends without reaching the point.
pub(super) fn run_until<T: Send + 'static>(
    pause: &std::sync::Arc<Pause>,
    point: FaultPoint,
    run: impl FnOnce() -> T + Send + 'static,
) -> Result<Paused<T>, T> {
    let (is_paused, resume) = pause.arm(point);
    let at_the_end = pause.clone();
    let thread = thread::spawn(move || {
        let value = run();
        at_the_end.disarm();
        value
    });
    let paused = Paused { resume, thread };
    if is_paused.recv().is_ok() { Ok(paused) } else { Err(paused.finish()) }
}

impl<T> Paused<T> {
    /// Resumes it, and waits for its result.
    pub(super) fn finish(self) -> T {
        let Self { resume, thread } = self;
        let (Ok(()) | Err(_)) = resume.send(());
        thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }
}
