//! The program of `bench/run restore` and `bench/run handover`: how fast state comes back, and how long nobody processes
//! while it moves.
#![expect(clippy::print_stdout, reason = "its output is what it is for")]

mod fill;
mod restore;

use std::error::Error;
use std::process::ExitCode;

use clap::Parser;

/// What every part returns: a benchmark that cannot measure ends with the reason.
type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// Measure how state comes back
#[derive(Clone, Debug, Parser)]
enum Command {
    /// Restore stores from a changelog, in this process
    Restore(restore::Options),
}

fn main() -> ExitCode {
    let done = match Command::parse() {
        Command::Restore(options) => restore::measure(&options),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("the benchmark has ended: {error}");
            ExitCode::FAILURE
        }
    }
}
