//! `sheaf simulate`: simulated runs with faults, drawn from seeds and checked by an oracle.

use std::io::{IsTerminal, Write};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use crate::cli::output::{print_stderr, print_stdout};
use crate::model::Clock;
use crate::runtime::{Incarnation, SystemClock};
use crate::sim::swarm::{self, Coverage, CoveragePoint, Report};

/// Test the guarantee in simulated runs with faults, drawn from seeds and checked by an oracle
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Each run is drawn from its seed: how many instances and partitions, which faults and how often. The instances are those \
of `sheaf run`, on a broker, a Control-M and a clock in memory; an oracle computes the expected outputs from the input \
alone. Each seed is three runs: one of bundles and their deliveries, one of threads of a script, and one of flows, whose workers answer once, twice, late, early, \
wrongly or never. The first run with a violation ends the command, with its trace and the command that repeats it.

  sheaf simulate                                  100 runs from a new seed
  sheaf simulate --seed 13 --runs 1 --trace       the trace of one run
  sheaf simulate --minutes 60                     as many runs as an hour allows
  sheaf simulate --seed 0x$(git rev-parse HEAD)   100 runs from a seed of the commit
  sheaf simulate --flows --runs 300               300 runs of flows only

Exit code 0 when no run has a violation, 1 otherwise.")]
#[cfg_attr(feature = "script", expect(clippy::struct_excessive_bools, reason = "each is an option of its own"))]
pub(super) struct Args {
    /// Seed of the first run, decimal or 0x and hexadecimal digits; the default is a new seed
    #[arg(long, value_name = "N", value_parser = seed)]
    seed: Option<u64>,
    /// Number of seeds, each the next one
    #[arg(long, value_name = "K", default_value_t = 100, conflicts_with = "minutes")]
    runs: u64,
    /// Only the runs of flows
    #[arg(long)]
    flows: bool,
    /// Only the runs of threads of a script
    #[cfg(feature = "script")]
    #[arg(long, conflicts_with = "flows")]
    scripts: bool,
    /// Minutes to run, instead of a number of runs
    #[arg(long, value_name = "M")]
    minutes: Option<u64>,
    /// Print the trace of each run
    #[arg(long)]
    trace: bool,
    /// Print the figures as one JSON object
    #[arg(long)]
    json: bool,
}

/// The number of lines at the end of a failed run's trace that are printed without `--trace`.
const TRACE_LINES: usize = 40;
/// The interval of progress lines if standard error is not a terminal.
const PROGRESS_INTERVAL: Duration = Duration::from_secs(30);

/// The runs of a seed that are asked for.
fn kinds(args: &Args) -> Vec<fn(u64) -> Report> {
    let bundles: fn(u64) -> Report = |seed| swarm::run(seed, None);
    let flows: fn(u64) -> Report = |seed| swarm::run_flows(seed, None);
    if args.flows {
        return vec![flows];
    }
    #[cfg(feature = "script")]
    {
        let scripts: fn(u64) -> Report = |seed| swarm::run_scripts(seed, None);
        if args.scripts { vec![scripts] } else { vec![bundles, flows, scripts] }
    }
    #[cfg(not(feature = "script"))]
    vec![bundles, flows]
}

pub(super) fn main(args: &Args) -> ExitCode {
    let first = args.seed.unwrap_or_else(|| Incarnation::of_this_process().id.as_u64_pair().0 >> 32);
    let limit = args.minutes.map(|minutes| Duration::from_secs(minutes.saturating_mul(60)));
    let mut totals = Totals::new(first);
    while limit.map_or(totals.runs < args.runs, |limit| totals.elapsed() < limit) {
        let seed = first.wrapping_add(totals.runs);
        totals.runs += 1;
        if kinds(args).iter().any(|run| totals.has_failed(run(seed), args)) {
            break;
        }
        totals.progress();
    }
    totals.clear_line();
    if args.json {
        print_stdout(&totals.json());
    } else {
        totals.print();
    }
    if totals.failed.is_some() { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// A decimal or hexadecimal seed; of a longer hexadecimal number, such as a commit, the first 16 digits.
fn seed(text: &str) -> Result<u64, String> {
    let number = match text.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits.get(..16).unwrap_or(digits), 16),
        None => text.parse(),
    };
    number.map_err(|error| format!("{error}; write a number below 2^64, or 0x and hexadecimal digits"))
}

fn report_failed(report: &Report, is_trace_printed: bool) {
    if !is_trace_printed {
        let skipped = report.trace.len().saturating_sub(TRACE_LINES);
        print_stderr(&format!(
            "the last {} of {} lines of its trace:",
            report.trace.len() - skipped,
            report.trace.len()
        ));
        for line in report.trace.iter().skip(skipped) {
            print_stderr(line);
        }
    }
    print_stderr(&format!("\nseed {} violates the guarantee:", report.seed));
    for line in &report.violations {
        print_stderr(&format!("  {line}"));
    }
    print_stderr(&format!("\nrepeat it with:  {}\n", report.command()));
}

/// All coverage points, of bundles and of flows.
fn points() -> impl Iterator<Item = CoveragePoint> {
    CoveragePoint::all().into_iter().chain(CoveragePoint::of_flows())
}

/// Totals of all runs.
struct Totals {
    /// The system clock; the runs have simulated ones.
    clock: Arc<dyn Clock>,
    started: Duration,
    progress_printed: Duration,
    terminal: bool,
    first_seed: u64,
    runs: u64,
    events: usize,
    simulated: Duration,
    coverage: Coverage,
    /// The first run with violations.
    failed: Option<Report>,
}

impl Totals {
    fn new(first: u64) -> Self {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let now = clock.uptime();
        Self {
            clock,
            started: now,
            progress_printed: now,
            terminal: std::io::stderr().is_terminal(),
            first_seed: first,
            runs: 0,
            events: 0,
            simulated: Duration::ZERO,
            coverage: Coverage::default(),
            failed: None,
        }
    }

    fn elapsed(&self) -> Duration {
        self.clock.uptime().saturating_sub(self.started)
    }

    /// Adds a run; true if it has violations, which are printed.
    fn has_failed(&mut self, report: Report, args: &Args) -> bool {
        self.add(&report);
        let trace = if args.trace { report.trace.as_slice() } else { &[] };
        for line in trace {
            print_stdout(line);
        }
        let has_failed = !report.violations.is_empty();
        if has_failed {
            self.clear_line();
            report_failed(&report, args.trace);
            self.failed = Some(report);
        }
        has_failed
    }

    fn add(&mut self, report: &Report) {
        self.events += report.events;
        self.simulated = self.simulated.saturating_add(report.simulated);
        self.coverage.add(&report.coverage);
    }

    /// Prints progress: on a terminal one line that is overwritten, elsewhere a new line at times.
    fn progress(&mut self) {
        let every = if self.terminal { Duration::from_millis(200) } else { PROGRESS_INTERVAL };
        let now = self.clock.uptime();
        if now.saturating_sub(self.progress_printed) < every {
            return;
        }
        self.progress_printed = now;
        if self.terminal {
            let (Ok(()) | Err(_)) = write!(std::io::stderr(), "\r\x1b[K{}", self.line());
        } else {
            print_stderr(&self.line());
        }
    }

    fn clear_line(&self) {
        if self.terminal {
            let (Ok(()) | Err(_)) = write!(std::io::stderr(), "\r\x1b[K");
        }
    }

    fn line(&self) -> String {
        let days = self.simulated.as_secs() / 86_400;
        let (runs, first, events) = (self.runs, self.first_seed, self.events);
        let took = self.elapsed().as_secs();
        format!("{runs} seeds from {first}: {events} events and flows, {days} days simulated in {took} s")
    }

    fn print(&self) {
        print_stdout(&format!("{:<32} {:>7}", "fault or path", "count"));
        for point in points() {
            print_stdout(&format!("{:<32} {:>7}", point.to_string(), self.coverage.of(point)));
        }
        print_stdout("");
        let verdict = if self.failed.is_some() { "FAILED" } else { "nothing lost, nothing doubled" };
        print_stdout(&format!("{}: {verdict}", self.line()));
    }

    fn json(&self) -> String {
        let coverage: serde_json::Map<_, _> =
            points().map(|point| (point.to_string(), json!(self.coverage.of(point)))).collect();
        let failed = self.failed.as_ref().map(|report| json!({ "seed": report.seed, "violations": report.violations }));
        json!({
            "first_seed": self.first_seed,
            "runs": self.runs,
            "events": self.events,
            "simulated_seconds": self.simulated.as_secs(),
            "seconds": self.elapsed().as_secs(),
            "coverage": coverage,
            "failed": failed,
        })
        .to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::seed;

    #[test]
    fn a_seed_is_a_number_or_a_commit() {
        assert_eq!(seed("13"), Ok(13));
        assert_eq!(seed("0xff"), Ok(255));
        assert_eq!(seed("0x00000000000000ff1234567890123456789012ab"), Ok(255));
        assert!(seed("ff").unwrap_err().contains("0x and hexadecimal digits"));
    }
}
