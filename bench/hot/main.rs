//! The hot pure parts on fixed inputs, one at a time: `scripts/count` counts their instructions, `hot time` measures them.
//!
//! | file | what it is |
//! |---|---|
//! | `scene` | the fixed inputs: a topology, bundles from a seed |
//! | `keying`, `step`, `entry`, `overlay`, `turn` | the parts |
//! | `in_order` | a processor whose records go through the inbox |
//! | `time` | the clock, for whoever makes one of them faster |
//!
//! The allocator is the system's, because callgrind counts what it does like any other code, and jemalloc's threads and
//! sizes would be one more thing that differs between two runs.
#![expect(clippy::print_stdout, reason = "its output is what it is for")]

mod entry;
mod keying;
mod overlay;
mod scene;
mod step;
mod time;
mod turn;

use std::error::Error;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// What every part returns: a benchmark that cannot measure ends with the reason.
type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// A part that is counted by itself.
struct Part {
    name: &'static str,
    /// How many calls one run is: bundles, events or entries, as `about` says.
    calls: u32,
    about: &'static str,
    /// Makes the inputs.
    prepare: fn() -> Result<Box<dyn Work>>,
}

/// A part with its inputs, ready to run once.
trait Work {
    /// All calls of the part; nothing else is counted.
    fn work(&mut self) -> Result<()>;

    /// Says what is wrong when the work has not done what it is counted for.
    fn check(&mut self) -> Result<()>;
}

const PARTS: [Part; 12] = [
    Part { name: "partitioner", calls: 1_000, about: "the partition of a key", prepare: keying::partitioner },
    Part { name: "keying-parent", calls: 200, about: "the key of an un-keyed parent", prepare: keying::parents },
    Part { name: "keying-child", calls: 200, about: "the key of an un-keyed child", prepare: keying::children },
    Part { name: "step-open", calls: 200, about: "a parent that opens its bundle", prepare: step::open },
    Part { name: "step-child", calls: 200, about: "a child that joins one of three", prepare: step::child },
    Part { name: "step-complete", calls: 200, about: "the child that completes its bundle", prepare: step::complete },
    Part { name: "entry-encode", calls: 200, about: "an open bundle to bytes", prepare: entry::encode },
    Part { name: "entry-decode", calls: 200, about: "an open bundle from bytes", prepare: entry::decode },
    Part { name: "overlay", calls: 1_000, about: "an entry read, changed and stored", prepare: overlay::overlay },
    Part { name: "turn", calls: 250, about: "a bundle of 1 + 3, from sources to submission", prepare: turn::direct },
    Part { name: "turn-inbox", calls: 250, about: "the same by way of the inbox", prepare: turn::inbox },
    Part { name: "restore", calls: 250, about: "an entry of a changelog, at a restart", prepare: turn::restore },
];

/// Run the hot pure parts of sheaf on fixed inputs
#[derive(Debug, Parser)]
struct Options {
    #[command(subcommand)]
    command: Command,
    /// What cargo bench says to every benchmark
    #[arg(long, hide = true, global = true)]
    bench: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// The parts: name, calls of one run, what one call is
    List,
    /// Run one part once, for callgrind
    Run {
        /// The part's name
        part: String,
    },
    /// Measure the time of one part, or of all
    Time {
        /// The part's name
        part: Option<String>,
    },
}

fn main() -> ExitCode {
    let done = match Options::parse().command {
        Command::List => {
            list();
            Ok(())
        }
        Command::Run { part } => named(&part).and_then(run),
        Command::Time { part } => part.as_deref().map(named).transpose().and_then(time::measure),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("hot: {error}");
            ExitCode::FAILURE
        }
    }
}

fn list() {
    for Part { name, calls, about, .. } in &PARTS {
        println!("{name}\t{calls}\t{about}");
    }
}

fn named(name: &str) -> Result<&'static Part> {
    let known = || PARTS.each_ref().map(|part| part.name).join(", ");
    Ok(PARTS.iter().find(|part| part.name == name).ok_or_else(|| format!("no part `{name}`; there are {}", known()))?)
}

fn run(part: &Part) -> Result<()> {
    let mut work = (part.prepare)()?;
    counted_by_callgrind(work.as_mut())?;
    work.check()
}

/// What callgrind counts; `scripts/count` knows this function by its name.
#[inline(never)]
fn counted_by_callgrind(work: &mut dyn Work) -> Result<()> {
    let done = work.work();
    std::hint::black_box(&done); // so that it is a call, and no jump, which callgrind would not see the end of
    done
}
