//! The transitions before and after a submit: the intent, its outcome, the next attempt.

use std::time::Duration;

use super::super::{Count, Effect, Event, Transition};
use super::control_m::{self, Request, definition, folder};
use super::journal::{Journal, Open, Proof};
use super::settings::RETRY_AFTER_MAX;
use super::verdict::{SUBMIT, Submitted};
use super::{Delivery, TIMER, count, submission};
use crate::model::{Act, ActSlot, Key, Reject, RejectReason, Timer, Timestamp};

impl Delivery {
    /// A submission for which there is no journal: render it and intend its first submit.
    pub(super) fn on_submission(
        &self,
        key: &Key,
        event: &Event,
        now: Timestamp,
    ) -> Result<Transition<Journal>, Reject> {
        let submission = submission::of(key, event)?;
        let folder = folder::name(&submission.bundle_id)?;
        let rendered = definition::render(&self.settings, &submission, &folder);
        let mut open = Open {
            folder,
            definition: String::new(),
            template_revision: self.settings.template.revision().to_owned(),
            origin: format!("{}@{}", event.record.source, event.record.offset),
            attempts: 0,
            call: 0,
            submit: 0,
            intended_at: now,
            doubtful_since: None,
            lookup_failures: 0,
        };
        match rendered {
            Ok(definition) => {
                open.definition = definition;
                Ok(self.submit(open, now).with(Effect::Count(control_m::count::RENDERED)))
            }
            Err(error) => {
                let failed = self.fail(key, open, Reject::new(RejectReason::Render, error.to_string()), now);
                Ok(failed.with(Effect::Count(error.count())))
            }
        }
    }

    /// Intends the next submit. Only called when no earlier one was executed.
    pub(super) fn submit(&self, open: Open, now: Timestamp) -> Transition<Journal> {
        let attempts = open.attempts.saturating_add(1);
        let call = open.call.saturating_add(1);
        let open = Open { attempts, call, submit: call, intended_at: now, lookup_failures: 0, ..open };
        let request = Request::Submit { folder: open.folder.clone(), definition: open.definition.clone() };
        let act = self.act(SUBMIT, call, &request);
        Transition::to(Journal::Submitting(open)).with(act)
    }

    /// What came of the latest submit, whether it was still awaited or already in doubt.
    pub(super) fn on_submitted(
        &self,
        key: &Key,
        open: Open,
        submitted: Submitted,
        now: Timestamp,
    ) -> Transition<Journal> {
        match submitted {
            Submitted::Accepted { run_id } => self.succeed(key, open, Proof::Run(run_id), now),
            Submitted::Refused { detail } => self.fail(key, open, Reject::new(RejectReason::Refused, detail), now),
            Submitted::Busy { detail, retry_after_ms } => {
                let wait = self.wait(open.attempts, retry_after_ms);
                self.retry(key, open, Retry { wait, detail, count: count::RETRY_BUSY }, now)
            }
            Submitted::NotSent { detail } => {
                let wait = self.wait(open.attempts, None);
                self.retry(key, open, Retry { wait, detail, count: count::RETRY_NOT_SENT }, now)
            }
            Submitted::Unknown { .. } => {
                doubt(open, self.settings.doubt_after_loss(), now).with(Effect::Count(count::LOST_ANSWER))
            }
            Submitted::Inherited => {
                doubt(open, self.settings.doubt_after_hand_over(), now).with(Effect::Count(count::INHERITED))
            }
        }
    }

    /// The latest submit was certainly not executed: wait for the next one, if there is one.
    fn retry(&self, key: &Key, open: Open, retry: Retry, now: Timestamp) -> Transition<Journal> {
        if self.exhausted(&open) {
            return self.fail(key, open, Reject::new(RejectReason::Refused, retry.detail), now);
        }
        Transition::to(Journal::Waiting(open))
            .with(schedule(now.saturating_add(retry.wait)))
            .with(Effect::Count(retry.count))
    }

    /// True when no further submit may be attempted.
    pub(super) const fn exhausted(&self, open: &Open) -> bool {
        open.attempts >= self.settings.retry.attempts_max
    }

    /// How long to wait after `failures` failures: as long as the other side asks for, within a limit, or the back-off.
    pub(super) fn wait(&self, failures: u32, retry_after_ms: Option<u64>) -> Duration {
        let asked = retry_after_ms.map(|millis| Duration::from_millis(millis).min(RETRY_AFTER_MAX));
        asked.unwrap_or_else(|| self.settings.retry.after(failures))
    }

    /// The effect that asks for a call.
    pub(super) fn act(&self, slot: ActSlot, attempt: u32, request: &Request) -> Effect {
        // Two texts and a tag have a form in JSON; a `Request` that had none would be refused by the sink, unsent.
        let request = serde_json::to_string(request).unwrap_or_default();
        let (to, valid_for) = (self.settings.target.clone(), self.settings.intent_valid_for);
        Effect::Act(Act { slot, attempt, to, valid_for, request })
    }
}

/// A submit that is to be tried again.
struct Retry {
    wait: Duration,
    detail: String,
    count: Count,
}

/// The latest submit may have been executed: look it up after `wait`. Its act stays pending, so that a new owner hears of
/// it and begins the wait anew.
fn doubt(open: Open, wait: Duration, now: Timestamp) -> Transition<Journal> {
    let doubtful_since = open.doubtful_since.or(Some(open.intended_at));
    let open = Open { doubtful_since, lookup_failures: 0, ..open };
    Transition::to(Journal::Unsure(open)).with(schedule(now.saturating_add(wait)))
}

pub(super) const fn schedule(due: Timestamp) -> Effect {
    Effect::Schedule(Timer { kind: TIMER, due })
}
