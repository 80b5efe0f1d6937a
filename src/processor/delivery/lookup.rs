//! The transitions of a delivery in doubt: a look-up at the target, and the validity of its answer.

use super::super::{Effect, Transition};
use super::call::{LOOK_UP, SUBMIT};
use super::journal::{Journal, Open, Proof};
use super::protocol::LookUpAnswer;
use super::submit::{schedule, timed_out};
use super::{Delivery, count, settle};
use crate::model::{Key, Reject, RejectReason, Timestamp, Verdict};

impl Delivery {
    /// Intends a look-up, also after the horizon: a found submit is a proof at any time.
    pub(super) fn look_up(&self, key: &Key, open: Open, now: Timestamp) -> Transition<Journal> {
        let Some(request) = self.protocol.look_up_request(&open.deliverable) else {
            return settle(SUBMIT, self.never_known(key, open, (now, "its target has no look-up any more"), now));
        };
        let call = open.call.saturating_add(1);
        let act = self.act(LOOK_UP, call, request);
        Transition::to(Journal::LookingUp(Open { call, ..open })).with(act)
    }

    /// The outcome of the latest look-up.
    pub(super) fn on_looked_up(&self, key: &Key, open: Open, verdict: Verdict, now: Timestamp) -> Transition<Journal> {
        let since = open.doubtful_since.unwrap_or(open.intended_at);
        let within_horizon = now.since(since) <= self.settings.lookup_horizon;
        let absent = self.protocol.words(&open.deliverable.name).absent;
        if let Verdict::Suspended(reason) = verdict {
            let wait = self.settings.wait(key, open.call, 1, None);
            return Transition::to(Journal::Unsure(open.answered(now, &reason)))
                .with(schedule(now.saturating_add(wait)))
                .with(Effect::Count(count::RETRY_SUSPENDED));
        }
        match self.look_up_answer(verdict) {
            LookUpAnswer::Found { id } => self.succeed(key, open, Proof::Found(id), now),
            LookUpAnswer::Absent if within_horizon => {
                if self.has_timed_out(&open, now) {
                    let detail = timed_out(&open, &format!("the last answer was lost, and {absent}"));
                    return self.fail(key, open, Reject::new(RejectReason::GaveUp, detail), now);
                }
                let open = open.answered(now, absent);
                self.submit(open, now).with(Effect::Count(count::RETRY_ABSENT))
            }
            LookUpAnswer::Absent => {
                let remedy = self.protocol.words(&open.deliverable.name).remedy;
                let detail = format!("{absent}, but the submit of {since} is too long ago to tell: {remedy}");
                self.give_up(key, open, detail, now)
            }
            // A folder that is found is a proof at any time, so the look-up is worth while there is time.
            LookUpAnswer::Unclear { retry_after, detail } if within_horizon || !self.has_timed_out(&open, now) => {
                let failures = open.lookup_failures.saturating_add(1);
                let wait = self.settings.wait(key, open.call, failures, retry_after);
                let open = Open { lookup_failures: failures, ..open }.answered(now, &detail);
                Transition::to(Journal::Unsure(open))
                    .with(schedule(now.saturating_add(wait)))
                    .with(Effect::Count(count::RETRY_LOOK_UP))
            }
            LookUpAnswer::Unclear { detail, .. } => {
                let detail = format!("the submit of {since} could not be looked up in time: {detail}");
                self.give_up(key, open, detail, now)
            }
        }
    }

    /// A submit in doubt, executed by this time if at all, that no look-up can tell of.
    pub(super) fn never_known(
        &self,
        key: &Key,
        open: Open,
        (by, why): (Timestamp, &str),
        now: Timestamp,
    ) -> Transition<Journal> {
        let remedy = self.protocol.words(&open.deliverable.name).remedy;
        let detail = format!(
            "the outcome of the submit of {} is not known ({why}), and it cannot be looked up; it may still be executed until {by}: after \
             that {remedy}",
            open.intended_at
        );
        self.give_up(key, open, detail, now)
    }

    fn look_up_answer(&self, verdict: Verdict) -> LookUpAnswer {
        let detail = match verdict {
            Verdict::Answered(answer) => return self.protocol.look_up_answer(&answer),
            Verdict::NotSent(detail) | Verdict::Suspended(detail) | Verdict::Unknown(detail) => detail,
            Verdict::Inherited => "the look-up was started by a previous owner of the task".to_owned(),
        };
        LookUpAnswer::Unclear { detail, retry_after: None }
    }
}
