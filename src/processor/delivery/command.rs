//! The transitions by an operator's command: send it again, or state how it ended.
//!
//! A command sets a state, so a repetition changes nothing.
//!
//! | state | `retry` | `resubmit submission=TEXT` | `resolve as=submitted` | `resolve as=failed` | `cancel` |
//! |---|---|---|---|---|---|
//! | none | rejected | rejected | rejected | rejected | rejected |
//! | Waiting | Submitting; Unknown if it may have been executed and is not repeated by the settings of today | Submitting, rendered anew, with another key unless it is the same; Failed if it cannot be; rejected if a submit that is repeated may have been executed | Submitted | Failed; rejected if a submit that is repeated may have been executed | as `resolve as=failed` |
//! | Submitting, `LookingUp` | nothing: a call is in flight | nothing | rejected, until it has ended | rejected, until it has ended | rejected, until it has ended |
//! | Unsure | nothing: it will be looked up | rejected: it may have been executed | Submitted | rejected: it may have been executed | rejected |
//! | Submitted | nothing | rejected | nothing | rejected | rejected |
//! | Failed | Submitting, with another key | Submitting, rendered anew, with another key; Failed if it cannot be | Submitted | nothing | nothing |
//! | Held | Submitting, rendered for the first time; Failed if it cannot be | as `retry`, with this submission | Submitted | Failed | as `resolve as=failed` |
//! | Unknown | by its certainty, as if its submit were in doubt since now | rejected: state how it ended first | Submitted | Failed | rejected: state how it ended |
//!
//! `retry` sends the definition that was sent before. `resubmit` renders the submission with the template of today: the journal does not
//! keep submissions, so the command has its text. Of what waits it has the same key only if the request is the same, as a receiver
//! may refuse another one.
//!
//! An Unknown is looked up first: if it is found it was submitted, and only an empty look-up submits it again. One that its
//! receiver recognizes is repeated with the same key. What can be neither takes the word of the operator: `resolve as=failed`, and
//! then `retry`.

use super::super::call::Certainty;
use super::super::{Command, Effect, Transition};
use super::call::SUBMIT;
use super::commands::{AS, CANCEL, FAILED, RESOLVE, RESUBMIT, RETRY, SUBMISSION, SUBMITTED};
use super::end::end;
use super::journal::{Content, Deliverable, End, Journal, Open};
use super::{Delivery, count, submission};
use crate::model::{Key, Reject, Timestamp};

impl Delivery {
    /// A command of an operator.
    pub(super) fn on_command(
        &self,
        key: &Key,
        state: Option<Journal>,
        command: &Command,
        now: Timestamp,
    ) -> Result<Transition<Journal>, Reject> {
        let refused = |detail: &str| Err(command.refusal(("bundle", key), detail));
        let Some(journal) = state else {
            return refused("there is no such delivery: check the id; one that has ended is forgotten after 7 days");
        };
        let as_what = command.arguments.get(AS).map(String::as_str);
        match (command.name.as_str(), as_what) {
            (RETRY, _) => self.on_retry(key, journal, command, now),
            (RESOLVE, Some(SUBMITTED)) => self.on_resolve(key, journal, command, Statement { is_submitted: true, now }),
            (RESOLVE, Some(FAILED)) => self.on_resolve(key, journal, command, Statement { is_submitted: false, now }),
            (RESOLVE, _) => refused("write as=submitted or as=failed"),
            (RESUBMIT, _) => self.on_resubmit(key, journal, command, now),
            (CANCEL, _) => self.on_cancel(key, journal, command, now),
            _ => refused("the delivery processor knows the commands retry, resubmit, resolve and cancel"),
        }
    }

    fn on_retry(
        &self,
        key: &Key,
        journal: Journal,
        command: &Command,
        now: Timestamp,
    ) -> Result<Transition<Journal>, Reject> {
        let next = match journal {
            Journal::Submitting(_) | Journal::LookingUp(_) | Journal::Unsure(_) | Journal::Submitted(_) => {
                return Ok(Transition::to(journal));
            }
            Journal::Waiting(open) => {
                let commands = open.commands.saturating_add(1);
                self.submit_again(key, Open { commands, since: now, ..open }, now)
            }
            Journal::Unknown(end) => match reopened(end, now) {
                Some((open, Content::Made(_))) => match self.protocol.certainty(&open.deliverable) {
                    Certainty::LookUp => self.look_up(key, open, now),
                    Certainty::Idempotent => self.submit(Open { doubtful_since: Some(now), ..open }, now),
                    Certainty::Once => return Err(command.refusal(("bundle", key), NO_LOOK_UP)),
                },
                Some((_, Content::Submission(_))) | None => return Err(command.refusal(("bundle", key), NO_CONTENT)),
            },
            Journal::Failed(end) | Journal::Held(end) => match reopened(end, now) {
                Some((open, Content::Made(_))) => {
                    let series = open.next_series();
                    let deliverable = self.protocol.renew(open.deliverable, series);
                    self.submit(Open { deliverable, ..open }, now)
                }
                Some((open, Content::Submission(text))) => {
                    let submission = submission::parse(key, Some(text.as_bytes()))?;
                    self.prepare_and_submit(key, open, (&submission, &text), now)?
                }
                None => return Err(command.refusal(("bundle", key), NO_CONTENT)),
            },
        };
        Ok(next.with(Effect::Count(count::RETRY_COMMAND)))
    }

    fn on_resubmit(
        &self,
        key: &Key,
        journal: Journal,
        command: &Command,
        now: Timestamp,
    ) -> Result<Transition<Journal>, Reject> {
        let refused = |detail: &str| Err(command.refusal(("bundle", key), detail));
        let open = match journal {
            Journal::Submitting(_) | Journal::LookingUp(_) => return Ok(Transition::to(journal)),
            Journal::Unsure(_) => return refused(IN_DOUBT),
            Journal::Submitted(_) => return refused(WAS_SUBMITTED),
            Journal::Unknown(_) => return refused(STATE_FIRST),
            Journal::Waiting(open) if self.may_be_executed(&open) => return refused(REPEATED),
            Journal::Waiting(open) => Open { commands: open.commands.saturating_add(1), since: now, ..open },
            Journal::Failed(end) | Journal::Held(end) => reopen(end, String::new(), now),
        };
        let Some(text) = command.arguments.get(SUBMISSION) else {
            return refused("write submission=TEXT, the value of the submission record");
        };
        let submission = submission::parse(key, Some(text.as_bytes()))?;
        let next = self.prepare_and_submit(key, open, (&submission, text), now)?;
        Ok(next.with(Effect::Count(count::RETRY_COMMAND)))
    }

    fn on_cancel(
        &self,
        key: &Key,
        journal: Journal,
        command: &Command,
        now: Timestamp,
    ) -> Result<Transition<Journal>, Reject> {
        let refused = |detail: &str| Err(command.refusal(("bundle", key), detail));
        match journal {
            Journal::Submitting(_) | Journal::LookingUp(_) => refused(IN_FLIGHT),
            Journal::Unsure(_) => refused(IN_DOUBT),
            Journal::Submitted(_) => refused(WAS_SUBMITTED),
            Journal::Unknown(_) => refused(STATE_FIRST),
            Journal::Failed(_) => Ok(Transition::to(journal)),
            Journal::Held(end) => {
                let detail = Some(format!("cancelled by {}: {}", command.by, command.why));
                let commands = end.commands.saturating_add(1);
                Ok(self.resolve(key, End { commands, detail, ..end }, false, now))
            }
            Journal::Waiting(open) if self.may_be_executed(&open) => refused(REPEATED),
            Journal::Waiting(open) => {
                let detail = format!("cancelled by {}: {}", command.by, command.why);
                let end = end(open, Some(detail), now);
                let commands = end.commands.saturating_add(1);
                Ok(self.resolve(key, End { commands, ..end }, false, now))
            }
        }
    }

    fn on_resolve(
        &self,
        key: &Key,
        journal: Journal,
        command: &Command,
        statement: Statement,
    ) -> Result<Transition<Journal>, Reject> {
        let Statement { is_submitted, now } = statement;
        let detail = Some(format!("stated by {}: {}", command.by, command.why));
        let stated = |end: End| {
            let commands = end.commands.saturating_add(1);
            self.resolve(key, End { detail: detail.clone(), commands, ..end }, is_submitted, now)
        };
        match journal {
            Journal::Submitting(_) | Journal::LookingUp(_) => Err(command.refusal(("bundle", key), IN_FLIGHT)),
            Journal::Unsure(_) if !is_submitted => Err(command.refusal(("bundle", key), IN_DOUBT)),
            Journal::Unsure(open) => {
                let mut next = stated(end(open, None, now));
                next.effects.insert(0, Effect::Settle(SUBMIT));
                Ok(next)
            }
            Journal::Waiting(open) if !is_submitted && self.may_be_executed(&open) => {
                Err(command.refusal(("bundle", key), REPEATED))
            }
            Journal::Waiting(open) => Ok(stated(end(open, None, now))),
            Journal::Submitted(_) if !is_submitted => Err(command.refusal(("bundle", key), WAS_SUBMITTED)),
            Journal::Failed(_) if !is_submitted => Ok(Transition::to(journal)),
            Journal::Submitted(_) => Ok(Transition::to(journal)),
            Journal::Failed(end) | Journal::Unknown(end) | Journal::Held(end) => Ok(stated(end)),
        }
    }
}

/// The statement of [`RESOLVE`].
#[derive(Clone, Copy)]
struct Statement {
    is_submitted: bool,
    now: Timestamp,
}

const IN_FLIGHT: &str = "a call is in flight: send the command again when it has ended";
const IN_DOUBT: &str = "it may have been executed, and will be looked up: wait for the outcome";
const WAS_SUBMITTED: &str = "it was submitted: delete its folder at the target instead";
const STATE_FIRST: &str = "it may have been executed: state how it ended with `sheaf deliveries resolve`, or look it up with `sheaf deliveries retry`";

const NO_CONTENT: &str =
    "an older version ended it and kept no content: write its submission again under a new bundle id";

const REPEATED: &str = "it may have been executed, and will be repeated: wait for the outcome";

const NO_LOOK_UP: &str = "it may have been executed and cannot be looked up: state how it ended with `sheaf deliveries resolve`; after \
    `--as failed` a retry submits it again";

/// An ended delivery, open again, and its content; `None` if it was not kept. Its attempts and calls go on, its time starts anew.
fn reopened(end: End, now: Timestamp) -> Option<(Open, Content)> {
    let content = end.content.clone()?;
    let text = match &content {
        Content::Made(text) => text.clone(),
        Content::Submission(_) => String::new(),
    };
    Some((reopen(end, text, now), content))
}

/// An ended delivery, open again with this content.
fn reopen(end: End, content: String, now: Timestamp) -> Open {
    Open {
        deliverable: Deliverable { name: end.name, content, revision: end.revision },
        origin: end.origin,
        attempts: end.attempts,
        since: now,
        commands: end.commands.saturating_add(1),
        call: end.call,
        submit: end.call,
        intended_at: now,
        doubtful_since: None,
        lookup_failures: 0,
        last_answer: None,
    }
}
