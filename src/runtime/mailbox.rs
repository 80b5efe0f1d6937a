//! Queries to a stream thread, answered between two turns. Other threads access a stream thread in no other way.

use std::fmt;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender, TrySendError};
use std::time::Duration;

use super::thread_state::{TaskCounts, ThreadState};
use crate::broker::Waker;

/// The most pending queries of a thread.
const CAPACITY: usize = 64;
/// The most queries that are answered between two turns.
const PER_TURN_MAX: usize = 32;

/// A query to a stream thread, with the channel for its answer.
#[derive(Debug)]
enum Query {
    Health(SyncSender<ThreadHealth>),
}

/// The health of a stream thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ThreadHealth {
    /// Its state.
    pub state: ThreadState,
    /// The number of its tasks by state.
    pub tasks: TaskCounts,
    /// The number of acts with the sink, or with an uncommitted outcome.
    pub acts_in_flight: usize,
}

/// The reason for a missing answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QueryError {
    /// Too many queries are pending.
    #[error("{CAPACITY} queries are pending")]
    Full,
    /// The thread did not answer in time: it waits for the broker, or hangs.
    #[error("no answer in time")]
    TimedOut,
    /// The thread has ended.
    #[error("the thread has ended")]
    Ended,
}

/// The sending end of a mailbox.
#[derive(Clone)]
pub struct Mailbox {
    queries: SyncSender<Query>,
    waker: Waker,
}

impl fmt::Debug for Mailbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Mailbox")
    }
}

/// A pending answer.
#[derive(Debug)]
pub struct Answer<T>(Receiver<T>);

impl<T> Answer<T> {
    /// Waits for the answer.
    pub fn wait(&self, timeout: Duration) -> Result<T, QueryError> {
        self.0.recv_timeout(timeout).map_err(|error| match error {
            RecvTimeoutError::Timeout => QueryError::TimedOut,
            RecvTimeoutError::Disconnected => QueryError::Ended,
        })
    }
}

impl Mailbox {
    /// Queries the health of the thread, and wakes it.
    pub fn health(&self) -> Result<Answer<ThreadHealth>, QueryError> {
        let (reply, answer) = mpsc::sync_channel(1);
        self.queries.try_send(Query::Health(reply)).map_err(|error| match error {
            TrySendError::Full(_) => QueryError::Full,
            TrySendError::Disconnected(_) => QueryError::Ended,
        })?;
        self.waker.wake();
        Ok(Answer(answer))
    }
}

/// The receiving end of a mailbox.
pub(super) struct QueryReceiver(Receiver<Query>);

/// A mailbox whose queries wake the thread.
pub(super) fn mailbox(waker: Waker) -> (Mailbox, QueryReceiver) {
    let (queries, received) = mpsc::sync_channel(CAPACITY);
    (Mailbox { queries, waker }, QueryReceiver(received))
}

impl QueryReceiver {
    /// Answers the pending queries. An answer may have no receiver any more.
    pub(super) fn answer(&self, health: impl Fn() -> ThreadHealth) {
        for question in self.0.try_iter().take(PER_TURN_MAX) {
            match question {
                Query::Health(reply) => drop(reply.try_send(health())),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEALTH: ThreadHealth = ThreadHealth { state: ThreadState::Running, tasks: [0, 0, 2, 0], acts_in_flight: 3 };
    const NO_TIME: Duration = Duration::ZERO;

    #[test]
    fn a_query_is_answered_between_two_turns() {
        let (mailbox, queries) = mailbox(Waker::none());
        let answer = mailbox.health().unwrap();
        assert_eq!(answer.wait(NO_TIME), Err(QueryError::TimedOut));
        queries.answer(|| HEALTH);
        assert_eq!(answer.wait(NO_TIME), Ok(HEALTH));
    }

    #[test]
    fn a_thread_that_does_not_answer_is_not_asked_without_end() {
        let (mailbox, queries) = mailbox(Waker::none());
        let answers: Vec<_> = (0..CAPACITY).map(|_| mailbox.health().unwrap()).collect();
        assert_eq!(mailbox.health().unwrap_err(), QueryError::Full);
        queries.answer(|| HEALTH);
        let answered = answers.iter().filter(|answer| answer.wait(NO_TIME).is_ok()).count();
        assert_eq!(answered, PER_TURN_MAX, "the others wait for the next turn");
        mailbox.health().unwrap();
    }

    #[test]
    fn an_unread_answer_does_no_harm_and_a_thread_that_has_ended_gives_none() {
        let (mailbox, queries) = mailbox(Waker::none());
        drop(mailbox.health().unwrap());
        queries.answer(|| HEALTH);
        let answer = mailbox.health().unwrap();
        drop(queries);
        assert_eq!(answer.wait(NO_TIME), Err(QueryError::Ended));
        assert_eq!(mailbox.health().unwrap_err(), QueryError::Ended);
    }
}
