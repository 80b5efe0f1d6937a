//! The commands of the binary, one file or folder each.
//!
//! | file | command |
//! |---|---|
//! | `run` | `sheaf run`: an instance on a Kafka cluster |
//! | `control_m` | `sheaf control-m`: the same by the command line of the original consumer |
//! | `demo` | `sheaf demo`: a day of events in a minute, in memory |
//! | `simulate` | `sheaf simulate`: simulated runs with faults, from seeds |
//! | `produce` | `sheaf produce`: sample events |
//! | `test` | `sheaf test`: scenarios of topologies on the virtual clock |
//! | `validate` | `sheaf validate`: configuration, topology and template, without a broker |
//! | `replay` | `sheaf replay`: sources processed again |
//! | `render` | `sheaf render`: the definition of one bundle, without sending it |
//! | `state` | `sheaf state`: state stores and their changelogs |
//! | `alerts` | `sheaf alerts test`: the messages to people about alerts |
//! | `bundles`, `deliveries` | `sheaf bundles`, `sheaf deliveries`: lists and shows entries (`entries`); commands to them, sent by `entry_command` |
//! | `dlq` | `sheaf dlq`: dead letters |
//! | `flows` | `sheaf flows`: flows, and the tasks of people |
//! | `schedules` | `sheaf schedules`: records that wait until they are due |
//! | `traces` | `sheaf traces`: records by their trace ids |
//! | `events` | `sheaf events tail`: events as they come |
//! | `audit` | `sheaf audit`: what operators have done |
//! | `topology` | `sheaf topology`: the topology as a diagram, flows as pictures |
//! | `instances`, `tasks` | `sheaf instances`, `sheaf tasks`: asked of a running instance |
//! | `config` | `sheaf config`: shows the configuration, its schema, and a first file |
//! | `doctor` | `sheaf doctor`: what keeps an instance from working here |
//! | `manual` | `sheaf completions` and `sheaf man` |
//! | `mock` | `sheaf mock control-m`: the Control-M simulator |
//!
//! `prepare` and `reload` are the parts of `run` that prepare its applications, and that reload. A new command is a file here and three lines below: its module, its variant, its
//! call. Its help is the documentation of its options.

mod alerts;
mod audit;
mod bundles;
mod config;
mod control_m;
mod deliveries;
mod demo;
mod dlq;
mod doctor;
mod entries;
mod entry_command;
mod events;
mod flows;
mod instances;
mod manual;
mod mock;
mod prepare;
mod produce;
mod reload;
mod render;
mod replay;
mod run;
mod schedules;
#[cfg(feature = "script")]
mod scripts;
mod simulate;
mod state;
mod tasks;
mod test;
mod topic;
mod topology;
mod traces;
mod validate;

use std::process::ExitCode;

use clap::{CommandFactory as _, Parser, Subcommand};

use super::exit::Failure;

/// Gathers related Kafka events into bundles and hands each completed bundle on exactly once.
#[derive(Debug, Parser)]
#[command(name = "sheaf", version, arg_required_else_help = true, after_help = AFTER_HELP)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

const AFTER_HELP: &str = "\
First steps:
  sheaf demo                          watch a day of events in a minute; needs no Kafka
  sheaf validate -c sheaf.yaml        check the configuration, the topology and the template
  sheaf render TEMPLATE --bundle FILE see the definition of one bundle
  sheaf test topologies               play the scenarios of the topologies; needs no Kafka
  sheaf doctor -c sheaf.yaml          check Kafka, rights, topics, disk, secrets and sinks
  sheaf run -c sheaf.yaml             run an instance; start more of them to scale out
  sheaf produce -n 20                 write sample events
  sheaf instances                     ask a running instance for its state; sheaf tasks for its tasks

Exit codes: 0 ok, 1 failed, 2 invalid usage, 69 no broker or instance reachable, 75 not now, 78 invalid configuration, \
130 ended by a second signal.";

#[derive(Debug, Subcommand)]
enum Command {
    Demo(demo::Args),
    Run(run::Args),
    ControlM(control_m::Args),
    Produce(produce::Args),
    Validate(validate::Args),
    Render(render::Args),
    Test(test::Args),
    Simulate(simulate::Args),
    #[command(subcommand)]
    Alerts(alerts::Command),
    #[command(subcommand)]
    Audit(audit::Command),
    #[command(subcommand)]
    Bundles(bundles::Command),
    #[command(subcommand)]
    Deliveries(deliveries::Command),
    #[command(subcommand)]
    Dlq(dlq::Command),
    #[command(subcommand)]
    Events(events::Command),
    #[command(subcommand)]
    Flows(flows::Command),
    #[command(subcommand)]
    Replay(replay::Command),
    #[command(subcommand)]
    Schedules(schedules::Command),
    #[cfg(feature = "script")]
    #[command(subcommand)]
    Scripts(scripts::Command),
    #[command(subcommand)]
    State(state::Command),
    #[command(subcommand)]
    Topology(topology::Command),
    #[command(subcommand)]
    Traces(traces::Command),
    Instances(instances::Args),
    Tasks(tasks::Args),
    #[command(subcommand)]
    Config(config::Command),
    Doctor(doctor::Args),
    Completions(manual::Completions),
    Man(manual::Man),
    #[command(subcommand)]
    Mock(mock::Command),
}

/// Runs the command that the process was started with.
pub(super) fn main() -> Result<ExitCode, Failure> {
    match Cli::parse().command {
        Command::Demo(args) => demo::main(&args),
        Command::Run(args) => run::main(&args),
        Command::ControlM(args) => control_m::main(&args),
        Command::Produce(args) => produce::main(&args),
        Command::Validate(args) => validate::main(&args),
        Command::Render(args) => render::main(&args),
        Command::Test(args) => test::main(&args),
        Command::Simulate(args) => Ok(simulate::main(&args)),
        Command::Alerts(command) => alerts::main(&command),
        Command::Audit(command) => audit::main(&command),
        Command::Bundles(command) => bundles::main(&command),
        Command::Deliveries(command) => deliveries::main(&command),
        Command::Dlq(command) => dlq::main(&command),
        Command::Events(command) => events::main(&command),
        Command::Flows(command) => flows::main(&command),
        Command::Replay(command) => replay::main(&command),
        Command::Schedules(command) => schedules::main(&command),
        #[cfg(feature = "script")]
        Command::Scripts(command) => scripts::main(&command),
        Command::State(command) => state::main(&command),
        Command::Topology(command) => topology::main(&command),
        Command::Traces(command) => traces::main(&command),
        Command::Instances(args) => instances::main(&args),
        Command::Tasks(args) => tasks::main(&args),
        Command::Config(command) => config::main(&command),
        Command::Doctor(args) => doctor::main(&args),
        Command::Completions(args) => Ok(manual::completions(&args, Cli::command())),
        Command::Man(args) => manual::man(&args, Cli::command()),
        Command::Mock(command) => mock::main(&command),
    }
}
