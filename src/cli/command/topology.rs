//! `sheaf topology describe`: the topology as a diagram.

use std::process::ExitCode;

use clap::Subcommand;

use crate::cli::exit::Failure;
use crate::cli::load::{self, ConfigArgs};
use crate::cli::output::print_stdout;
use crate::cli::wire;
use crate::topology::describe;

/// Describe a topology
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Draw a diagram of the topics that each processor reads and writes
    Describe(ConfigArgs),
}

pub(super) fn main(command: &Command) -> Result<ExitCode, Failure> {
    let Command::Describe(args) = command;
    let loaded = load::everything(args)?;
    let topology = wire::topology(&loaded)?;
    print_stdout(describe(&topology, &loaded.config.application_id).trim_end());
    Ok(ExitCode::SUCCESS)
}
