//! Answers.

use super::super::graph::{Kind, StepId, Trouble};
use super::super::mutation::Mutation;
use super::super::progress::{Answer, Status};
use super::{Actions, Engine, Ignored};

impl<A: Actions> Engine<'_, A> {
    /// Takes an answer, without settling.
    pub(super) fn take(&mut self, id: StepId, attempt: Option<u32>, answer: Answer) -> Result<(), Ignored> {
        let progress = self.progress.of(id);
        if self.progress.ending.is_some() {
            // The last answer of a flow may be repeated as any other.
            return Err(if progress.status.is_over() { Ignored::Repeated } else { Ignored::Ended });
        }
        if self.graph.step(id).kind != Kind::Request {
            return Err(Ignored::NotAsked);
        }
        // One that waits to begin again has the number of its former attempt.
        let is_asked = progress.status != Status::Waiting;
        let is_stale = attempt.is_some_and(|attempt| !is_asked || attempt != progress.attempt);
        if is_stale && !self.actions.breaks(Mutation::StaleAnswerCounts) {
            return Err(Ignored::Stale);
        }
        match (progress.status, &answer) {
            (Status::Waiting, _) if self.progress.has_early(id) => Err(Ignored::Repeated),
            (Status::Waiting, _) => {
                self.progress.early.push((id, answer));
                Ok(())
            }
            (Status::Active | Status::Resting | Status::Held(_), Answer::Done) | (Status::Active, _) => {
                self.apply(id, answer);
                Ok(())
            }
            (Status::Failing(_) | Status::Failed(_), _) => Err(Ignored::TooLate),
            (Status::Done, Answer::Done) if self.actions.breaks(Mutation::SecondAnswerSendsAgain) => {
                for next in self.graph.dependents(id) {
                    if self.progress.status(next) == Status::Active && self.graph.step(next).kind == Kind::Request {
                        self.begin(next);
                    }
                }
                Ok(())
            }
            // One that rests or is held is in this trouble already.
            (
                Status::Resting | Status::Held(_) | Status::Undoing | Status::Done | Status::Skipped | Status::Undone,
                _,
            ) => Err(Ignored::Repeated),
        }
    }

    /// The answer that came before its step began.
    pub(super) fn take_early(&mut self, id: StepId) -> Option<Answer> {
        let index = self.progress.early.iter().position(|(step, _)| *step == id)?;
        Some(self.progress.early.remove(index).1)
    }

    /// Ends the step by its answer, or has it tried again.
    pub(super) fn apply(&mut self, id: StepId, answer: Answer) {
        match answer {
            Answer::Done => self.done(id),
            Answer::Refused(reason) => self.trouble(id, Trouble::Refused, reason),
            Answer::Failed(reason) => {
                let retry = self.graph.step(id).retry;
                if self.progress.of(id).tries >= retry.tries {
                    return self.trouble(id, Trouble::Exhausted, reason);
                }
                self.set(id, Status::Resting);
                let progress = self.progress.of_mut(id);
                progress.due = Some(self.now.saturating_add(retry.delay));
                progress.reason = reason;
            }
        }
    }
}
