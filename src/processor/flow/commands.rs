//! The commands of a flow.

use crate::processor::{ArgumentKind, ArgumentSpec, CommandSpec};

/// Begins a flow.
pub const START: &str = "start";
/// Has a step begin again.
pub const RERUN: &str = "rerun";
/// Answers a step.
pub const COMPLETE: &str = "complete";
/// Says that a step has failed.
pub const FAIL: &str = "fail";
/// Skips a step.
pub const SKIP: &str = "skip";
/// Takes a person's task.
pub const CLAIM: &str = "claim";
/// Gives a person's task to another.
pub const REASSIGN: &str = "reassign";
/// Ends the flow.
pub const CANCEL: &str = "cancel";

/// The argument of [`START`]: the name of the flow.
pub const FLOW: &str = "flow";
/// The argument of [`START`]: the data.
pub const DATA: &str = "data";
/// The argument with the step.
pub const STEP: &str = "step";
/// The argument of [`RERUN`]: whether what comes after the step begins again too.
pub const DOWNSTREAM: &str = "downstream";
/// The argument of [`COMPLETE`]: the result.
pub const RESULT: &str = "result";
/// The argument of [`FAIL`]: why.
pub const REASON: &str = "reason";
/// The argument of [`REASSIGN`]: the person.
pub const TO: &str = "to";

const STEP_ARGUMENT: ArgumentSpec = ArgumentSpec {
    name: STEP,
    help: "the step, or `STAGE/STEP` where several have its name",
    kind: ArgumentKind::Text,
    is_required: true,
};

/// The commands of a flow.
pub const COMMANDS: &[CommandSpec] = &[
    CommandSpec {
        name: START,
        help: "begins a flow with this key, as the message of its `start` does",
        arguments: &[
            ArgumentSpec {
                name: FLOW,
                help: "the name of the flow, of a template its component; needed if there are several",
                kind: ArgumentKind::Text,
                is_required: false,
            },
            ArgumentSpec {
                name: DATA,
                help: "the data, a JSON object; by default an empty one",
                kind: ArgumentKind::Text,
                is_required: false,
            },
        ],
        statuses: &[],
        is_dangerous: false,
    },
    CommandSpec {
        name: RERUN,
        help: "has a step or a stage begin again, also after the end of the flow",
        arguments: &[
            STEP_ARGUMENT,
            ArgumentSpec {
                name: DOWNSTREAM,
                help: "`yes`: all that comes after it begins again too; `no`, the default: only it",
                kind: ArgumentKind::OneOf(&["yes", "no"]),
                is_required: false,
            },
        ],
        statuses: &["open", "closed"],
        is_dangerous: true,
    },
    CommandSpec {
        name: COMPLETE,
        help: "answers a step that waits or is held: it is done",
        arguments: &[
            STEP_ARGUMENT,
            ArgumentSpec {
                name: RESULT,
                help: "its result, a JSON object; by default an empty one",
                kind: ArgumentKind::Text,
                is_required: false,
            },
        ],
        statuses: &["open"],
        is_dangerous: false,
    },
    CommandSpec {
        name: FAIL,
        help: "says that a step cannot be done: as if its worker had refused it",
        arguments: &[
            STEP_ARGUMENT,
            ArgumentSpec { name: REASON, help: "why, for people", kind: ArgumentKind::Text, is_required: false },
        ],
        statuses: &["open"],
        is_dangerous: true,
    },
    CommandSpec {
        name: SKIP,
        help: "goes on without a step or a stage",
        arguments: &[STEP_ARGUMENT],
        statuses: &["open"],
        is_dangerous: true,
    },
    CommandSpec {
        name: CLAIM,
        help: "takes a person's task: others see who does it",
        arguments: &[STEP_ARGUMENT],
        statuses: &["open"],
        is_dangerous: false,
    },
    CommandSpec {
        name: REASSIGN,
        help: "gives a person's task to another",
        arguments: &[
            STEP_ARGUMENT,
            ArgumentSpec { name: TO, help: "the person", kind: ArgumentKind::Text, is_required: true },
        ],
        statuses: &["open"],
        is_dangerous: false,
    },
    CommandSpec {
        name: CANCEL,
        help: "ends the flow as it is; nothing is undone",
        arguments: &[],
        statuses: &["open"],
        is_dangerous: true,
    },
];
