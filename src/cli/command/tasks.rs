//! `sheaf tasks`: the tasks of the living instances.

use std::process::ExitCode;

use crate::cli::exit::Failure;
use crate::cli::output::Column;
use crate::cli::remote::ListArgs;

/// List the tasks of the living instances: a processor and a partition of its inbox each
#[derive(Debug, clap::Args)]
#[command(after_help = "\
A task is `running`, or `restoring` while its state is read from its changelog: its entries wait until then. A standby keeps a copy of the
state of a task of another instance. State and entries are those of the instance that is asked.

  sheaf tasks
  sheaf tasks --application ctm -o csv")]
pub(super) struct Args {
    #[command(flatten)]
    list: ListArgs,
}

const COLUMNS: [Column; 9] = [
    ("application", "/application"),
    ("task", "/name"),
    ("instance", "/instance"),
    ("role", "/role"),
    ("state", "/state"),
    ("entries", "/entries"),
    ("open", "/open"),
    ("oldest open", "/oldest_open"),
    ("next deadline", "/next_deadline"),
];

pub(super) fn main(args: &Args) -> Result<ExitCode, Failure> {
    args.list.print("tasks", &COLUMNS)
}
