//! The transitions by an operator's command.

use super::state::Scheduled;
use super::{count, due};
use crate::model::{Key, Reject, Timestamp};
use crate::processor::{Command, CommandSpec, Effect, Transition};

/// Writes a record before it is due.
pub const FIRE: &str = "fire";
/// Deletes a record that is not written yet.
pub const CANCEL: &str = "cancel";

/// The commands.
pub const COMMANDS: &[CommandSpec] = &[
    CommandSpec {
        name: FIRE,
        help: "writes the record now, with the current time",
        arguments: &[],
        statuses: &["open"],
        is_dangerous: true,
    },
    CommandSpec {
        name: CANCEL,
        help: "says that the record is not to be written",
        arguments: &[],
        statuses: &["open"],
        is_dangerous: true,
    },
];

pub(super) fn on_command(
    key: &Key,
    state: Option<&Scheduled>,
    command: &Command,
    now: Timestamp,
) -> Result<Transition<Scheduled>, Reject> {
    let refused = |why: &str| Err(command.refusal(("schedule", key), why));
    match (command.name.as_str(), state) {
        (FIRE | CANCEL, None) => {
            refused("nothing waits under this key: it is written, or cancelled, or was never asked for")
        }
        (FIRE, Some(_)) => Ok(due::write(key, now)),
        (CANCEL, Some(_)) => Ok(Transition::forget().with(Effect::Count(count::CANCELLED))),
        _ => refused("a schedule knows the commands fire and cancel"),
    }
}
