//! The transitions of a submit: the intent, its outcome, the next attempt.

use std::time::Duration;

use super::super::call::Certainty;
use super::super::{Count, Effect, Event, Transition};
use super::call::SUBMIT;
use super::journal::{Content, Deliverable, End, Journal, Open, Proof};
use super::protocol::{Prepared, SubmitAnswer};
use super::{Delivery, Submission, TIMER, count, submission};
use crate::model::{Act, ActSlot, Key, Reject, RejectReason, Timer, Timestamp, Verdict};

/// Why a delivery is held.
const HELD: &str =
    "a replay has completed the bundle, and its delivery is not known: it may have been submitted before";

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
        let prepared = prepared.unwrap_or_else(|reject| Prepared {
            name: key.text().into_owned(),
            content: Err(reject),
            revision: String::new(),
            count: None,
        });
        let open = Open {
            deliverable: Deliverable { name: String::new(), content: String::new(), revision: String::new() },
            origin: format!("{}@{}", event.record.source, event.record.offset),
            attempts: 0,
            since: now,
            commands: 0,
            call: 0,
            submit: 0,
            intended_at: now,
            doubtful_since: None,
            lookup_failures: 0,
            last_answer: None,
        };
        let text = event.record.value.as_deref().map(String::from_utf8_lossy).unwrap_or_default();
        Ok(self.submit_prepared(key, open, (prepared, &text), now))
    }

    /// A submission that comes of a replay and is not known: either the bundle is a new one, or its delivery was forgotten. It may have
    /// been submitted, so nothing is, until a person says so.
    pub(super) fn hold(key: &Key, event: &Event, now: Timestamp) -> Transition<Journal> {
        let text = event.record.value.as_deref().map(String::from_utf8_lossy).unwrap_or_default().into_owned();
        let end = End {
            name: key.text().into_owned(),
            revision: String::new(),
            origin: format!("{}@{}", event.record.source, event.record.offset),
            attempts: 0,
            at: now,
            content: Some(Content::Submission(text)),
            call: 0,
            commands: 0,
            proof: None,
            detail: Some(HELD.to_owned()),
        };
        // It is kept until somebody decides.
        Transition::to(Journal::Held(end)).with(Effect::Count(count::HELD))
    }

    /// Prepares the deliverable of a submission, given decoded and as text, and intends a submit, by a command: no earlier submit was
    /// executed.
    pub(super) fn prepare_and_submit(
        &self,
        key: &Key,
        open: Open,
        (submission, text): (&Submission, &str),
        now: Timestamp,
    ) -> Result<Transition<Journal>, Reject> {
        let prepared = self.protocol.prepare(submission)?;
        let prepared = Prepared { content: prepared.content.map(|content| self.of_series(&open, content)), ..prepared };
        Ok(self.submit_prepared(key, open, (prepared, text), now))
    }

    /// Content that is prepared anew, with the key of the series that its submits belong to: of the former one if it is the same and
    /// its submits have not ended, else of a new one.
    fn of_series(&self, open: &Open, content: String) -> String {
        let of_next = |content: String| {
            let deliverable = Deliverable { content, ..open.deliverable.clone() };
            self.protocol.renew(deliverable, open.next_series()).content
        };
        let renewed = of_next(content);
        if of_next(open.deliverable.content.clone()) == renewed { open.deliverable.content.clone() } else { renewed }
    }

    /// Intends a submit of what was prepared, or fails with the text of the submission.
    fn submit_prepared(
        &self,
        key: &Key,
        open: Open,
        (prepared, text): (Prepared, &str),
        now: Timestamp,
    ) -> Transition<Journal> {
        let Prepared { name, content, revision, count } = prepared;
        let mut next = match content {
            Ok(content) => self.submit(Open { deliverable: Deliverable { name, content, revision }, ..open }, now),
            Err(reject) => {
                let deliverable = Deliverable { name, content: String::new(), revision };
                let mut next = self.fail(key, Open { deliverable, ..open }, reject, now);
                if let Some(Journal::Failed(end)) = &mut next.state {
                    end.content = Some(Content::Submission(text.to_owned()));
                }
                next
            }
        };
        next.effects.extend(count.map(Effect::Count));
        next
    }

    /// Intends the next submit. The caller has made sure that no earlier one was executed.
    pub(super) fn submit(&self, open: Open, now: Timestamp) -> Transition<Journal> {
        let attempts = open.attempts.saturating_add(1);
        let call = open.call.saturating_add(1);
        let open = Open { attempts, call, submit: call, intended_at: now, lookup_failures: 0, ..open };
        let act = self.act(SUBMIT, call, self.protocol.submit_request(&open.deliverable));
        Transition::to(Journal::Submitting(open)).with(act)
    }

    /// Intends the next submit of what waits. What may have been executed is Unknown instead, if by the settings of today its receiver
    /// recognizes no repetition.
    pub(super) fn submit_again(&self, key: &Key, open: Open, now: Timestamp) -> Transition<Journal> {
        if self.may_be_executed(&open) && self.protocol.certainty(&open.deliverable) == Certainty::Once {
            let until = now.saturating_add(self.settings.doubt_after_rebalance());
            return self.never_known(key, open, (until, "its target is one without keys now"), now);
        }
        self.submit(open, now)
    }

    /// The outcome of the latest submit, awaited or in doubt.
    pub(super) fn on_submitted(&self, key: &Key, open: Open, verdict: Verdict, now: Timestamp) -> Transition<Journal> {
        let answer = match verdict {
            Verdict::Answered(answer) => self.protocol.submit_answer(&answer),
            Verdict::NotSent(detail) => {
                return self.retry(key, open, &Retry { after: None, detail, count: count::RETRY_NOT_SENT }, now);
            }
            Verdict::Suspended(reason) => return self.suspended(key, open.answered(now, &reason), now),
            Verdict::Inherited => {
                let (wait, detail) = (self.settings.doubt_after_rebalance(), INHERITED.to_owned());
                return self.doubt(key, open, Doubt { wait, after: None, detail, count: count::INHERITED }, now);
            }
            Verdict::Unknown(detail) => SubmitAnswer::Unclear { detail, retry_after: None },
        };
        match answer {
            SubmitAnswer::Accepted { id } => self.succeed(key, open, Proof::Accepted(id), now),
            SubmitAnswer::Refused { detail } if self.may_be_executed(&open) => {
                let detail =
                    format!("an earlier attempt may have been executed, and the last one was refused: {detail}");
                self.give_up(key, open, detail, now)
            }
            SubmitAnswer::Refused { detail } => self.fail(key, open, Reject::new(RejectReason::Refused, detail), now),
            SubmitAnswer::Busy { detail, retry_after } => {
                self.retry(key, open, &Retry { after: retry_after, detail, count: count::RETRY_BUSY }, now)
            }
            SubmitAnswer::Unclear { detail, retry_after: after } => {
                let wait = self.settings.doubt_after_loss();
                self.doubt(key, open, Doubt { wait, after, detail, count: count::LOST_ANSWER }, now)
            }
        }
    }

    /// The latest submit was not executed, or is repeated with its key: waits for the next attempt, or ends when the time has
    /// run out.
    fn retry(&self, key: &Key, open: Open, retry: &Retry, now: Timestamp) -> Transition<Journal> {
        if self.has_timed_out(&open, now) {
            let detail = timed_out(&open, &format!("the last answer was: {}", retry.detail));
            if self.may_be_executed(&open) {
                return self.give_up(key, open, format!("{detail}; an attempt may have been executed"), now);
            }
            return self.fail(key, open, Reject::new(RejectReason::GaveUp, detail), now);
        }
        let wait = self.settings.wait(key, open.call, open.attempts, retry.after);
        let open = open.answered(now, &retry.detail);
        Transition::to(Journal::Waiting(open)).with(schedule(now.saturating_add(wait))).with(Effect::Count(retry.count))
    }

    /// The latest submit was not executed, because the target refuses everybody: neither the attempt nor its time counts.
    fn suspended(&self, key: &Key, open: Open, now: Timestamp) -> Transition<Journal> {
        let attempts = open.attempts.saturating_sub(1);
        let pause = now.since(open.intended_at);
        let open = Open { attempts, ..open }.paused(pause, now);
        let wait = self.settings.wait(key, open.call, 1, None);
        Transition::to(Journal::Waiting(open))
            .with(schedule(now.saturating_add(wait)))
            .with(Effect::Count(count::RETRY_SUSPENDED))
    }

    /// The latest submit is in doubt: a look-up after the wait. The act stays pending, so that a new owner inherits it and restarts
    /// the wait. What its receiver recognizes is repeated, and what cannot be known is Unknown.
    fn doubt(&self, key: &Key, open: Open, doubt: Doubt, now: Timestamp) -> Transition<Journal> {
        let Doubt { wait, after, detail, count } = doubt;
        let until = now.saturating_add(wait);
        let doubtful_since = open.doubtful_since.or(Some(open.intended_at));
        match self.protocol.certainty(&open.deliverable) {
            Certainty::LookUp => {
                let open = Open { doubtful_since, lookup_failures: 0, ..open }.answered(now, &detail);
                Transition::to(Journal::Unsure(open)).with(schedule(until)).with(Effect::Count(count))
            }
            Certainty::Idempotent => {
                self.retry(key, Open { doubtful_since, ..open }, &Retry { after, detail, count }, now)
            }
            Certainty::Once => self.never_known(key, open, (until, &detail), now).with(Effect::Count(count)),
        }
    }

    /// True for a series of repeated submits of which one may have been executed, also if the settings of today would not repeat it.
    /// What is looked up is submitted again only after the proof that no submit was.
    pub(super) fn may_be_executed(&self, open: &Open) -> bool {
        open.doubtful_since.is_some() && self.protocol.certainty(&open.deliverable) != Certainty::LookUp
    }

    /// True when the time for attempts has run out.
    pub(super) fn has_timed_out(&self, open: &Open, now: Timestamp) -> bool {
        now.since(open.since) >= self.settings.give_up_after
    }

    /// The effect of a call.
    pub(super) fn act(&self, slot: ActSlot, attempt: u32, request: String) -> Effect {
        let (to, valid_for) = (self.settings.target.clone(), self.settings.intent_valid_for);
        Effect::Act(Act { slot, attempt, to, valid_for, request })
    }
}

/// The reason of a submit in doubt that was handed to a previous owner.
const INHERITED: &str = "a previous owner of the task may have made it";

/// A submit in doubt.
struct Doubt {
    /// The time after which a look-up tells.
    wait: Duration,
    /// The wait requested by the target before a repetition.
    after: Option<Duration>,
    detail: String,
    count: Count,
}

/// The parameters of a retry.
struct Retry {
    /// The wait requested by the target.
    after: Option<Duration>,
    detail: String,
    count: Count,
}

/// The reason of a delivery that gives up.
pub(super) fn timed_out(open: &Open, last: &str) -> String {
    let Open { attempts, since, .. } = open;
    let word = if *attempts == 1 { "attempt" } else { "attempts" };
    format!("time ran out after {attempts} {word} (since {since}; deliver.give_up_after); {last}")
}

pub(super) const fn schedule(due: Timestamp) -> Effect {
    Effect::Schedule(Timer { kind: TIMER, due })
}
