//! The commands of a delivery. [`command`](super::command) has what each does.

use super::super::{ArgumentKind, ArgumentSpec, CommandSpec};

/// The command that submits at once what waits or has failed, and looks up what is unknown.
pub const RETRY: &str = "retry";
/// The command that states how a delivery ended, in the argument [`AS`].
pub const RESOLVE: &str = "resolve";
/// The command that renders what waits or has failed anew and submits it, with the submission in the argument [`SUBMISSION`].
pub const RESUBMIT: &str = "resubmit";
/// The argument of [`RESUBMIT`]: the value of the submission record.
pub const SUBMISSION: &str = "submission";
/// The command that gives up what waits.
pub const CANCEL: &str = "cancel";
/// The argument of [`RESOLVE`]: [`SUBMITTED`] or [`FAILED`].
pub const AS: &str = "as";
/// The target has it.
pub const SUBMITTED: &str = "submitted";
/// The target does not have it.
pub const FAILED: &str = "failed";

/// The commands of a delivery.
pub const COMMANDS: &[CommandSpec] = &[
    CommandSpec {
        name: RETRY,
        help: "submits at once what waits, has failed or is held; looks up first what is unknown",
        arguments: &[],
        statuses: &["waiting", "failed", "unknown", "held"],
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
        statuses: &["waiting", "unsure", "failed", "unknown", "held"],
        is_dangerous: true,
    },
    CommandSpec {
        name: RESUBMIT,
        help: "renders what waits or has failed anew, with the template of today, and submits it at once",
        arguments: &[ArgumentSpec {
            name: SUBMISSION,
            help: "the value of the submission record, which is where `source` of the delivery says; `sheaf deliveries resubmit` reads it there",
            kind: ArgumentKind::Text,
            is_required: true,
        }],
        statuses: &["waiting", "failed", "held"],
        is_dangerous: false,
    },
    CommandSpec {
        name: CANCEL,
        help: "gives up what waits or is held: it fails without another attempt",
        arguments: &[],
        statuses: &["waiting", "held"],
        is_dangerous: false,
    },
];
