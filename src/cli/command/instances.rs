//! `sheaf instances`: the living instances of the applications of a process.

use std::process::ExitCode;

use crate::cli::exit::Failure;
use crate::cli::output::Column;
use crate::cli::remote::ListArgs;

/// List the living instances, as one of them knows them
#[derive(Debug, clap::Args)]
#[command(after_help = "\
The state is that of the instance that is asked; ask each of the others for its own. `-o json` has its threads, and the details of
/healthz: what it waits for, calls in flight, suspended sinks.

  sheaf instances
  sheaf instances --url https://sheaf-0:8443 --token-file ~/.sheaf-token --ca ca.pem
  sheaf instances -o json | jq '.[] | select(.asked) | .details'")]
pub(super) struct Args {
    #[command(flatten)]
    list: ListArgs,
}

const COLUMNS: [Column; 8] = [
    ("application", "/application"),
    ("instance", "/id"),
    ("address", "/address"),
    ("state", "/state"),
    ("alive", "/alive"),
    ("ready", "/ready"),
    ("tasks", "/tasks"),
    ("standbys", "/standby_tasks"),
];

pub(super) fn main(args: &Args) -> Result<ExitCode, Failure> {
    args.list.print("instances", &COLUMNS)
}
