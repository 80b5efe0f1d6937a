//! Records each submission and its arrival time; the contents are checked after the measurement.
#![expect(clippy::disallowed_methods, reason = "a thread of a benchmark, which is not simulated")]

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use sheaf::model::{Record, Topic};

use super::clock::{now, pause};
use super::contender::Process;
use super::server::{SUBMISSIONS, Server};
use crate::Result;
use crate::reader::Submissions;

/// The time without a submission after which no more are expected: longer than a session time-out.
const IDLE_TIMEOUT: Duration = Duration::from_mins(2);
/// The wait for duplicates.
const DUPLICATE_WAIT: Duration = Duration::from_secs(2);

/// A submission with its arrival time.
pub(crate) type Arrival = (Duration, Record);

/// A reader in its own thread.
#[derive(Debug)]
pub(crate) struct Arrivals {
    seen: Arc<Mutex<Vec<Arrival>>>,
    ended: Arc<AtomicBool>,
    thread: Option<JoinHandle<Result<()>>>,
}

impl Arrivals {
    /// Records the submissions from now on.
    pub(crate) fn open(server: &Server) -> Result<Self> {
        let mut submissions = Submissions::open(&server.broker, &Topic::new(SUBMISSIONS))?;
        let (seen, ended) = (Arc::<Mutex<Vec<Arrival>>>::default(), Arc::new(AtomicBool::new(false)));
        let (sink, stop) = (Arc::clone(&seen), Arc::clone(&ended));
        let thread = std::thread::spawn(move || {
            let mut records = Vec::new();
            while !stop.load(Ordering::Relaxed) {
                submissions.poll(&mut records)?;
                let at = now();
                lock(&sink).extend(records.drain(..).map(|record| (at, record)));
            }
            Ok(())
        });
        Ok(Self { seen, ended, thread: Some(thread) })
    }

    /// The arrivals so far.
    pub(crate) fn seen(&self) -> MutexGuard<'_, Vec<Arrival>> {
        lock(&self.seen)
    }

    /// Waits for the submission with this number, from 1, or for the time-out; returns the last arrival time.
    pub(crate) fn wait_for(&self, number: usize, process: &mut Process) -> Result<Duration> {
        let from = now();
        loop {
            process.is_alive()?;
            if self.thread.as_ref().is_some_and(JoinHandle::is_finished) {
                return Err("the reader of submissions has ended".into());
            }
            let seen = self.seen();
            if let Some((at, _)) = number.checked_sub(1).and_then(|place| seen.get(place)) {
                return Ok(*at);
            }
            let last = seen.last().map_or(from, |(at, _)| *at).max(from);
            drop(seen);
            if now().saturating_sub(last) > IDLE_TIMEOUT {
                return Ok(last);
            }
            pause(Duration::from_millis(2));
        }
    }

    /// Waits for duplicates; returns all arrivals.
    pub(crate) fn close(mut self) -> Result<Vec<Arrival>> {
        pause(DUPLICATE_WAIT);
        self.ended.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.join().map_err(|_panic| "the reader panicked")??;
        }
        Ok(std::mem::take(&mut *self.seen()))
    }
}

impl Drop for Arrivals {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // Another error is already being returned.
            let (Ok(_) | Err(_)) = thread.join();
        }
    }
}

fn lock(seen: &Mutex<Vec<Arrival>>) -> MutexGuard<'_, Vec<Arrival>> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}
