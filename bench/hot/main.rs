//! The hot pure parts on fixed inputs, one at a time: `scripts/count` counts their instructions, `hot time` measures them.
//!
//! | file | what it is |
//! |---|---|
//! | `fixture` | the fixed inputs: a topology, bundles from a seed |
//! | `keying`, `step`, `entry`, `overlay`, `turn` | the parts |
//! | `in_order` | a processor whose records go through the inbox |
//! | `time` | measures their time |
//!
//! The allocator is the system's, because callgrind counts its instructions too, and jemalloc's threads and sizes would differ
//! between runs.
#![expect(clippy::print_stdout, reason = "it prints its results")]

mod entry;
mod fixture;
mod keying;
mod overlay;
mod step;
mod time;
mod turn;

use std::error::Error;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// A result of the benchmark; it ends at the first error.
type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// A part that is counted separately.
struct Part {
    name: &'static str,
    /// The number of calls of one run: bundles, events or entries, by `about`.
    calls: u32,
    about: &'static str,
    /// Makes the inputs.
    prepare: fn() -> Result<Box<dyn Work>>,
}

/// A part with its inputs, ready to run once.
trait Work {
    /// All calls of the part; nothing else is counted.
    fn work(&mut self) -> Result<()>;

    /// An error if the work has not had its effect.
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
    /// The flag that cargo bench passes to every benchmark
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

/// The function whose instructions callgrind counts; `scripts/count` refers to its name.
#[inline(never)]
fn counted_by_callgrind(work: &mut dyn Work) -> Result<()> {
    let done = work.work();
    std::hint::black_box(&done); // so that it is a call and no tail jump, whose end callgrind would not see
    done
}
