//! Queries to a stream thread, answered between two turns. Other threads access a stream thread in no other way.

use std::fmt;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender, TrySendError};
use std::time::Duration;

use super::thread_state::{TaskCounts, ThreadState};
use crate::broker::Waker;
use crate::model::{Key, TaskId};
use crate::store::{self, StoredEntry};

/// The most pending queries of a thread.
const CAPACITY: usize = 64;
/// The most queries that are answered between two turns.
const PER_TURN_MAX: usize = 32;

/// A query to a stream thread, with the channel for its answer.
#[derive(Debug)]
pub(super) enum Query {
    Health(SyncSender<ThreadHealth>),
    /// A committed entry of a running task.
    Entry(TaskId, Key, SyncSender<EntryAnswer>),
    /// Flushes the dirty entries of a running task to its store, if the oldest of them is not quite new.
    Flush(TaskId, SyncSender<()>),
}

/// A committed entry; `None` if there is none. [`store::Error::Closed`]: the task does not run on this thread.
pub type EntryAnswer = store::Result<Option<StoredEntry>>;

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
        self.ask(Query::Health)
    }

    /// Queries a committed entry of a task, and wakes the thread.
    pub fn entry(&self, task: &TaskId, key: &Key) -> Result<Answer<EntryAnswer>, QueryError> {
        self.ask(|reply| Query::Entry(task.clone(), key.clone(), reply))
    }

    /// Asks for a flush of a task's dirty entries, unless all of them are quite new, and wakes the thread. The answer comes after
    /// the flush.
    pub fn flush(&self, task: &TaskId) -> Result<Answer<()>, QueryError> {
        self.ask(|reply| Query::Flush(task.clone(), reply))
    }

    fn ask<T>(&self, query: impl FnOnce(SyncSender<T>) -> Query) -> Result<Answer<T>, QueryError> {
        let (reply, answer) = mpsc::sync_channel(1);
        self.queries.try_send(query(reply)).map_err(|error| match error {
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
    /// The pending queries, not more than are answered between two turns.
    pub(super) fn pending(&self) -> Vec<Query> {
        self.0.try_iter().take(PER_TURN_MAX).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEALTH: ThreadHealth = ThreadHealth { state: ThreadState::Running, tasks: [0, 0, 2, 0], acts_in_flight: 3 };
    const NO_TIME: Duration = Duration::ZERO;

    fn answer_all(queries: &QueryReceiver) {
        for query in queries.pending() {
            let Query::Health(reply) = query else { panic!("{query:?}") };
            let (Ok(()) | Err(_)) = reply.try_send(HEALTH);
        }
    }

    #[test]
    fn a_query_is_answered_between_two_turns() {
        let (mailbox, queries) = mailbox(Waker::none());
        let answer = mailbox.health().unwrap();
        assert_eq!(answer.wait(NO_TIME), Err(QueryError::TimedOut));
        answer_all(&queries);
        assert_eq!(answer.wait(NO_TIME), Ok(HEALTH));
    }

    #[test]
    fn a_thread_that_does_not_answer_is_not_asked_without_end() {
        let (mailbox, queries) = mailbox(Waker::none());
        let answers: Vec<_> = (0..CAPACITY).map(|_| mailbox.health().unwrap()).collect();
        assert_eq!(mailbox.health().unwrap_err(), QueryError::Full);
        answer_all(&queries);
        let answered = answers.iter().filter(|answer| answer.wait(NO_TIME).is_ok()).count();
        assert_eq!(answered, PER_TURN_MAX, "the others wait for the next turn");
        mailbox.health().unwrap();
    }

    #[test]
    fn an_unread_answer_does_no_harm_and_a_thread_that_has_ended_gives_none() {
        let (mailbox, queries) = mailbox(Waker::none());
        drop(mailbox.health().unwrap());
        answer_all(&queries);
        let answer = mailbox.health().unwrap();
        drop(queries);
        assert_eq!(answer.wait(NO_TIME), Err(QueryError::Ended));
        assert_eq!(mailbox.health().unwrap_err(), QueryError::Ended);
    }
}
