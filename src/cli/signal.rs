//! SIGTERM and SIGINT, the requests to stop, and SIGHUP, the request to reload.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// Receives SIGTERM and SIGINT.
pub(super) struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    /// Installs the handlers: the signals no longer end the process. Must be called within a tokio runtime.
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    /// Waits for the next signal.
    pub(super) async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// Receives SIGHUP.
pub(super) struct Hangups(Signal);

impl Hangups {
    /// Installs the handler: the signal no longer ends the process. Must be called within a tokio runtime.
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self(signal(SignalKind::hangup())?))
    }

    /// Waits for the next signal; several that came meanwhile are one.
    pub(super) async fn next(&mut self) {
        self.0.recv().await;
    }
}

/// Waits for one signal.
pub(super) async fn received() -> io::Result<()> {
    Signals::new()?.next().await;
    Ok(())
}
