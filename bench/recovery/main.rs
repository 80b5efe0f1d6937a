//! The program of `bench/run restore` and `bench/run handover`: how fast state comes back, and how long nobody processes
//! while it moves.
#![expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "its output is what it is for; it lives in real time"
)]

mod fill;
mod handover;
mod instance;
mod pulse;
mod restore;
mod scene;

use std::error::Error;
use std::process::ExitCode;

use clap::Parser;

/// As in the binary that is measured beside it.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// What every part returns: a benchmark that cannot measure ends with the reason.
type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// Measure how state comes back
#[derive(Clone, Debug, Parser)]
enum Command {
    /// Restore stores from a changelog, in this process
    Restore(restore::Options),
    /// Move a partition with much state between instances, under load
    Handover(handover::Options),
}

fn main() -> ExitCode {
    let done = match Command::parse() {
        Command::Restore(options) => restore::measure(&options),
        Command::Handover(options) => handover::measure(&options),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("the benchmark has ended: {error}");
            ExitCode::FAILURE
        }
    }
}
