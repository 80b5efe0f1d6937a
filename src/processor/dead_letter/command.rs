//! The transitions by an operator's command.

use bytes::Bytes;

use super::commands::{DISCARD, EDIT, KEY, REDRIVE, VALUE};
use super::keep::{ANSWERED_KEPT_FOR, ROUNDS_MAX, forget_at};
use super::letter::{Content, Disposition, Letter};
use super::{redrive, stored};
use crate::model::{Key, Reject, Timestamp};
use crate::processor::{Command, Effect, Transition};

const NONE: &str = "there is no such dead letter: `sheaf dlq list` has them; one is forgotten after 30 days, or 7 days after it was answered";
const UNDER_WAY: &str = "its record was sent again: if it is rejected once more, the letter is open again";
const IS_DISCARDED: &str = "it is discarded; its record is in its topic";
const IN_THE_LETTER: &str = "its record is not in the letter as a whole, because it was too large";

/// A command of an operator.
pub(super) fn on_command(
    key: &Key,
    state: Option<Letter>,
    command: &Command,
    now: Timestamp,
) -> Result<Transition<Letter>, Reject> {
    let refused = |why: &str| Err(command.refusal(("dead letter", key), why));
    let Some(letter) = state else { return refused(NONE) };
    match (command.name.as_str(), letter.disposition) {
        (REDRIVE, Disposition::Redriven | Disposition::Edited) | (DISCARD, Disposition::Discarded) => {
            Ok(Transition::to(letter))
        }
        (REDRIVE | EDIT, Disposition::Open) if letter.origin.is_act() => refused(&answer_at_entry(key)),
        (REDRIVE, Disposition::Open) => on_redrive(key, letter, command, now),
        (EDIT, Disposition::Open) => on_edit(key, letter, command, now),
        (DISCARD, Disposition::Open) => {
            let mut next = Transition::to(Letter {
                disposition: Disposition::Discarded,
                content: None,
                in_parts: false,
                ..letter.clone()
            });
            if letter.in_parts {
                next = next.with(Effect::DropParts);
            }
            Ok(next.with(forget_at(now.saturating_add(ANSWERED_KEPT_FOR))))
        }
        (EDIT | DISCARD, Disposition::Redriven | Disposition::Edited) => refused(UNDER_WAY),
        (REDRIVE | EDIT, Disposition::Discarded) => refused(IS_DISCARDED),
        _ => refused("a dead letter knows the commands redrive, edit value=TEXT, and discard"),
    }
}

fn on_redrive(key: &Key, letter: Letter, command: &Command, now: Timestamp) -> Result<Transition<Letter>, Reject> {
    if letter.rounds > ROUNDS_MAX {
        let why =
            format!("it has come back {ROUNDS_MAX} times: edit it, or mend what rejects it and write it to its topic");
        return Err(command.refusal(("dead letter", key), &why));
    }
    let lacking = letter.lacking;
    let Some(content) = letter.content.clone().filter(|_| !(lacking.key || lacking.headers || lacking.value)) else {
        let why = format!("{IN_THE_LETTER}: write it to its topic again");
        return Err(command.refusal(("dead letter", key), &why));
    };
    let effects = vec![Effect::Forward(redrive::forward(&letter.origin, &content))];
    Ok(answered(letter, Disposition::Redriven, effects, now))
}

fn on_edit(key: &Key, letter: Letter, command: &Command, now: Timestamp) -> Result<Transition<Letter>, Reject> {
    let Some(value) = command.arguments.get(VALUE) else {
        return Err(command.refusal(("dead letter", key), "write value=TEXT, the value of the record"));
    };
    let (other_key, lacking) = (command.arguments.get(KEY), letter.lacking);
    let Some(content) = letter.content.clone().filter(|_| !lacking.headers && (!lacking.key || other_key.is_some()))
    else {
        let why = format!("{IN_THE_LETTER}: give its key too; without its headers write it to its topic again");
        return Err(command.refusal(("dead letter", key), &why));
    };
    let record_key = other_key.map(|text| Bytes::from(text.clone())).or(content.key);
    let content = Content { key: record_key, value: Some(Bytes::from(value.clone())), ..content };
    let mut effects = vec![Effect::Forward(redrive::forward(&letter.origin, &content))];
    if letter.in_parts {
        effects.push(Effect::DropParts);
    }
    let in_parts = content.is_large();
    let letter = Letter { in_parts, content: Some(content), ..letter };
    effects.extend(stored::part(&letter)?.map(Effect::AddPart));
    Ok(answered(letter, Disposition::Edited, effects, now))
}

fn answered(letter: Letter, disposition: Disposition, mut effects: Vec<Effect>, now: Timestamp) -> Transition<Letter> {
    effects.push(forget_at(now.saturating_add(ANSWERED_KEPT_FOR)));
    Transition { state: Some(Letter { disposition, ..letter }), effects }
}

/// Why the letter of an act is not sent again, and what is done instead.
fn answer_at_entry(key: &Key) -> String {
    let key = key.text();
    let (processor, entry) = key.split_once('/').unwrap_or(("", &key));
    let remedy = match processor {
        "delivery" => format!(
            "run `sheaf deliveries retry {entry}`, or `sheaf deliveries resubmit {entry}` with a mended template"
        ),
        "tracking" => format!("run `sheaf deliveries rerun {entry}`"),
        _ => format!("send a command to the entry {entry} of {processor}"),
    };
    format!("it tells of a call and not of a record: {remedy}, then discard the letter")
}
