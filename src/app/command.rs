//! Sends the commands of the HTTP API to the entries of an application.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::broker::Broker;
use crate::model::Key;
use crate::processor::Command;
use crate::runtime::{Audit, CommandError, CommandSender, SystemClock};

/// The longest wait for the execution of a command; the HTTP server answers within ten seconds.
const EXECUTED_MAX: Duration = Duration::from_secs(6);
/// The time-out of a call to the broker.
pub(super) const BROKER_TIMEOUT: Duration = Duration::from_secs(3);
/// The most senders that stay connected.
const IDLE_MAX: usize = 4;

/// Sends commands to the entries of an application. Each of several at a time has a connection of its own, because a command may
/// wait for its partition.
pub(super) struct Commands {
    application: String,
    broker: Arc<dyn Broker>,
    idle: Mutex<Vec<CommandSender>>,
}

impl fmt::Debug for Commands {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Commands").field("application", &self.application).finish_non_exhaustive()
    }
}

impl Commands {
    /// It does not connect yet.
    pub(super) fn new(application: &str, broker: Arc<dyn Broker>) -> Self {
        Self { application: application.to_owned(), broker, idle: Mutex::default() }
    }

    /// Sends a command, and waits for its audit.
    pub(super) fn execute(&self, processor: &str, key: &Key, command: &Command) -> Result<Audit, CommandError> {
        let idle = self.idle().pop();
        let mut sender = match idle {
            Some(sender) => sender,
            None => CommandSender::new(&*self.broker, &self.application, Arc::new(SystemClock), BROKER_TIMEOUT)?,
        };
        let audit = sender.execute(processor, key, command, EXECUTED_MAX)?;
        let mut idle = self.idle();
        if idle.len() < IDLE_MAX {
            idle.push(sender);
        }
        Ok(audit)
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<CommandSender>> {
        // Each change is complete or not begun.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
