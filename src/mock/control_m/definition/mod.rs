//! Reads a job definition: its folders, sub-folders and jobs, with defaults applied and flows expanded.
//!
//! | file | what it is |
//! |---|---|
//! | `validation` | the rules that a definition has to keep |
//! | `defaults` | the block `Defaults`, under what an object says itself |
//! | `node` | a folder, sub-folder or job |
//! | `read` | the nodes of a folder |
//! | `job` | a job's own properties |
//! | `event` | lists of events, and the expression that a job waits for |
//! | `flow` | flows, as the events that Control-M makes of them |
//! | `action` | the actions of `If` objects |
//! | `field` | fields of JSON objects |
//! | `work` | how long a job executes and how it ends, by its command |
//! | `sla` | services with a deadline |

mod action;
mod defaults;
mod event;
mod field;
mod flow;
mod job;
mod node;
mod read;
mod sla;
mod validation;
mod work;

pub(super) use action::{Action, MAIL, NOTIFY, REGULAR};
pub(super) use event::{DateRef, EventRef};
pub(super) use node::{Folder, Keep, Kind, Node, Use};
pub(super) use sla::{Deadline, Service};
pub(super) use work::Work;

use serde_json::{Map, Value};

use super::answer::Problem;

/// A definition that has been read.
#[derive(Debug)]
pub(super) struct Definition {
    /// Its folders.
    pub(super) folders: Vec<Folder>,
}

/// Reads a definition; all problems are found at once. `servers` are the known names; empty means any.
pub(super) fn read(text: &[u8], servers: &[String]) -> Result<Definition, Vec<Problem>> {
    let unreadable = |error: &dyn std::fmt::Display| vec![Problem::new(format!("Failed to parse JSON: {error}"))];
    let text = std::str::from_utf8(text).map_err(|error| unreadable(&error))?;
    let object: Map<String, Value> = serde_json::from_str(text).map_err(|error| unreadable(&error))?;
    let mut problems = validation::check(text, &object, servers);
    let mut folders = Vec::new();
    for (name, body) in validation::folders(&object) {
        match read::folder(name, body, &object) {
            Ok(folder) => folders.push(folder),
            // A broken rule says it better than what follows from it.
            Err(found) if problems.is_empty() => problems.extend(found),
            Err(_) => {}
        }
    }
    if problems.is_empty() { Ok(Definition { folders }) } else { Err(problems) }
}
