//! The program of `bench/run compare`: sheaf and Kafka Streams alternately on the same work.
//!
//! ```text
//!  for each repetition, phase and contender:
//!     Server    a fresh broker with the topics
//!     Writer    the events               Expected  the expected submissions
//!     Process   the contender            Meters    processors, memory, time
//!     Arrivals  its submissions          Verdict   correct, or the run does not count
//!  then Report: medians, spread, ratios, with the targets
//! ```

mod arrivals;
mod backlog;
mod check;
mod clock;
mod contender;
mod machine;
mod meters;
mod rate;
mod report;
mod run;
mod server;
mod state;
mod target;

use std::path::PathBuf;

use sheaf::model::{Clock as _, Timestamp};
use sheaf::runtime::SystemClock;

use self::contender::Contender;
use self::machine::{Machine, load};
use self::report::Report;
use self::run::Run;
use crate::Result;

/// The children of each parent.
const CHILDREN: u32 = 3;

/// A phase of the measurement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Phase {
    /// A backlog, from the start of the program
    Cold,
    /// A backlog of three times as much, without its first third
    Marginal,
    /// Latency, processors and memory at a rate
    Rate,
    /// An empty state directory beside many open bundles
    Restore,
    /// kill -9 under load, beside many open bundles
    Kill,
}

/// Measure sheaf and Kafka Streams by turns
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Options {
    /// The sheaf that is measured
    #[arg(long, value_name = "FILE")]
    sheaf: PathBuf,
    /// How it was built, for the report
    #[arg(long, default_value = "unknown build")]
    build: String,
    /// The peer's jars
    #[arg(long, value_name = "DIRECTORY")]
    jars: PathBuf,
    /// Where brokers and state directories are made
    #[arg(long, value_name = "DIRECTORY")]
    work: PathBuf,
    /// The phases
    #[arg(long, value_enum, value_delimiter = ',', default_value = "cold,marginal,rate,restore,kill")]
    phases: Vec<Phase>,
    /// The contenders
    #[arg(long, value_enum, value_delimiter = ',', default_value = "sheaf,peer,tuned,quick")]
    contenders: Vec<Contender>,
    /// Events of the backlog, and open bundles of the restore
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u32).range(4..=100_000_000))]
    events: u32,
    /// How many bundles of the backlog are open at a time
    #[arg(long, default_value_t = 50_000, value_parser = clap::value_parser!(u32).range(1..))]
    open: u32,
    /// How long each rate is measured
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..))]
    seconds: u32,
    /// How many seconds each broker is warmed up before its contender comes
    #[arg(long, default_value_t = 10)]
    warm_up: u32,
    /// How often everything is measured
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    repeat: u32,
    /// What ids and order come from
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// A setting for sheaf
    #[arg(long, value_name = "A.B=V")]
    set: Vec<String>,
    /// Record sheaf's samples with perf; of several runs the last stays
    #[arg(long, value_name = "FILE")]
    perf: Option<PathBuf>,
    /// Write all figures of all runs to this file
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// The time that the events carry
    #[arg(skip = SystemClock.now())]
    at: Timestamp,
}

impl Options {
    fn has(&self, phase: Phase) -> bool {
        self.phases.contains(&phase)
    }

    fn bundles(&self) -> u32 {
        self.events / (CHILDREN + 1)
    }

    /// The directory of the contenders' state.
    fn state(&self) -> PathBuf {
        self.work.join("state")
    }
}

/// False if an output was wrong.
pub(crate) fn measure(options: &Options) -> Result<bool> {
    let machine = Machine::read(options)?;
    println!("{}", machine.text());
    let mut runs = Vec::new();
    for round in 1..=options.repeat {
        for phase in &options.phases {
            for contender in measured_in(*phase, options) {
                runs.extend(once(*phase, contender, round, options)?);
            }
        }
    }
    let report = Report::new(&runs);
    println!("\n{}{}", report.targets(), report.figures());
    println!("load average of the last minute, now: {}", load()?);
    let right = runs.iter().all(|run| run.wrong.is_none());
    println!(
        "every complete bundle exactly once, with all its members as written: {}",
        if right { "yes" } else { "NO" }
    );
    if let Some(path) = &options.json {
        let report = serde_json::json!({ "machine": machine, "median": report.medians(), "runs": runs });
        std::fs::write(path, serde_json::to_string_pretty(&report)?)?;
    }
    Ok(right)
}

/// The requested contenders that a phase measures.
fn measured_in(phase: Phase, options: &Options) -> Vec<Contender> {
    let of_phase: &[Contender] = match phase {
        Phase::Cold | Phase::Marginal => &[Contender::Sheaf, Contender::Peer, Contender::Tuned],
        Phase::Rate => &[Contender::Sheaf, Contender::Peer, Contender::Quick],
        // The kill phase is measured with the restore phase, on the same open bundles.
        Phase::Kill if options.has(Phase::Restore) => &[],
        Phase::Restore | Phase::Kill => &[Contender::Sheaf, Contender::Peer],
    };
    of_phase.iter().copied().filter(|contender| options.contenders.contains(contender)).collect()
}

fn once(phase: Phase, contender: Contender, round: u32, options: &Options) -> Result<Vec<Run>> {
    if options.state().exists() {
        std::fs::remove_dir_all(options.state())?;
    }
    let runs = match phase {
        Phase::Cold => vec![backlog::cold(contender, options)?],
        Phase::Marginal => vec![backlog::marginal(contender, options)?],
        Phase::Rate => vec![rate::rate(contender, options)?],
        Phase::Restore | Phase::Kill => state::state(contender, options)?,
    };
    for run in &runs {
        let figures: Vec<String> = run.figures.iter().map(|(name, value)| format!("{name} {value:.2}")).collect();
        let load = load()?;
        println!("round {round}, load average {load}: {}: {}: {}", run.phase, run.contender, figures.join(", "));
        if let Some(wrong) = &run.wrong {
            println!("   does not count: {wrong}");
        }
    }
    Ok(runs)
}
