//! `sheaf topology describe`: the topology as a diagram.

use std::process::ExitCode;

use clap::Subcommand;

use crate::cli::exit::Failure;
use crate::cli::load::{self, ConfigArgs, Loaded};
use crate::cli::output::print_stdout;
use crate::topology::describe;

/// Describe a topology
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Draw a diagram of the topics that each processor reads and writes
    Describe(ConfigArgs),
}

pub(super) fn main(command: &Command) -> Result<ExitCode, Failure> {
    let Command::Describe(args) = command;
    let Loaded { config, file } = load::load(args)?;
    print_stdout(describe(&file.assemble(&config)?, &config.application_id).trim_end());
    Ok(ExitCode::SUCCESS)
}
