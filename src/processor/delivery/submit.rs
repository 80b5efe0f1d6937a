//! The transitions of a submit: the intent, its outcome, the next attempt.

use std::time::Duration;

use super::super::{Count, Effect, Event, Transition};
use super::call::SUBMIT;
use super::journal::{Deliverable, Journal, Open, Proof};
use super::protocol::{Prepared, SubmitAnswer};
use super::settings::RETRY_AFTER_MAX;
use super::{Delivery, TIMER, count, submission};
use crate::model::{Act, ActSlot, Key, Reject, RejectReason, Timer, Timestamp, Verdict};

impl Delivery {
    /// A new submission: prepares its deliverable and intends the first submit; without a deliverable the delivery has failed.
    pub(super) fn on_submission(
        &self,
        key: &Key,
        event: &Event,
        now: Timestamp,
    ) -> Result<Transition<Journal>, Reject> {
        let prepared = match submission::of(key, event) {
            // A record that no bundle of sheaf has completed may have any key.
            Err(reject) if !submission::is_of_bundle(&event.record) => return Err(reject),
            Err(reject) => Err(reject),
            Ok(submission) => self.protocol.prepare(&submission),
        };
        // A complete bundle has an outcome and an alert, also if there is not even a name for it at the target.
        let Prepared { name, content, revision, count } = prepared.unwrap_or_else(|reject| Prepared {
            name: key.text().into_owned(),
            content: Err(reject),
            revision: String::new(),
            count: None,
        });
        let (content, failure) = match content {
            Ok(content) => (content, None),
            Err(reject) => (String::new(), Some(reject)),
        };
        let open = Open {
            deliverable: Deliverable { name, content, revision },
            origin: format!("{}@{}", event.record.source, event.record.offset),
            attempts: 0,
            call: 0,
            submit: 0,
            intended_at: now,
            doubtful_since: None,
            lookup_failures: 0,
        };
        let mut next = match failure {
            None => self.submit(open, now),
            Some(reject) => self.fail(key, open, reject, now),
        };
        next.effects.extend(count.map(Effect::Count));
        Ok(next)
    }

    /// Intends the next submit. The caller has made sure that no earlier one was executed.
    pub(super) fn submit(&self, open: Open, now: Timestamp) -> Transition<Journal> {
        let attempts = open.attempts.saturating_add(1);
        let call = open.call.saturating_add(1);
        let open = Open { attempts, call, submit: call, intended_at: now, lookup_failures: 0, ..open };
        let act = self.act(SUBMIT, call, self.protocol.submit_request(&open.deliverable));
        Transition::to(Journal::Submitting(open)).with(act)
    }

    /// The outcome of the latest submit, awaited or in doubt.
    pub(super) fn on_submitted(&self, key: &Key, open: Open, verdict: Verdict, now: Timestamp) -> Transition<Journal> {
        let answer = match verdict {
            Verdict::Answered(answer) => self.protocol.submit_answer(&answer),
            Verdict::NotSent(detail) => {
                let wait = self.wait(open.attempts, None);
                return self.retry(key, open, Retry { wait, detail, count: count::RETRY_NOT_SENT }, now);
            }
            Verdict::Inherited => {
                let wait = self.settings.doubt_after_rebalance();
                return doubt(open, wait, now).with(Effect::Count(count::INHERITED));
            }
            Verdict::Unknown(_) => SubmitAnswer::Unclear,
        };
        match answer {
            SubmitAnswer::Accepted { id } => self.succeed(key, open, Proof::Accepted(id), now),
            SubmitAnswer::Refused { detail } => self.fail(key, open, Reject::new(RejectReason::Refused, detail), now),
            SubmitAnswer::Busy { detail, retry_after } => {
                let wait = self.wait(open.attempts, retry_after);
                self.retry(key, open, Retry { wait, detail, count: count::RETRY_BUSY }, now)
            }
            SubmitAnswer::Unclear => {
                doubt(open, self.settings.doubt_after_loss(), now).with(Effect::Count(count::LOST_ANSWER))
            }
        }
    }

    /// The latest submit was not executed: waits for the next attempt, or fails after the last one.
    fn retry(&self, key: &Key, open: Open, retry: Retry, now: Timestamp) -> Transition<Journal> {
        if self.exhausted(&open) {
            return self.fail(key, open, Reject::new(RejectReason::Refused, retry.detail), now);
        }
        Transition::to(Journal::Waiting(open))
            .with(schedule(now.saturating_add(retry.wait)))
            .with(Effect::Count(retry.count))
    }

    /// True after the last attempt.
    pub(super) const fn exhausted(&self, open: &Open) -> bool {
        open.attempts >= self.settings.retry.attempts_max
    }

    /// The wait after `failures` consecutive failures: the one requested by the target, up to a limit, or the back-off.
    pub(super) fn wait(&self, failures: u32, retry_after: Option<Duration>) -> Duration {
        retry_after.map_or_else(|| self.settings.retry.after(failures), |requested| requested.min(RETRY_AFTER_MAX))
    }

    /// The effect of a call.
    pub(super) fn act(&self, slot: ActSlot, attempt: u32, request: String) -> Effect {
        let (to, valid_for) = (self.settings.target.clone(), self.settings.intent_valid_for);
        Effect::Act(Act { slot, attempt, to, valid_for, request })
    }
}

/// The parameters of a retry.
struct Retry {
    wait: Duration,
    detail: String,
    count: Count,
}

/// The latest submit is in doubt: a look-up after `wait`. The act stays pending, so that a new owner inherits it and restarts
/// the wait.
fn doubt(open: Open, wait: Duration, now: Timestamp) -> Transition<Journal> {
    let doubtful_since = open.doubtful_since.or(Some(open.intended_at));
    let open = Open { doubtful_since, lookup_failures: 0, ..open };
    Transition::to(Journal::Unsure(open)).with(schedule(now.saturating_add(wait)))
}

pub(super) const fn schedule(due: Timestamp) -> Effect {
    Effect::Schedule(Timer { kind: TIMER, due })
}
