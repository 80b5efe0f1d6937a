//! The dead-letter processor: each dead letter is an entry that can be listed, sent again, edited and discarded.
//!
//! It reads the dead-letters topic of its own application. The key of an entry is where the record came from
//! (`orders-3@17`), so that a letter that comes back is the same one; a refused act without a record has the entry that it names
//! (`delivery/p1`).
//!
//! | file | content |
//! |---|---|
//! | [`header`] | the names of the headers of a dead letter |
//! | `letter`, `stored` | the state and its encoding |
//! | `keying` | the keying step of the dead-letters topic |
//! | `keep` | for how long a letter is kept |
//! | [`redrive`] | the record that is sent again, and the record that it stands for |
//! | [`commands`], `command` | an operator's commands, and the transitions by them |
//! | `status`, `show`, `content` | the statuses for lists; a letter as JSON; its record |
//!
//! # The table
//!
//! | state | letter | `redrive` | `edit value=TEXT` | `discard` | timer |
//! |---|---|---|---|---|---|
//! | none | Open | rejected | rejected | rejected | nothing |
//! | Open | Open, one round more | Redriven, forwards the record; rejected after [`ROUNDS_MAX`] rounds, without the whole record, or for an act | Edited, forwards the record with this value; rejected for an act | Discarded, without its bytes | deleted |
//! | Redriven, Edited | Open, one round more: it has come back | nothing | rejected | rejected | deleted |
//! | Discarded | Open, one round more | rejected | rejected | nothing | deleted |
//!
//! A record that is sent again goes to the topic `<application>-redrive`, in the transaction of the command. The application reads it there as
//! the record that it stands for: with the topic, partition, offset, time, key and headers of the original, by the keying step of that
//! topic. So a bundle that had it already takes it for a duplicate.
//!
//! A letter is kept for [`KEPT_FOR`] after it was written, as in its topic; one that was answered for [`ANSWERED_KEPT_FOR`].
//!
//! Keying never rejects a letter, and letters of this topic's own records are passed over, so that no letter causes another one.

mod command;
pub mod commands;
mod content;
pub mod header;
mod keep;
mod keying;
mod letter;
pub mod redrive;
mod show;
mod status;
mod stored;
#[cfg(test)]
mod tests;

pub use keep::{ANSWERED_KEPT_FOR, KEPT_FOR, ROUNDS_MAX};
pub use keying::LetterKeying;
pub use letter::{Content, Disposition, Lacking, Letter, Origin};
pub use redrive::{REDRIVE, RedriveKeying};

use std::borrow::Cow;

use serde_json::Value;

use self::keep::{TIMER, forget_at};
use super::{CommandSpec, Effect, Event, Input, Processor, Transition};
use crate::model::{Key, Listing, Moment, Reject, Status, Timer, TimerKind, Timestamp};

/// The name of the processor: part of its topics, tasks and directories.
pub const DEAD_LETTER: &str = "dead-letter";
/// Keeps dead letters, and sends them again. See the [module](self) for the states.
#[derive(Clone, Copy, Debug, Default)]
pub struct DeadLetters;

impl Processor for DeadLetters {
    type State = Letter;

    /// Letters wait for people.
    fn is_at_rest(_: &Letter) -> bool {
        true
    }

    /// Letters are few.
    fn partitions(&self) -> Option<i32> {
        Some(1)
    }

    fn listing(&self, letter: &Letter) -> Listing {
        status::listing(letter)
    }

    fn status_name(&self, status: Status) -> Cow<'static, str> {
        Cow::Borrowed(status::name(status))
    }

    fn refuses_replay(&self) -> Option<&'static str> {
        Some("its records are those of others, and what operators have done with them would be lost")
    }

    fn open_since(&self, status: Status, at: Timestamp) -> Option<Timestamp> {
        status::is_open(status).then_some(at)
    }

    fn show(&self, key: &Key, letter: &Letter) -> Value {
        show::show(key, letter)
    }

    fn content(&self, _: &Key, letter: &Letter) -> Option<Value> {
        content::content(letter)
    }

    fn commands(&self) -> &'static [CommandSpec] {
        commands::COMMANDS
    }

    fn step(&self, key: &Key, state: Option<Letter>, input: Input, at: Moment) -> Result<Transition<Letter>, Reject> {
        let now = at.wall;
        match input {
            Input::Record(event) => on_letter(state, &event, now),
            Input::Timer(Timer { kind: TIMER, .. }) => Ok(Transition::forget()),
            Input::Timer(Timer { kind: TimerKind::Delay(_) | TimerKind::Deadline(_), .. }) => {
                Ok(Transition { state, effects: Vec::new() })
            }
            Input::Outcome(outcome) => Ok(Transition { state, effects: vec![Effect::Settle(outcome.slot)] }),
            Input::Command(command) => command::on_command(key, state, &command, now),
        }
    }
}

/// A letter, for the first time or again.
fn on_letter(state: Option<Letter>, event: &Event, now: Timestamp) -> Result<Transition<Letter>, Reject> {
    // The keying step has read it.
    let Some(letter) = Letter::read(&event.record) else { return Ok(Transition { state, effects: Vec::new() }) };
    let was_in_parts = state.as_ref().is_some_and(|former| former.in_parts);
    let rounds = state.map_or(letter.rounds, |former| former.rounds.saturating_add(1).max(letter.rounds));
    let mut effects = Vec::new();
    if was_in_parts {
        effects.push(Effect::DropParts);
    }
    effects.extend(stored::part(&letter)?.map(Effect::AddPart));
    effects.push(forget_at(now.saturating_add(KEPT_FOR)));
    Ok(Transition { state: Some(Letter { rounds, ..letter }), effects })
}
