//! `sheaf topology describe`: the topology as a diagram.

use std::process::ExitCode;

use clap::Subcommand;

use crate::cli::exit::Failure;
use crate::cli::load::{self, TopologyArgs};
use crate::cli::output::print_stdout;
use crate::topology::describe;

/// Describe a topology
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Draw a diagram of the topics that each processor reads and writes
    Describe(TopologyArgs),
}

pub(super) fn main(command: &Command) -> Result<ExitCode, Failure> {
    let Command::Describe(args) = command;
    for (index, spec) in load::selected(args)?.iter().enumerate() {
        let diagram = describe(&spec.file.assemble(&spec.config)?, spec.id());
        print_stdout(&format!("{}{}", if index == 0 { "" } else { "\n" }, diagram.trim_end()));
    }
    Ok(ExitCode::SUCCESS)
}
