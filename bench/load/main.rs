//! The load program of `bench/run`: writes events, reads submissions, and measures the costs.
//!
//! ```text
//!  stream ──▶ writer ──▶ Kafka ──▶ sheaf ──▶ Kafka ──▶ reader ──▶ figures
//!             times of last members ────────────────▶  latency, uniqueness, content
//!                                   process: CPU, memory, /metrics
//! ```
//!
//! `compare` starts brokers and contenders itself: see the module of that name.
#![expect(clippy::print_stdout, reason = "it prints its results")]

mod compare;
mod figures;
mod phase;
mod plot;
mod process;
mod query;
mod reader;
mod stream;
#[path = "../lib/usage.rs"]
mod usage;
mod writer;

use std::error::Error;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

/// A result of the benchmark; it ends at the first error.
type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// Measure sheaf
#[derive(Clone, Debug, Parser)]
enum Command {
    /// Measure a running sheaf
    Run(Options),
    /// Measure sheaf and Kafka Streams alternately
    Compare(compare::Options),
    /// Plot the measurements at several sizes
    Plot(plot::Options),
}

/// Measure a running sheaf: idle, at a steady rate, and at full speed
#[derive(Clone, Debug, clap::Args)]
struct Options {
    /// Kafka's brokers
    #[arg(long, value_name = "HOST:PORT,..")]
    bootstrap_servers: String,
    /// Process id of the measured sheaf; the figures of several are added up
    #[arg(long, value_name = "PID", required = true)]
    sheaf_pid: Vec<u32>,
    /// Process id of the measured broker
    #[arg(long, value_name = "PID")]
    broker_pid: u32,
    /// Address of its /metrics
    #[arg(long, value_name = "HOST:PORT")]
    http: SocketAddr,
    /// Length of the idle phase; 0 skips it
    #[arg(long, value_name = "SECONDS", default_value_t = 10)]
    idle: u32,
    /// Events per second of the steady phase
    #[arg(long, value_name = "EVENTS", default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..))]
    rate: u32,
    /// Length of the steady phase; 0 skips it
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    seconds: u32,
    /// Seconds of warm-up at the same rate before the first steady phase
    #[arg(long, value_name = "SECONDS", default_value_t = 10)]
    warm_up: u32,
    /// Events of the burst phase; 0 skips it
    #[arg(long, value_name = "EVENTS", default_value_t = 200_000)]
    burst: u32,
    /// Children of each parent
    #[arg(long, value_name = "N", default_value_t = 3)]
    children: u32,
    /// Number of bundles that are open at a time, among which the next event is drawn
    #[arg(long, value_name = "BUNDLES", default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..))]
    open: u32,
    /// Bundles that wait for their parents meanwhile, and are queried over HTTP; 0 skips the queries
    #[arg(long, value_name = "BUNDLES", default_value_t = 0)]
    waiting: u32,
    /// Lists of 50 of them per second, beside a second steady phase; 0 skips that phase
    #[arg(long, value_name = "LISTS", default_value_t = 50)]
    lists: u32,
    /// Seed of ids and order; events of an earlier run with the same seed on the same topics would be duplicates
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Number of repetitions; medians are printed
    #[arg(long, value_name = "TIMES", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    repeat: u32,
    /// Write all figures to this file, as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

fn main() -> ExitCode {
    let right = match Command::parse() {
        Command::Run(options) => measure(&options),
        Command::Compare(options) => compare::measure(&options),
        Command::Plot(options) => plot::draw(&options),
    };
    match right {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            println!("the benchmark has ended: {error}");
            ExitCode::FAILURE
        }
    }
}

/// False if an output was wrong.
fn measure(options: &Options) -> Result<bool> {
    let mut all = Vec::new();
    let mut answers = Vec::new();
    let mut phases = phase::Phases::new(options)?;
    if options.waiting > 0 {
        phases.fill()?;
    }
    phases.warm_up()?;
    if options.waiting > 0 {
        answers.extend(query::alone(options.http)?);
    }
    for _ in 0..options.repeat {
        all.extend(phases.idle()?);
        all.extend(phases.steady()?);
        if let Some((figures, asked)) = phases.queried()? {
            all.push(figures);
            answers.push(asked);
        }
        all.extend(phases.burst()?);
    }
    let medians = figures::medians(&all);
    println!("{}", figures::table(&medians));
    if !answers.is_empty() {
        println!("{}", query::table(&answers));
    }
    let right = all.iter().all(figures::Figures::is_correct);
    println!("every complete bundle exactly once, with all its members: {}", if right { "yes" } else { "NO" });
    if let Some(path) = &options.json {
        let report = serde_json::json!({ "median": medians, "runs": all, "queries": answers });
        std::fs::write(path, serde_json::to_string_pretty(&report)?)?;
    }
    Ok(right)
}
