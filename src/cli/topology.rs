//! `sheaf topology describe`: the wiring as a picture.

use std::process::ExitCode;

use clap::Subcommand;

use super::exit::Failure;
use super::load::{self, ConfigArgs};
use super::output::say;
use super::wire;
use crate::topology::describe;

/// What can be done with a topology.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Draw what each processor reads and writes
    Describe(ConfigArgs),
}

pub(super) fn main(command: &Command) -> Result<ExitCode, Failure> {
    let Command::Describe(args) = command;
    let loaded = load::everything(args)?;
    let topology = wire::topology(&loaded)?;
    say(describe(&topology, &loaded.config.application_id).trim_end());
    Ok(ExitCode::SUCCESS)
}
