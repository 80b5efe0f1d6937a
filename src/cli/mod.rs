//! The command line: wires everything; the only place that prints and exits.
//!
//! | file | command |
//! |---|---|
//! | `run` | `sheaf run`: an instance against a real Kafka |
//! | `demo` | `sheaf demo`: a day in a minute, with nothing installed |
//! | `simulate` | `sheaf simulate`: everything that can go wrong, from seeds |
//! | `produce` | `sheaf produce`: sample events |
//! | `validate` | `sheaf validate`: configuration, topology and template, without a broker |
//! | `state` | `sheaf state`: stores and their changelogs |
//! | `topology` | `sheaf topology describe`: the wiring as a picture |
//! | `mock` | `sheaf mock control-m`: the Control-M simulator |
//! | `load`, `wire` | from files to values; from values to a runtime |
//! | `fault` | a process that ends itself at a named point |
//! | `exit` | what the exit codes mean |
//! | `log` | how log lines look |
//! | `output` | lines on standard output and standard error |

mod demo;
mod exit;
mod fault;
mod load;
mod log;
mod mock;
mod output;
mod produce;
mod run;
mod simulate;
mod state;
mod topology;
mod validate;
mod wire;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use exit::Failure;

/// Gathers related Kafka events into bundles and hands each completed bundle on exactly once.
#[derive(Debug, Parser)]
#[command(name = "sheaf", version, arg_required_else_help = true, after_help = AFTER_HELP)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

const AFTER_HELP: &str = "\
First steps:
  sheaf demo                          watch a day of events in a minute; needs nothing
  sheaf validate -c sheaf.yaml        check the configuration, the topology and the template
  sheaf run -c sheaf.yaml             run an instance; start more of them to scale out
  sheaf produce -n 20                 write sample events

Exit codes: 0 ok, 1 failed, 2 wrong usage, 69 something outside cannot be reached, 78 the configuration is wrong, \
130 ended by a second signal.";

#[derive(Debug, Subcommand)]
enum Command {
    /// Run a day of events in a minute: in memory, with two instances, a crash and a simulated Control-M
    Demo(demo::Args),
    /// Run an instance: join the group, gather bundles, submit them
    Run(run::Args),
    /// Write sample parent and child events to Kafka
    Produce(produce::Args),
    /// Check the configuration, the topology and the template, and say everything that is wrong
    Validate(validate::Args),
    /// Prove the guarantee: runs in which everything goes wrong, from seeds, against an oracle
    Simulate(simulate::Args),
    /// Look at a state directory, and write lost changelogs anew from it
    #[command(subcommand)]
    State(state::Command),
    /// Look at a topology
    #[command(subcommand)]
    Topology(topology::Command),
    /// Pretend to be a system that sheaf talks to
    #[command(subcommand)]
    Mock(mock::Command),
}

/// Runs the command that the process was started with.
pub fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Demo(args) => demo::main(&args),
        Command::Run(args) => run::main(&args),
        Command::Produce(args) => produce::main(&args),
        Command::Validate(args) => validate::main(&args),
        Command::Simulate(args) => Ok(simulate::main(&args)),
        Command::State(command) => state::main(&command),
        Command::Topology(command) => topology::main(&command),
        Command::Mock(command) => mock::main(&command),
    };
    result.unwrap_or_else(Failure::report)
}
