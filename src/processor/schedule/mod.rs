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
//!
//! A timer is due by the time of records: it is a deadline, which fires when the watermark has passed it. So after an outage a request that was
//! written before a timer was due still cancels it, however late both are read; and the record that is written has the time at which
//! it was due.

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
pub use request::{DELAY_MAX, ScheduleKeying};
pub use settings::Settings;
pub use state::Scheduled;

use std::borrow::Cow;

use serde_json::Value;

use self::request::Request;
use super::{CommandSpec, Effect, Event, Family, Input, Processor, Transition};
use crate::model::{Key, Listing, Moment, Reject, Status, Timer, TimerKind};

/// The name of the processor: part of its topics, tasks and directories.
pub const SCHEDULE: &str = "schedule";

/// The only timer of an entry.
const TIMER: TimerKind = TimerKind::Deadline(0);
/// The only status. The number is stored.
const WAITING: Status = Status(0);

/// Writes records when they are due. See the [module](self).
#[derive(Clone, Copy, Debug, Default)]
pub struct Schedules;

impl Schedules {
    fn on_record(state: Option<Scheduled>, event: &Event) -> Result<Transition<Scheduled>, Reject> {
        let request = event.parsed.get::<Request>().copied().map_or_else(|| Request::of(&event.record), Ok)?;
        let delay = match (request, &state) {
            (Request::Cancel, Some(_)) => return Ok(Transition::forget().with(Effect::Count(count::CANCELLED))),
            (Request::Cancel, None) => return Ok(Transition::forget().with(Effect::Count(count::NOTHING_TO_CANCEL))),
            (Request::After(delay), _) => delay,
        };
        let due = event.at.saturating_add(delay);
        let counted = if state.is_some() { count::SET_ANEW } else { count::SET };
        Ok(Transition::to(Scheduled { requested_at: event.at, due })
            .with(Effect::Schedule(Timer { kind: TIMER, due }))
            .with(Effect::Count(counted)))
    }
}

impl Processor for Schedules {
    type State = Scheduled;

    const KEEPS_TRACE: bool = true;

    fn listing(&self, scheduled: &Scheduled) -> Listing {
        Listing::of(WAITING, Some(scheduled.due))
    }

    fn status_name(&self, _: Status) -> Cow<'static, str> {
        Cow::Borrowed("waiting")
    }

    fn show(&self, key: &Key, scheduled: &Scheduled) -> Value {
        show::show(key, &self.status_name(WAITING), scheduled)
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
            (Input::Record(event), state) => Self::on_record(state, &event),
            (Input::Timer(Timer { kind: TIMER, .. }), Some(scheduled)) => Ok(due::write(key, scheduled.due)),
            (Input::Timer(_), state) => Ok(Transition { state, effects: Vec::new() }),
            (Input::Outcome(outcome), state) => Ok(Transition { state, effects: vec![Effect::Settle(outcome.slot)] }),
            (Input::Command(command), state) => command::on_command(key, state.as_ref(), &command, at.wall),
        }
    }
}
