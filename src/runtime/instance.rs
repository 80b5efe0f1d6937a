//! An instance on operating-system threads: its start, failure and stop.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::JoinHandle;
use std::time::Duration;

use super::changelog::Restorer;
use super::context::Context;
use super::error::{Error, Result};
use super::housekeeping::Housekeeper;
use super::thread::StreamThread;
use super::thread_state::ThreadState;
use super::turn::Turn;
use super::waker::EventFdWaker;
use crate::broker::Waker;

/// A running instance.
#[derive(Debug)]
pub struct Instance {
    stop: Arc<AtomicBool>,
    /// Stops the threads that end after the stream threads.
    stop_others: Arc<AtomicBool>,
    wakers: Vec<EventFdWaker>,
    streams: Vec<JoinHandle<()>>,
    others: Vec<JoinHandle<()>>,
    failures: Receiver<Error>,
}

impl Instance {
    /// Starts all threads.
    pub fn start(context: &Context, shutdown: Duration) -> Result<Self> {
        let [stop, stop_others] = std::array::from_fn(|_| Arc::new(AtomicBool::new(false)));
        let (failed, failures) = mpsc::channel();
        let (to_restorer, jobs) = mpsc::channel();
        let mut instance =
            Self { stop, stop_others, wakers: Vec::new(), streams: Vec::new(), others: Vec::new(), failures };
        let restorer = Restorer::new(context.clone(), jobs)?;
        let clock = context.clock.clone();
        let turn = move |restorer: &mut Restorer| restorer.turn(clock.now());
        let wakes_restorer = instance.other("restorer", &failed, (restorer, turn, drop))?;
        let housekeeper = Housekeeper::new(context.clone())?;
        let clock = context.clock.clone();
        let turn = move |housekeeper: &mut Housekeeper| Ok(housekeeper.turn(clock.now()));
        instance.other("housekeeper", &failed, (housekeeper, turn, Housekeeper::close))?;
        let restorer = (to_restorer, wakes_restorer);
        for number in 0..context.settings.stream_threads {
            let waker = event_fd_waker()?;
            let thread = StreamThread::new(context.clone(), number, restorer.clone(), waker.waker())?;
            let (stop, failed, own) = (instance.stop.clone(), failed.clone(), waker.clone());
            let run = move || run_stream(thread, &stop, &own, shutdown, &failed);
            instance.streams.push(spawn(&format!("stream-{number}"), run)?);
            instance.wakers.push(waker);
        }
        Ok(instance)
    }

    /// Starts a thread that turns until the stream threads have ended; returns its waker.
    fn other<T: Send + 'static>(
        &mut self,
        name: &'static str,
        failed: &Sender<Error>,
        (mut what, mut turn, end): (T, impl FnMut(&mut T) -> Result<Turn> + Send + 'static, fn(T)),
    ) -> Result<Waker> {
        let (waker, stop, failed) = (event_fd_waker()?, self.stop_others.clone(), failed.clone());
        let own = waker.clone();
        let run = move || {
            while !stop.load(Ordering::Acquire) {
                match turn(&mut what) {
                    Ok(Turn::Again) => {}
                    Ok(Turn::Wait(wait)) => own.wait(wait),
                    Err(error) => return drop(failed.send(error)),
                }
            }
            end(what);
        };
        self.others.push(spawn(name, run)?);
        let handle = waker.waker();
        self.wakers.push(waker);
        Ok(handle)
    }

    /// The error of a thread that has ended by itself, if one has.
    pub fn failure(&self) -> Option<Error> {
        if let Ok(error) = self.failures.try_recv() {
            return Some(error);
        }
        let dead = self.streams.iter().chain(&self.others).find(|thread| thread.is_finished())?;
        let thread = dead.thread().name().unwrap_or("unnamed").to_owned();
        // The error may have arrived since the first check.
        Some(
            self.failures
                .try_recv()
                .unwrap_or(Error::Thread { thread, detail: "it has ended unexpectedly".to_owned() }),
        )
    }

    /// Stops all threads: each commits and closes its stores. Returns the first error.
    pub fn stop(mut self) -> Result<()> {
        let mut panicked = Ok(());
        for (stop, threads) in [(&self.stop, &mut self.streams), (&self.stop_others, &mut self.others)] {
            stop.store(true, Ordering::Release);
            self.wakers.iter().for_each(|waker| waker.waker().wake());
            for thread in threads.drain(..) {
                let name = thread.thread().name().unwrap_or("unnamed").to_owned();
                let joined = thread.join();
                // The other threads are stopped all the same.
                panicked = panicked
                    .and(joined.map_err(|_panic| Error::Thread { thread: name, detail: "it panicked".to_owned() }));
            }
        }
        panicked.and_then(|()| self.failures.try_recv().map_or(Ok(()), Err))
    }
}

fn run_stream(
    mut thread: StreamThread,
    stop: &AtomicBool,
    waker: &EventFdWaker,
    shutdown: Duration,
    failed: &Sender<Error>,
) {
    while !stop.load(Ordering::Acquire) {
        match thread.turn(thread.now()) {
            Ok(Turn::Again) => {}
            Ok(Turn::Wait(wait)) => waker.wait(wait),
            Err(error) => {
                thread.note(ThreadState::Failed);
                return drop(failed.send(error));
            }
        }
    }
    thread.note(ThreadState::Draining);
    if let Err(error) = thread.close(shutdown) {
        drop(failed.send(error));
    }
}

fn event_fd_waker() -> Result<EventFdWaker> {
    EventFdWaker::new().map_err(|error| Error::Thread { thread: "stream".to_owned(), detail: error.to_string() })
}

fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>> {
    let builder = std::thread::Builder::new().name(name.to_owned());
    // The log lines of the thread belong where its starter's do: with several applications in a process, to one of them.
    let span = tracing::Span::current();
    builder
        .spawn(move || span.in_scope(run))
        .map_err(|error| Error::Thread { thread: name.to_owned(), detail: error.to_string() })
}
