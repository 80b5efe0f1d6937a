//! The transitions by an operator's command: send it again, or state how it ended.
//!
//! A command sets a state, so a repetition changes nothing.
//!
//! | state | `retry` | `resolve as=submitted` | `resolve as=failed` |
//! |---|---|---|---|
//! | none | rejected | rejected | rejected |
//! | Waiting | Submitting | Submitted | Failed; rejected if a submit that is repeated may have been executed |
//! | Submitting, `LookingUp` | nothing: a call is in flight | rejected, until it has ended | rejected, until it has ended |
//! | Unsure | nothing: it will be looked up | Submitted | rejected: it may have been executed |
//! | Submitted | nothing | nothing | rejected |
//! | Failed | Submitting, with another key | Submitted | nothing |
//! | Unknown | by its certainty, as if its submit were in doubt since now | Submitted | Failed |
//!
//! An Unknown is looked up first: if it is found it was submitted, and only an empty look-up submits it again. One that its
//! receiver recognizes is repeated with the same key. What can be neither takes the word of the operator: `resolve as=failed`, and
//! then `retry`.

use super::super::call::Certainty;
use super::super::{ArgumentKind, ArgumentSpec, Command, CommandSpec, Effect, Transition};
use super::call::SUBMIT;
use super::end::end;
use super::journal::{Content, Deliverable, End, Journal, Open};
use super::{Delivery, count, submission};
use crate::model::{Key, Reject, RejectReason, Timestamp};

/// The command that submits at once what waits or has failed, and looks up what is unknown.
pub const RETRY: &str = "retry";
/// The command that states how a delivery ended, in the argument [`AS`].
pub const RESOLVE: &str = "resolve";
/// The argument of [`RESOLVE`]: [`SUBMITTED`] or [`FAILED`].
pub const AS: &str = "as";
/// The target has it.
pub const SUBMITTED: &str = "submitted";
/// The target does not have it.
pub const FAILED: &str = "failed";

/// The commands of a delivery.
pub(super) const COMMANDS: &[CommandSpec] = &[
    CommandSpec {
        name: RETRY,
        help: "submits at once what waits or has failed; looks up first what is unknown",
        arguments: &[],
        statuses: &["waiting", "failed", "unknown"],
        is_dangerous: false,
    },
    CommandSpec {
        name: RESOLVE,
        help: "states how a delivery ended that is unknown, waits or has failed",
        arguments: &[ArgumentSpec {
            name: AS,
            help: "whether the target has it",
            kind: ArgumentKind::OneOf(&[SUBMITTED, FAILED]),
            is_required: true,
        }],
        statuses: &["waiting", "unsure", "failed", "unknown"],
        is_dangerous: true,
    },
];

impl Delivery {
    /// A command of an operator.
    pub(super) fn on_command(
        &self,
        key: &Key,
        state: Option<Journal>,
        command: &Command,
        now: Timestamp,
    ) -> Result<Transition<Journal>, Reject> {
        let refused = |detail: &str| Err(refusal(key, command, detail));
        let Some(journal) = state else {
            return refused("there is no such delivery: check the id; one that has ended is forgotten after 7 days");
        };
        let as_what = command.arguments.get(AS).map(String::as_str);
        match (command.name.as_str(), as_what) {
            (RETRY, _) => self.on_retry(key, journal, command, now),
            (RESOLVE, Some(SUBMITTED)) => self.on_resolve(key, journal, command, Statement { is_submitted: true, now }),
            (RESOLVE, Some(FAILED)) => self.on_resolve(key, journal, command, Statement { is_submitted: false, now }),
            (RESOLVE, _) => refused("write as=submitted or as=failed"),
            _ => refused("the delivery processor knows the commands retry and resolve"),
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
                self.submit(Open { commands, since: now, ..open }, now)
            }
            Journal::Unknown(end) => match reopened(end, now) {
                Some((open, Content::Made(_))) => match self.protocol.certainty(&open.deliverable) {
                    Certainty::LookUp => self.look_up(key, open, now),
                    Certainty::Idempotent => self.submit(Open { doubtful_since: Some(now), ..open }, now),
                    Certainty::Once => return Err(refusal(key, command, NO_LOOK_UP)),
                },
                Some((_, Content::Submission(_))) | None => return Err(refusal(key, command, NO_CONTENT)),
            },
            Journal::Failed(end) => match reopened(end, now) {
                Some((open, Content::Made(_))) => {
                    let deliverable = self.protocol.renew(open.deliverable);
                    self.submit(Open { deliverable, ..open }, now)
                }
                Some((open, Content::Submission(text))) => {
                    let submission = submission::parse(key, Some(text.as_bytes()))?;
                    self.prepare_and_submit(key, open, (&submission, &text), now)?
                }
                None => return Err(refusal(key, command, NO_CONTENT)),
            },
        };
        Ok(next.with(Effect::Count(count::RETRY_COMMAND)))
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
            Journal::Submitting(_) | Journal::LookingUp(_) => {
                Err(refusal(key, command, "a call is in flight: send the command again when it has ended"))
            }
            Journal::Unsure(_) if !is_submitted => {
                Err(refusal(key, command, "it may have been executed, and will be looked up: wait for the outcome"))
            }
            Journal::Unsure(open) => {
                let mut next = stated(end(open, None, now));
                next.effects.insert(0, Effect::Settle(SUBMIT));
                Ok(next)
            }
            Journal::Waiting(open) if !is_submitted && self.may_be_executed(&open) => {
                Err(refusal(key, command, "it may have been executed, and will be repeated: wait for the outcome"))
            }
            Journal::Waiting(open) => Ok(stated(end(open, None, now))),
            Journal::Submitted(_) if !is_submitted => {
                Err(refusal(key, command, "it was submitted: delete its folder at the target instead"))
            }
            Journal::Failed(_) if !is_submitted => Ok(Transition::to(journal)),
            Journal::Submitted(_) => Ok(Transition::to(journal)),
            Journal::Failed(end) | Journal::Unknown(end) => Ok(stated(end)),
        }
    }
}

/// The statement of [`RESOLVE`].
#[derive(Clone, Copy)]
struct Statement {
    is_submitted: bool,
    now: Timestamp,
}

const NO_CONTENT: &str =
    "an older version ended it and kept no content: write its submission again under a new bundle id";

const NO_LOOK_UP: &str = "it may have been executed and cannot be looked up: state how it ended with `sheaf deliveries resolve`; after \
    `--as failed` a retry submits it again";

/// An ended delivery, open again, and its content; `None` if it was not kept. Its attempts and calls go on, its time starts anew.
fn reopened(end: End, now: Timestamp) -> Option<(Open, Content)> {
    let content = end.content?;
    let text = match &content {
        Content::Made(text) => text.clone(),
        Content::Submission(_) => String::new(),
    };
    let open = Open {
        deliverable: Deliverable { name: end.name, content: text, revision: end.revision },
        origin: end.origin,
        attempts: end.attempts,
        since: now,
        commands: end.commands.saturating_add(1),
        call: end.call,
        submit: end.call,
        intended_at: now,
        doubtful_since: None,
        lookup_failures: 0,
    };
    Some((open, content))
}

fn refusal(key: &Key, command: &Command, detail: &str) -> Reject {
    let Command { name, by, .. } = command;
    Reject::new(RejectReason::BadCommand, format!("command {name} of {by} for bundle {key}: {detail}"))
}
