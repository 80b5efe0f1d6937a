//! `sheaf simulate`: seeds of everything that can go wrong, against an oracle.

use std::io::{IsTerminal, Write};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use super::output::{say, tell};
use super::wire;
use crate::model::Clock;
use crate::runtime::Incarnation;
use crate::sim::swarm::{self, Coverage, Report, Trouble};

/// Options of `sheaf simulate`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Each run is drawn from its seed: how many instances and partitions, which faults and how often. The instances are the \
ones of `sheaf run`, over a broker, a Control-M and a clock in memory; an oracle computes what must come out from the \
input alone. The first run that is wrong ends it, with its trace and the command that tells it again.

  sheaf simulate                            100 runs from a new seed
  sheaf simulate --seed 13 --runs 1 --trace   what happens in one run
  sheaf simulate --minutes 60               as many as there is time for
  sheaf simulate --seed 0x$(git rev-parse HEAD)   runs of a commit's own

Exit code 0 when every run came out right, 1 when one did not.")]
pub(super) struct Args {
    /// The first run's seed, decimal or 0x and hexadecimal digits; without it another one each time
    #[arg(long, value_name = "N", value_parser = seed)]
    seed: Option<u64>,
    /// How many runs, each with the next seed
    #[arg(long, value_name = "K", default_value_t = 100, conflicts_with = "minutes")]
    runs: u64,
    /// Run for so long instead
    #[arg(long, value_name = "M")]
    minutes: Option<u64>,
    /// Tell what happens in each run
    #[arg(long)]
    trace: bool,
    /// The figures as one JSON object
    #[arg(long)]
    json: bool,
}

/// How many lines of a wrong run are shown when they were not asked for.
const LAST: usize = 40;
/// How often a log file gets a line of progress.
const LOG_EVERY: Duration = Duration::from_secs(30);

pub(super) fn main(args: &Args) -> ExitCode {
    let first = args.seed.unwrap_or_else(|| Incarnation::of_this_process().id.as_u64_pair().0 >> 32);
    let limit = args.minutes.map(|minutes| Duration::from_secs(minutes.saturating_mul(60)));
    let mut sum = Sum::new(first);
    while limit.map_or(sum.runs < args.runs, |limit| sum.elapsed() < limit) {
        let report = swarm::run(first.wrapping_add(sum.runs), None);
        sum.add(&report);
        let trace = if args.trace { report.trace.as_slice() } else { &[] };
        for line in trace {
            say(line);
        }
        if !report.wrong.is_empty() {
            sum.clear_line();
            tell_wrong(&report, args.trace);
            sum.wrong = Some(report);
            break;
        }
        sum.progress();
    }
    sum.clear_line();
    if args.json {
        say(&sum.json());
    } else {
        sum.show();
    }
    if sum.wrong.is_some() { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// A seed as people write it; of a long hexadecimal number, as a commit is, the first 16 digits.
fn seed(text: &str) -> Result<u64, String> {
    let number = match text.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits.get(..16).unwrap_or(digits), 16),
        None => text.parse(),
    };
    number.map_err(|error| format!("{error}; write a number below 2^64, or 0x and hexadecimal digits"))
}

fn tell_wrong(report: &Report, told: bool) {
    if !told {
        let skipped = report.trace.len().saturating_sub(LAST);
        tell(&format!("the last {} of {} lines of its trace:", report.trace.len() - skipped, report.trace.len()));
        for line in report.trace.iter().skip(skipped) {
            tell(line);
        }
    }
    tell(&format!("\nseed {} came out wrong:", report.seed));
    for line in &report.wrong {
        tell(&format!("  {line}"));
    }
    tell(&format!("\nagain, from its beginning:  sheaf simulate --seed {} --runs 1 --trace\n", report.seed));
}

/// What all runs came to.
struct Sum {
    /// The time that people have.
    clock: Arc<dyn Clock>,
    began: Duration,
    told: Duration,
    terminal: bool,
    first: u64,
    runs: u64,
    events: usize,
    simulated: Duration,
    met: Coverage,
    wrong: Option<Report>,
}

impl Sum {
    fn new(first: u64) -> Self {
        let clock = wire::clock();
        let now = clock.uptime();
        Self {
            clock,
            began: now,
            told: now,
            terminal: std::io::stderr().is_terminal(),
            first,
            runs: 0,
            events: 0,
            simulated: Duration::ZERO,
            met: Coverage::default(),
            wrong: None,
        }
    }

    fn elapsed(&self) -> Duration {
        self.clock.uptime().saturating_sub(self.began)
    }

    fn add(&mut self, report: &Report) {
        self.runs += 1;
        self.events += report.events;
        self.simulated = self.simulated.saturating_add(report.simulated);
        self.met.add(&report.met);
    }

    /// One line that a terminal overwrites; now and then one for a log.
    fn progress(&mut self) {
        let every = if self.terminal { Duration::from_millis(200) } else { LOG_EVERY };
        let now = self.clock.uptime();
        if now.saturating_sub(self.told) < every {
            return;
        }
        self.told = now;
        if self.terminal {
            let (Ok(()) | Err(_)) = write!(std::io::stderr(), "\r\x1b[K{}", self.line());
        } else {
            tell(&self.line());
        }
    }

    fn clear_line(&self) {
        if self.terminal {
            let (Ok(()) | Err(_)) = write!(std::io::stderr(), "\r\x1b[K");
        }
    }

    fn line(&self) -> String {
        let days = self.simulated.as_secs() / 86_400;
        let (runs, first, events) = (self.runs, self.first, self.events);
        let took = self.elapsed().as_secs();
        format!("{runs} runs from seed {first}: {events} events, {days} days simulated in {took} s")
    }

    fn show(&self) {
        say("trouble                              met");
        for kind in Trouble::all() {
            say(&format!("{:<32} {:>7}", kind.to_string(), self.met.of(kind)));
        }
        say("");
        let verdict = if self.wrong.is_some() { "WRONG" } else { "nothing lost, nothing doubled" };
        say(&format!("{}: {verdict}", self.line()));
    }

    fn json(&self) -> String {
        let met: serde_json::Map<_, _> =
            Trouble::all().into_iter().map(|kind| (kind.to_string(), json!(self.met.of(kind)))).collect();
        let wrong = self.wrong.as_ref().map(|report| json!({ "seed": report.seed, "differences": report.wrong }));
        json!({
            "first_seed": self.first,
            "runs": self.runs,
            "events": self.events,
            "simulated_seconds": self.simulated.as_secs(),
            "seconds": self.elapsed().as_secs(),
            "met": met,
            "wrong": wrong,
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
