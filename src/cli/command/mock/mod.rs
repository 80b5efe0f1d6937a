//! `sheaf mock`: other systems as processes.

mod argument;
mod control_m;
mod retail;

use std::process::ExitCode;

use clap::Subcommand;

use crate::cli::exit::Failure;

/// Simulate a system that sheaf calls, or the services around an example
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Control-M's Automation API: accepts job definitions and lives through their days, but runs no command
    ControlM(control_m::ControlM),
    /// The services around examples/retail: a shop, an inventory, a shipping service, credits, customers, a card service
    Retail(retail::Retail),
}

pub(super) fn main(command: &Command) -> Result<ExitCode, Failure> {
    match command {
        Command::ControlM(args) => control_m::main(args),
        Command::Retail(args) => retail::main(args),
    }
}
