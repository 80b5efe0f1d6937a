//! The schedule processor: keeps records until they are due, as timers for others who only write and read topics.
//!
//! A record of the topic that it reads has the key `<key>|<value>` and a delay in milliseconds as its value. When the delay is over,
//! counted from the record's timestamp, a record with that key and that value is written. The whole key of the request is the key of
//! the entry: so each of several timers for one key is set, set anew and cancelled by itself.
//!
//! | file | content |
//! |---|---|
//! | `settings` | the topics |
//! | `request` | what a record asks for, and the keying step |
//! | `state`, `stored` | the state and its encoding |
//! | `due` | the record that is written |
//! | `command` | the transitions by an operator's command |
//! | `show` | a timer as JSON |
//! | `count` | metrics |
//!
//! # The table
//!
//! | state | delay | none, or `0` | due | `fire` | `cancel` |
//! |---|---|---|---|---|---|
//! | none | set | nothing | | refused | refused |
//! | set | set anew | deleted | written, deleted | written now, deleted | deleted |
//! | set, and due at the time of the request or before | written, then set | written, deleted | | | |
//!
//! A timer is due by the time of records: it is a deadline, which fires when the watermark has passed it. So after an outage a request that was
//! written before a timer was due still cancels it, however late both are read; and the record that is written has the time at which
//! it was due. And one that was due when a request was written is written, whichever is seen first.

mod command;
mod count;
mod due;
mod request;
mod settings;
mod show;
mod state;
mod stored;
#[cfg(test)]
mod tests;

pub use command::{CANCEL, COMMANDS, FIRE};
pub use due::DUE;
pub use request::ScheduleKeying;
pub use settings::Settings;
pub use state::Scheduled;

use std::borrow::Cow;
use std::time::Duration;

use serde_json::Value;

use self::request::Request;
use super::{CommandSpec, Deleted, Effect, Event, Family, Input, Processor, Transition};
use crate::model::{Key, Listing, Moment, Reject, Status, Timer, TimerKind, Timestamp};

/// The name of the processor: part of its topics, tasks and directories.
pub const SCHEDULE: &str = "schedule";

/// The only timer of an entry.
const TIMER: TimerKind = TimerKind::Deadline(0);
/// The only status. The number is stored.
const SCHEDULED: Status = Status(0);
/// The wait before a record is written again that could not be, because its topic takes none of its size.
const RETRY_REJECTED_AFTER: Duration = Duration::from_mins(10);

/// Writes records when they are due. See the [module](self).
#[derive(Clone, Copy, Debug, Default)]
pub struct Schedules;

impl Schedules {
    fn on_record(
        key: &Key,
        state: Option<Scheduled>,
        event: &Event,
        now: Timestamp,
    ) -> Result<Transition<Scheduled>, Reject> {
        let request = event.parsed.get::<Request>().copied().map_or_else(|| Request::of(&event.record), Ok)?;
        request::plausible(event.at, now)?;
        // What was due before this request is written, although its timer has not fired yet.
        let (overdue, waiting) = match state {
            Some(scheduled) if scheduled.due <= event.at => (Some(scheduled), None),
            waiting => (None, waiting),
        };
        let mut effects = overdue.map_or_else(Vec::new, |overdue| due::write(key, overdue.due).effects);
        let delay = match (request, waiting) {
            (Request::After(delay), _) => delay,
            (Request::Cancel, waiting) => {
                let counted = if waiting.is_some() { count::CANCELLED } else { count::NOTHING_TO_CANCEL };
                effects.push(Effect::Count(counted));
                return Ok(Transition { state: None, effects });
            }
        };
        let due = event.at.saturating_add(delay);
        let counted = if waiting.is_some() { count::SET_ANEW } else { count::SET };
        effects.extend([Effect::Schedule(Timer { kind: TIMER, due }), Effect::Count(counted)]);
        Ok(Transition { state: Some(Scheduled { requested_at: event.at, due }), effects })
    }
}

impl Processor for Schedules {
    type State = Scheduled;

    const KEEPS_TRACE: bool = true;

    fn listing(&self, scheduled: &Scheduled) -> Listing {
        Listing::of(SCHEDULED, Some(scheduled.due))
    }

    fn status_name(&self, _: Status) -> Cow<'static, str> {
        Cow::Borrowed("open/scheduled")
    }

    fn show(&self, key: &Key, scheduled: &Scheduled) -> Value {
        show::show(key, &self.status_name(SCHEDULED), scheduled)
    }

    fn content(&self, key: &Key, _: &Scheduled) -> Option<Value> {
        Some(show::content(key))
    }

    /// The age of the oldest one is how long it is overdue.
    fn open_since(&self, _: Status, due: Timestamp) -> Option<Timestamp> {
        Some(due)
    }

    fn timer_after_rejection(&self, _: Deleted, at: Moment) -> Option<Timer> {
        Some(Timer { kind: TIMER, due: at.wall.saturating_add(RETRY_REJECTED_AFTER) })
    }

    fn refuses_replay(&self) -> Option<&'static str> {
        Some("who reads its records would be woken again by all of the past")
    }

    fn metrics(&self) -> Vec<Family> {
        count::families()
    }

    fn commands(&self) -> &'static [CommandSpec] {
        COMMANDS
    }

    fn step(
        &self,
        key: &Key,
        state: Option<Scheduled>,
        input: Input,
        at: Moment,
    ) -> Result<Transition<Scheduled>, Reject> {
        match (input, state) {
            (Input::Record(event), state) => Self::on_record(key, state, &event, at.wall),
            (Input::Timer(Timer { kind: TIMER, .. }), Some(scheduled)) => Ok(due::write(key, scheduled.due)),
            (Input::Timer(_), state) => Ok(Transition { state, effects: Vec::new() }),
            (Input::Outcome(outcome), state) => Ok(Transition { state, effects: vec![Effect::Settle(outcome.slot)] }),
            (Input::Command(command), state) => command::on_command(key, state.as_ref(), &command, at.wall),
        }
    }
}
