//! The commands of a dead letter.

use crate::processor::{ArgumentKind, ArgumentSpec, CommandSpec};

/// The command that sends the record of a letter again.
pub const REDRIVE: &str = "redrive";
/// The command that sends it again with another value, in the argument [`VALUE`].
pub const EDIT: &str = "edit";
/// The command that says that nothing is to be done.
pub const DISCARD: &str = "discard";
/// The argument of [`EDIT`]: the value.
pub const VALUE: &str = "value";
/// The argument of [`EDIT`]: the key, if it is to be another one.
pub const KEY: &str = "key";

/// The commands of a dead letter.
pub const COMMANDS: &[CommandSpec] = &[
    CommandSpec {
        name: REDRIVE,
        help: "sends the record again, as it was, to the processor that it was for",
        arguments: &[],
        statuses: &["open"],
        is_dangerous: false,
    },
    CommandSpec {
        name: EDIT,
        help: "sends the record again with another value",
        arguments: &[
            ArgumentSpec { name: VALUE, help: "the value of the record", kind: ArgumentKind::Text, is_required: true },
            ArgumentSpec {
                name: KEY,
                help: "the key of the record; by default that which it has",
                kind: ArgumentKind::Text,
                is_required: false,
            },
        ],
        statuses: &["open"],
        is_dangerous: true,
    },
    CommandSpec {
        name: DISCARD,
        help: "says that nothing is to be done about it; its bytes are deleted here, and stay in their topics",
        arguments: &[],
        statuses: &["open"],
        is_dangerous: true,
    },
];
