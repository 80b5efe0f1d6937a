//! Messages to people about alerts: gathers the alerts of an application in groups, and sends each group's message once per route.
//!
//! | file | content |
//! |---|---|
//! | `settings` | routes, groups, limits |
//! | `told` | decodes a record of the alerts topic; [`AlertKeying`] |
//! | `state` | the state and its encoding: an [`Outbox`] for each route |
//! | `send` | the transitions of an outbox: a message begins, is repeated, ends |
//! | [`message`] | the content of a message in each format |
//! | `text` | texts on one line |
//! | `count` | the metrics |
//!
//! # One entry
//!
//! All alerts of an application have one entry, whatever their keys. So the limit of messages per hour holds for a route as a
//! whole, over all groups, instances and restarts; and after an outage of a receiver one message tells what was gathered meanwhile.
//! The entry is bounded to less than 1 MiB: [`settings::ROUTES_MAX`] routes, with 20 groups, 60 alerts and 28 KiB of their texts each; what
//! is beyond is counted. A message on its way is there twice, in the state and as an act, so a request has at most
//! [`message::REQUEST_BYTES_MAX`]: longer texts are cut, then alerts are only counted. The entry never ends, because the numbers of
//! messages must not begin again.
//!
//! # The table
//!
//! Each route has an outbox with its own groups, limit and message; an alert goes to each route that takes it.
//!
//! | outbox | alert | timer | outcome of the pending attempt |
//! |---|---|---|---|
//! | no message on its way | gathered; its group's message is due `group_wait` after it, or `group_interval` after the group's last message | the message of the group that is due longest begins; while `max_per_hour` is reached none does, and then one tells all groups | nothing |
//! | an attempt is pending | gathered | nothing | executed, refused or gave up: the message ends; else the attempt is repeated later: see [`call`](super::call) |
//! | waits for a retry | gathered | the next attempt, with the same bytes and the same id | nothing |
//!
//! Only the timer makes attempts, one in each step: an alert or an outcome is not rejected because of what another route has to send.
//! If a topic allows smaller entries than sheaf writes, a step may be rejected all the same. It is made again a minute later; if it was
//! that of an outcome, whose act is gone then, its answer counts as lost.
//!
//! A message that is refused or gives up is a dead letter with a metric, and never an alert, which would be told by the same way.
//! A route that is no longer configured ends its message, and what it has gathered is a dead letter.
//!
//! # Once
//!
//! An attempt is committed before it is made, and its answer is an input like any other. If the answer is lost, or the process ends
//! before the answer is committed, the same bytes are sent again with the same id: at least once on the wire, once for a receiver
//! that honours the id.

pub mod count;
pub mod message;
mod send;
pub mod settings;
mod state;
mod text;
mod told;

pub use message::Message;
pub use settings::{Format, GroupBy, Route, Settings};
pub use state::{Batch, Group, Notifications, Open, Outbox};
pub use told::{AlertKeying, ENTRY, Told};

use std::time::Duration;

use super::{Deleted, Effect, Event, Family, Input, Processor, Transition};
use crate::model::{Key, Moment, Outcome, Reject, RejectReason, Target, Timer, TimerKind, Timestamp, Verdict};

/// The next message or retry of any route.
pub const TIMER: TimerKind = TimerKind::Delay(0);
/// The time after which a rejected step is made again, in another form.
const AFTER_REJECTION: Duration = Duration::from_mins(1);

/// The timer of a slot of acts whose outcome was rejected.
const fn lost_outcome(slot: u8) -> TimerKind {
    TimerKind::Delay(slot.saturating_add(1))
}

/// Tells people of alerts. See the [module](self).
#[derive(Debug, Clone)]
pub struct Notification {
    settings: Settings,
}

impl Notification {
    /// A processor for these routes.
    pub const fn new(settings: Settings) -> Self {
        Self { settings }
    }
}

impl Processor for Notification {
    type State = Notifications;

    fn refuses_replay(&self) -> Option<&'static str> {
        Some("people would be told again")
    }

    fn targets(&self) -> Vec<Target> {
        self.settings.routes.iter().map(|route| route.to.clone()).collect()
    }

    fn metrics(&self) -> Vec<Family> {
        count::families()
    }

    fn timer_after_rejection(&self, deleted: Deleted, at: Moment) -> Option<Timer> {
        let kind = match deleted {
            Deleted::Act(slot) => lost_outcome(slot.0),
            Deleted::Timer(kind) => kind,
        };
        Some(Timer { kind, due: at.wall.saturating_add(AFTER_REJECTION) })
    }

    fn step(
        &self,
        key: &Key,
        state: Option<Notifications>,
        input: Input,
        at: Moment,
    ) -> Result<Transition<Notifications>, Reject> {
        let (state, now) = (state.unwrap_or_default(), at.wall);
        let is_next = matches!(input, Input::Timer(timer) if timer.kind == TIMER);
        // One that is overdue may have been deleted, if its step was rejected.
        let timer = next_due(&state).filter(|due| !is_next && *due > now);
        let mut next = match input {
            Input::Record(event) => self.on_alert(state, &event, now)?,
            Input::Timer(_) if is_next => Transition::to(state),
            Input::Timer(timer) => self.on_lost_outcome(key, state, timer.kind, now),
            Input::Outcome(outcome) => self.on_outcome(key, state, outcome, now),
            Input::Command(command) => {
                let detail = format!("`{}`: messages to people take no commands", command.name);
                return Err(Reject::new(RejectReason::BadCommand, detail));
            }
        };
        self.advance(&mut next, is_next, now);
        let due = next.state.as_ref().and_then(next_due);
        next.effects.extend(match due {
            Some(due) if timer == Some(due) => None,
            Some(due) => Some(Effect::Schedule(Timer { kind: TIMER, due })),
            None => timer.map(|_| Effect::Unschedule(TIMER)),
        });
        Ok(next)
    }
}

impl Notification {
    /// Takes up the route whose outcome was rejected: whether its message was sent is unknown.
    fn on_lost_outcome(
        &self,
        key: &Key,
        mut state: Notifications,
        kind: TimerKind,
        now: Timestamp,
    ) -> Transition<Notifications> {
        let is_of = |outbox: &Outbox| {
            let pending = outbox.open.as_ref().is_some_and(|open| open.call.retry_at.is_none());
            pending && lost_outcome(outbox.slot) == kind
        };
        let Some((route, outbox)) = state.outboxes.iter_mut().find(|(_, outbox)| is_of(outbox)) else {
            return Transition::to(state);
        };
        let verdict = Verdict::Unknown("the step of its outcome was rejected".to_owned());
        let effects = self.ended(key, (route, outbox), verdict, now);
        Transition { state: Some(state), effects }
    }

    /// Gathers an alert for each route that takes it.
    fn on_alert(
        &self,
        mut state: Notifications,
        event: &Event,
        now: Timestamp,
    ) -> Result<Transition<Notifications>, Reject> {
        let alert = Told::of(event)?;
        let group = self.group(&alert);
        let mut counts = Vec::new();
        for route in self.settings.routes.iter().filter(|route| route.takes(&alert)) {
            let due = |told_at: Option<Timestamp>| {
                let next = told_at.map(|told_at| told_at.saturating_add(self.settings.group_interval));
                next.filter(|next| *next > now).unwrap_or_else(|| now.saturating_add(self.settings.group_wait))
            };
            let is_shown = state.outbox(&route.name).gather(&group, alert.clone(), due);
            counts.push(count::GATHERED);
            counts.extend((!is_shown).then_some(count::NOT_SHOWN));
        }
        if counts.is_empty() {
            counts.push(count::UNROUTED);
        }
        Ok(Transition { state: Some(state), effects: counts.into_iter().map(Effect::Count).collect() })
    }

    /// The name of an alert's group.
    fn group(&self, alert: &Told) -> String {
        let values: Vec<&str> = self.settings.group_by.iter().map(|by| by.of(alert)).collect();
        if values.is_empty() { "all alerts".to_owned() } else { values.join(", ") }
    }

    fn on_outcome(
        &self,
        key: &Key,
        mut state: Notifications,
        outcome: Outcome,
        now: Timestamp,
    ) -> Transition<Notifications> {
        let is_of = |outbox: &Outbox| {
            let pending = outbox.open.as_ref().is_some_and(|open| open.call.is_pending(outcome.attempt));
            pending && outbox.slot == outcome.slot.0
        };
        let Some((route, outbox)) = state.outboxes.iter_mut().find(|(_, outbox)| is_of(outbox)) else {
            return Transition::to(state);
        };
        let ended = self.ended(key, (route, outbox), outcome.verdict, now);
        let effects = [Effect::Settle(outcome.slot)].into_iter().chain(ended).collect();
        Transition { state: Some(state), effects }
    }

    /// Drops the outboxes of routes that are no longer configured, and makes one attempt that is due, if it `may_attempt`.
    fn advance(&self, next: &mut Transition<Notifications>, mut may_attempt: bool, now: Timestamp) {
        let Some(state) = &mut next.state else { return };
        let effects = &mut next.effects;
        state.outboxes.retain(|name, outbox| {
            let route = self.settings.routes.iter().find(|route| route.name == *name);
            effects.extend(match route {
                Some(route) if may_attempt => self.begin(route, outbox, now),
                Some(_) => Vec::new(),
                None => self.drop_batches(name, outbox).into_iter().collect(),
            });
            let attempt = if may_attempt { self.attempt(outbox, now) } else { None };
            may_attempt &= attempt.is_none();
            effects.extend(attempt);
            route.is_some() || outbox.open.is_some()
        });
    }
}

impl Notifications {
    /// The outbox of a route.
    fn outbox(&mut self, route: &str) -> &mut Outbox {
        let used: Vec<u8> = self.outboxes.values().map(|outbox| outbox.slot).collect();
        let slot = (0..u8::MAX).find(|slot| !used.contains(slot)).unwrap_or(u8::MAX);
        self.outboxes.entry(route.to_owned()).or_insert_with(|| Outbox { slot, ..Outbox::default() })
    }
}

/// The time at which the next message or attempt of any outbox is due.
fn next_due(state: &Notifications) -> Option<Timestamp> {
    state.outboxes.values().filter_map(Outbox::next_due).min()
}

#[cfg(test)]
mod tests;
