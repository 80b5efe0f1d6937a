//! `sheaf traces`: lists traces, and shows one as a time line.

use std::process::ExitCode;

use clap::Subcommand;

use super::entries::{List, Show, TRACES};
use crate::cli::exit::Failure;

/// List traces, and show the records of one
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// List traces, that with the oldest last record first
    List(ListTraces),
    /// Show the records with a trace id in the order of time
    Show(ShowTrace),
}

/// Options of `sheaf traces list`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Any instance answers. A topology file with `trace: ..` keeps traces.

  sheaf traces list --from 2026-11-29T17:00:00Z
  sheaf traces list --text 7d1e --watch")]
pub(super) struct ListTraces {
    #[command(flatten)]
    list: List,
}

/// Options of `sheaf traces show`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
  sheaf traces show 018f3c1e-7d1e-7aaa-bbbb-0123456789ab
  sheaf traces show 018f3c1e-7d1e-7aaa-bbbb-0123456789ab -o json | jq '.content.records[].value.text'")]
pub(super) struct ShowTrace {
    #[command(flatten)]
    show: Show,
}

pub(super) fn main(command: &Command) -> Result<ExitCode, Failure> {
    match command {
        Command::List(ListTraces { list }) => list.run(&TRACES, &[]),
        Command::Show(ShowTrace { show }) => show.run(&TRACES),
    }
}
