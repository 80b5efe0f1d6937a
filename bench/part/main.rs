//! The program of `bench/run restore`, `handover`, `delivery`, `flows` and `scripts`: the speed of restores, the time without processing
//! during a move, the throughput to a slow server, and the costs of flows and of scripts.
#![expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "its output is what it is for; it lives in real time"
)]

mod delivery;
mod fill;
mod fixture;
mod flows;
mod handover;
mod instance;
mod restore;
mod scripts;
mod slow_server;
mod steady_load;
#[path = "../lib/usage.rs"]
mod usage;
mod worker;

use std::error::Error;
use std::process::ExitCode;

use clap::Parser;

/// As in the binary of sheaf.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// A result of the benchmark; it ends at the first error.
type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// Measure restores, moves of state, deliveries, flows, and scripts
#[derive(Clone, Debug, Parser)]
enum Command {
    /// Restore stores from a changelog, in this process
    Restore(restore::Options),
    /// Move a partition with much state between instances, under load
    Handover(handover::Options),
    /// Deliver to a server that takes its time
    Delivery(delivery::Options),
    /// Let many flows wait, and workers answer their tasks
    Flows(flows::Options),
    /// Run steps of scripts, in this process and through Kafka
    Scripts(scripts::Options),
}

fn main() -> ExitCode {
    let done = match Command::parse() {
        Command::Restore(options) => restore::measure(&options),
        Command::Handover(options) => handover::measure(&options),
        Command::Delivery(options) => delivery::measure(&options),
        Command::Flows(options) => flows::measure(&options),
        Command::Scripts(options) => scripts::measure(&options),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("the benchmark has ended: {error}");
            ExitCode::FAILURE
        }
    }
}
