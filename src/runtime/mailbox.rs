//! Questions to a stream thread, answered between two turns. No other thread reaches into one.

use std::fmt;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender, TrySendError};
use std::time::Duration;

use super::thread_state::{TaskCounts, ThreadState};
use crate::broker::Waker;

/// How many questions wait at most. A thread that is busy for long is not asked more.
const CAPACITY: usize = 64;
/// How many questions are answered between two turns.
const PER_TURN_MAX: usize = 32;

/// A question to a stream thread, with the channel for its answer.
#[derive(Debug)]
enum Question {
    Health(SyncSender<ThreadHealth>),
}

/// How a stream thread is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ThreadHealth {
    /// What it does.
    pub state: ThreadState,
    /// Its tasks, by their states.
    pub tasks: TaskCounts,
    /// How many acts are with the sink, or have an outcome that is not committed yet.
    pub acts_in_flight: usize,
}

/// Why a question has no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoAnswer {
    /// Too many questions wait already.
    #[error("{CAPACITY} questions wait already")]
    Full,
    /// The thread did not answer in time: it waits for the broker, or hangs.
    #[error("no answer in time")]
    TimedOut,
    /// The thread has ended.
    #[error("the thread has ended")]
    Ended,
}

/// The asking end of a mailbox.
#[derive(Clone)]
pub struct Mailbox {
    questions: SyncSender<Question>,
    waker: Waker,
}

impl fmt::Debug for Mailbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Mailbox")
    }
}

/// An answer that has not come yet.
#[derive(Debug)]
pub struct Answer<T>(Receiver<T>);

impl<T> Answer<T> {
    /// Waits for the answer.
    pub fn wait(&self, timeout: Duration) -> Result<T, NoAnswer> {
        self.0.recv_timeout(timeout).map_err(|error| match error {
            RecvTimeoutError::Timeout => NoAnswer::TimedOut,
            RecvTimeoutError::Disconnected => NoAnswer::Ended,
        })
    }
}

impl Mailbox {
    /// Asks how the thread is, and wakes it.
    pub fn health(&self) -> Result<Answer<ThreadHealth>, NoAnswer> {
        let (reply, answer) = mpsc::sync_channel(1);
        self.questions.try_send(Question::Health(reply)).map_err(|error| match error {
            TrySendError::Full(_) => NoAnswer::Full,
            TrySendError::Disconnected(_) => NoAnswer::Ended,
        })?;
        self.waker.wake();
        Ok(Answer(answer))
    }
}

/// The answering end of a mailbox.
pub(super) struct Questions(Receiver<Question>);

/// A mailbox, of which each question wakes its thread.
pub(super) fn mailbox(waker: Waker) -> (Mailbox, Questions) {
    let (questions, received) = mpsc::sync_channel(CAPACITY);
    (Mailbox { questions, waker }, Questions(received))
}

impl Questions {
    /// Answers the questions that have come. Nobody need wait for an answer any more.
    pub(super) fn answer(&self, health: impl Fn() -> ThreadHealth) {
        for question in self.0.try_iter().take(PER_TURN_MAX) {
            match question {
                Question::Health(reply) => drop(reply.try_send(health())),
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
    fn a_question_is_answered_between_two_turns() {
        let (mailbox, questions) = mailbox(Waker::none());
        let answer = mailbox.health().unwrap();
        assert_eq!(answer.wait(NO_TIME), Err(NoAnswer::TimedOut));
        questions.answer(|| HEALTH);
        assert_eq!(answer.wait(NO_TIME), Ok(HEALTH));
    }

    #[test]
    fn a_thread_that_does_not_answer_is_not_asked_without_end() {
        let (mailbox, questions) = mailbox(Waker::none());
        let answers: Vec<_> = (0..CAPACITY).map(|_| mailbox.health().unwrap()).collect();
        assert_eq!(mailbox.health().unwrap_err(), NoAnswer::Full);
        questions.answer(|| HEALTH);
        let answered = answers.iter().filter(|answer| answer.wait(NO_TIME).is_ok()).count();
        assert_eq!(answered, PER_TURN_MAX, "the others wait for the next turn");
        mailbox.health().unwrap();
    }

    #[test]
    fn an_answer_that_nobody_waits_for_does_no_harm_and_a_thread_that_has_ended_gives_none() {
        let (mailbox, questions) = mailbox(Waker::none());
        drop(mailbox.health().unwrap());
        questions.answer(|| HEALTH);
        let answer = mailbox.health().unwrap();
        drop(questions);
        assert_eq!(answer.wait(NO_TIME), Err(NoAnswer::Ended));
        assert_eq!(mailbox.health().unwrap_err(), NoAnswer::Ended);
    }
}
