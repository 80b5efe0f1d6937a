//! What the command line knows of the entries of a processor.

use crate::cli::output::Column;
use crate::processor::dead_letter::DEAD_LETTER;
use crate::processor::flow::FLOW;
use crate::processor::schedule::SCHEDULE;
#[cfg(feature = "script")]
use crate::processor::script::SCRIPT;
use crate::processor::trace::TRACE;
use crate::topology::{BUNDLE, DELIVERY, TRACKING};

/// The entries of a processor.
#[derive(Debug)]
pub(in crate::cli::command) struct Kind {
    /// The processor.
    pub processor: &'static str,
    /// What its entries are, in the plural: `bundles`.
    pub entries: &'static str,
    /// The columns of a list.
    pub columns: &'static [Column],
    /// The conditions of `--filter` that the instance does not know.
    pub conditions: &'static [ConditionSpec],
}

/// A condition of `--filter` on what a processor shows of an entry.
#[derive(Debug)]
pub(in crate::cli::command) struct ConditionSpec {
    /// Its name: `reason`.
    pub name: &'static str,
    /// JSON pointers into the entry; one of the values has to fulfil it.
    pub pointers: &'static [&'static str],
    /// True if the value is a part of the text, false if it is all of it.
    pub is_part: bool,
}

/// Bundles.
pub(in crate::cli::command) const BUNDLES: Kind = Kind {
    processor: BUNDLE,
    entries: "bundles",
    columns: &[
        ("bundle", "/key"),
        ("status", "/status"),
        ("due", "/at"),
        ("missing", "/entry/missing"),
        ("instance", "/instance"),
    ],
    conditions: &[],
};

/// Deliveries.
pub(in crate::cli::command) const DELIVERIES: Kind = Kind {
    processor: DELIVERY,
    entries: "deliveries",
    columns: &[
        ("bundle", "/key"),
        ("status", "/status"),
        ("since", "/at"),
        ("attempts", "/entry/attempts"),
        ("id", "/entry/id"),
        ("reason", "/entry/reason"),
    ],
    conditions: &[ConditionSpec { name: "reason", pointers: &["/entry/reason"], is_part: true }],
};

/// Runs of submitted bundles.
pub(in crate::cli::command) const RUNS: Kind = Kind {
    processor: TRACKING,
    entries: "runs",
    columns: &[("bundle", "/key"), ("status", "/status"), ("since", "/at")],
    conditions: &[],
};

/// Flows.
pub(in crate::cli::command) const FLOWS: Kind = Kind {
    processor: FLOW,
    entries: "flows",
    columns: &[
        ("flow", "/entry/flow"),
        ("key", "/key"),
        ("status", "/entry/status"),
        ("started", "/at"),
        ("waits for", "/entry/at_steps"),
        ("reason", "/entry/waits_for/0/reason"),
    ],
    conditions: FLOW_CONDITIONS,
};

/// The tasks of flows that wait for a person.
pub(in crate::cli::command) const TASKS: Kind = Kind {
    processor: FLOW,
    entries: "tasks",
    columns: &[
        ("flow", "/entry/flow"),
        ("key", "/key"),
        ("task", "/entry/at_steps"),
        ("role", "/entry/waits_for/0/role"),
        ("person", "/entry/waits_for/0/person"),
        ("since", "/entry/waits_for/0/since"),
    ],
    conditions: FLOW_CONDITIONS,
};

/// The conditions on flows; a flow that waits for several steps is found by the first four.
const FLOW_CONDITIONS: &[ConditionSpec] = &[
    ConditionSpec { name: "flow", pointers: &["/entry/flow"], is_part: false },
    ConditionSpec {
        name: "step",
        pointers: &[
            "/entry/waits_for/0/step",
            "/entry/waits_for/1/step",
            "/entry/waits_for/2/step",
            "/entry/waits_for/3/step",
        ],
        is_part: true,
    },
    ConditionSpec {
        name: "role",
        pointers: &[
            "/entry/waits_for/0/role",
            "/entry/waits_for/1/role",
            "/entry/waits_for/2/role",
            "/entry/waits_for/3/role",
        ],
        is_part: false,
    },
    ConditionSpec {
        name: "person",
        pointers: &[
            "/entry/waits_for/0/person",
            "/entry/waits_for/1/person",
            "/entry/waits_for/2/person",
            "/entry/waits_for/3/person",
        ],
        is_part: false,
    },
];

/// Records that wait until they are due.
pub(in crate::cli::command) const SCHEDULES: Kind = Kind {
    processor: SCHEDULE,
    entries: "schedules",
    columns: &[
        ("schedule", "/key"),
        ("due", "/entry/due"),
        ("requested", "/entry/requested_at"),
        ("record", "/entry/record/key"),
        ("instance", "/instance"),
    ],
    conditions: &[],
};

/// Threads of scripts.
#[cfg(feature = "script")]
pub(in crate::cli::command) const SCRIPTS: Kind = Kind {
    processor: SCRIPT,
    entries: "threads",
    columns: &[
        ("thread", "/key"),
        ("begun", "/at"),
        ("steps", "/entry/steps"),
        ("waits for", "/entry/waits_for"),
        ("script", "/entry/script"),
        ("instance", "/instance"),
    ],
    conditions: &[
        ConditionSpec {
            name: "waits",
            pointers: &[
                "/entry/waits_for/0",
                "/entry/waits_for/1",
                "/entry/waits_for/2",
                "/entry/waits_for/3",
                "/entry/waits_for/4",
                "/entry/waits_for/5",
                "/entry/waits_for/6",
                "/entry/waits_for/7",
            ],
            is_part: false,
        },
        ConditionSpec { name: "version", pointers: &["/entry/version"], is_part: false },
        ConditionSpec { name: "code", pointers: &["/entry/code"], is_part: true },
    ],
};

/// Traces.
pub(in crate::cli::command) const TRACES: Kind = Kind {
    processor: TRACE,
    entries: "traces",
    columns: &[
        ("trace", "/key"),
        ("first", "/entry/first_at"),
        ("last", "/entry/last_at"),
        ("first record", "/entry/records/0/name"),
        ("not kept", "/entry/beyond_limit"),
    ],
    conditions: &[],
};

/// Dead letters.
pub(in crate::cli::command) const DEAD_LETTERS: Kind = Kind {
    processor: DEAD_LETTER,
    entries: "dead letters",
    columns: &[
        ("letter", "/key"),
        ("status", "/status"),
        ("rejected", "/at"),
        ("rounds", "/entry/rounds"),
        ("reason", "/entry/reason"),
        ("message", "/entry/message"),
    ],
    conditions: &[
        ConditionSpec { name: "reason", pointers: &["/entry/reason"], is_part: false },
        ConditionSpec { name: "topic", pointers: &["/entry/source/topic"], is_part: false },
        ConditionSpec { name: "processor", pointers: &["/entry/processor"], is_part: false },
        ConditionSpec { name: "text", pointers: &["/key", "/entry/message"], is_part: true },
    ],
};
