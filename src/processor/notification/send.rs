//! The transitions of an outbox: a message begins, is repeated, ends.

use uuid::Uuid;

use super::super::Effect;
use super::super::call::{Call, End, Next};
use super::settings::Route;
use super::state::{Batch, HOUR, Open, Outbox};
use super::{Message, Notification, count};
use crate::model::{Act, ActSlot, Key, Reject, RejectReason, Timestamp, Verdict};

impl Notification {
    /// Begins the next message of an outbox if there is none on its way, one is due, and the limit of the route allows it. The
    /// first attempt is made by [`Self::attempt`].
    pub(super) fn begin(&self, route: &Route, outbox: &mut Outbox, now: Timestamp) -> Vec<Effect> {
        if outbox.open.is_some() {
            return Vec::new();
        }
        outbox.begun.retain(|begun| now.since(*begun) < HOUR);
        let interval = self.settings.group_interval;
        outbox.groups.retain(|_, group| {
            group.batch.is_some() || group.told_at.is_some_and(|told_at| now.since(told_at) < interval)
        });
        let due = outbox.batches().filter(|(_, batch)| batch.due <= now).min_by_key(|(_, batch)| batch.due);
        let Some(group) = due.map(|(name, _)| name.to_owned()) else { return Vec::new() };
        if outbox.begun.len() >= self.settings.max_per_hour {
            outbox.is_limited = true;
            return Vec::new();
        }
        // What the limit has held back is told by one message.
        let limit = std::mem::take(&mut outbox.is_limited).then_some(self.settings.max_per_hour);
        let mut groups: Vec<(String, Batch)> = Vec::new();
        for (name, told) in outbox.groups.iter_mut().filter(|(name, _)| limit.is_some() || **name == group) {
            if let Some(batch) = told.batch.take() {
                told.told_at = Some(now);
                groups.push((name.clone(), batch));
            }
        }
        outbox.begun.push(now);
        outbox.sequence = outbox.sequence.saturating_add(1);
        let application = self.settings.application.clone();
        // The time is in it, so that the numbers of an application with new state are no repetition.
        let name = format!("{application}/{}/{}/{}", route.name, outbox.sequence, now.as_millis());
        let id = Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes());
        let message = Message { application, route: route.name.clone(), id, at: now, groups, limit };
        let call = Call::begin(outbox.calls, now);
        let (request, summary) = (message.request(route.format).encode(), message.summary());
        outbox.open = Some(Open { id, to: route.to.clone(), request, summary, call });
        limit.map(|_| Effect::Count(count::LIMITED)).into_iter().collect()
    }

    /// Makes the attempt that is due.
    pub(super) fn attempt(&self, outbox: &mut Outbox, now: Timestamp) -> Option<Effect> {
        let open = outbox.open.as_mut()?;
        open.call = open.call.due(now)?;
        outbox.calls = open.call.number;
        Some(Effect::Act(Act {
            slot: ActSlot(outbox.slot),
            attempt: open.call.number,
            to: open.to.clone(),
            valid_for: self.settings.intent_valid_for,
            request: open.request.clone(),
        }))
    }

    /// The outcome of the pending attempt.
    pub(super) fn ended(
        &self,
        key: &Key,
        (route, outbox): (&str, &mut Outbox),
        verdict: Verdict,
        now: Timestamp,
    ) -> Vec<Effect> {
        let Some(open) = outbox.open.as_mut() else { return Vec::new() };
        let end = match open.call.ended(key, verdict, &self.settings.call, now) {
            Next::Wait(call, reason) => {
                open.call = call;
                return vec![Effect::Count(count::retry(reason))];
            }
            Next::End(end) => end,
        };
        let mut effects = vec![Effect::Count(count::end(&end))];
        let letter = match end {
            End::Executed => None,
            End::Refused(detail) => Some((RejectReason::Refused, detail)),
            End::GaveUp(detail) | End::InDoubt(detail) => Some((RejectReason::GaveUp, detail)),
        };
        effects.extend(letter.map(|(reason, detail)| {
            let (id, summary, application) = (open.id, &open.summary, &self.settings.application);
            Effect::DeadLetter(Reject::new(
                reason,
                format!(
                    "message {id} to route `{route}`: {summary}: {detail}; the alerts are in {application}-alerts; `sheaf alerts test \
                     {route}` shows whether the route works"
                ),
            ))
        }));
        outbox.open = None;
        effects
    }

    /// Drops the alerts of a route that is no longer configured.
    pub(super) fn drop_batches(&self, route: &str, outbox: &mut Outbox) -> Option<Effect> {
        let number: u64 = outbox.batches().map(|(_, batch)| batch.count).sum();
        outbox.groups.clear();
        let application = &self.settings.application;
        (number > 0).then(|| {
            Effect::DeadLetter(Reject::new(
                RejectReason::GaveUp,
                format!(
                    "route `{route}` is not in alerts.routes any more: {} not told; all alerts are in {application}-alerts",
                    super::text::number_of(number, "alert")
                ),
            ))
        })
    }
}
