//! Lists and shows entries of a running instance: `sheaf bundles list|show|watch`, `sheaf deliveries list|show`, `sheaf dlq list|show`,
//! `sheaf traces list|show`.
//!
//! | file | content |
//! |---|---|
//! | `kind` | what is known of the entries of each processor |
//! | `selection` | which entries a list or a command is about |
//! | `list`, `show` | the commands |
//! | `remote` | the instance to ask |
//! | `story` | the story of an entry on one screen |
//! | `letter`, `flow`, `schedule`, `thread`, `trace` | that of a dead letter, a flow, a scheduled record, a thread of a script, a trace |
//! | `words` | times, durations and texts |

mod flow;
mod kind;
mod letter;
mod list;
mod remote;
mod schedule;
mod selection;
mod show;
mod story;
#[cfg(feature = "script")]
mod thread;
mod trace;
mod words;

#[cfg(feature = "script")]
pub(super) use kind::SCRIPTS;
pub(super) use kind::{BUNDLES, DEAD_LETTERS, DELIVERIES, FLOWS, Kind, RUNS, SCHEDULES, TASKS, TRACES};
pub(super) use list::List;
pub(super) use selection::{Found, Selection};
pub(super) use show::Show;
pub(super) use trace::timeline;
