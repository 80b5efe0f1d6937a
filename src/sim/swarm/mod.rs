//! Swarm testing: runs with faults, drawn from seeds, and checked by an oracle that knows only the written events.
//!
//! ```text
//!  seed ──▶ plan ──▶ writes with faults: crash, fence, stop, lose answers ──▶ heal ──▶ check
//!                ──▶ 25 hours later, faults again                        ──▶ heal ──▶ check
//!                ──▶ writes of the withheld members, with faults          ──▶ heal ──▶ check
//!                ──▶ 8 days later                                        ──▶ heal ──▶ check
//! ```
//!
//! The instances run in a [`World`](super::World), with the code of `sheaf run`. A run depends on its seed alone: there is
//! one source of random numbers and one thread.
//!
//! | file | what it is |
//! |---|---|
//! | `plan` | what is drawn before the run: sizes, time-outs, and the probabilities of faults, some of which are 0 |
//! | `setup` | the topology and the settings of the instances |
//! | `run` | the state of a run: its instances, the written events, the trace |
//! | `nemesis` | kills, stops and pauses instances, sets the clock, makes the brokers unreachable |
//! | `faults` | fails calls to the broker, and crashes instances at fault points |
//! | `executor` | Control-M in memory, with lost requests and answers |
//! | `commands`, `sent_commands` | operators' commands, and the checks of them |
//! | `scripts`, `script_run` | runs of threads of a script: under the same faults, with an oracle of their own |
//! | `flows`, `flow_run` | runs of flows instead of bundles: under the same faults, with an oracle of their own |
//! | `checker`, `history` | the checks of a run |
//! | `coverage` | faults and paths, counted |
//!
//! Swarm testing: Groce et al., "Swarm Testing", ISSTA 2012.

mod checker;
mod commands;
mod coverage;
mod executor;
mod faults;
mod flow_run;
mod flows;
mod history;
mod nemesis;
mod plan;
mod run;
mod script_run;
mod scripts;
mod sent_commands;
mod setup;

pub use coverage::{Coverage, CoveragePoint};

use std::time::Duration;

use flows::Workers;
use plan::Kind;
use run::Run;

use crate::config::ProcessingGuarantee;
use crate::model::Clock;
use crate::processor::flow;
use crate::runtime::Mutation;

/// The result of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Its seed.
    pub seed: u64,
    /// Its faults and paths, counted.
    pub coverage: Coverage,
    /// The violations, as sentences; empty for a correct run.
    pub violations: Vec<String>,
    /// One line per operation or fault, with the simulated time.
    pub trace: Vec<String>,
    /// The number of written events, and of flows.
    pub events: usize,
    /// True for a run of flows.
    pub is_of_flows: bool,
    /// True for a run of scripts.
    pub is_of_scripts: bool,
    /// The simulated time.
    pub simulated: Duration,
}

impl Report {
    /// The command that repeats the run.
    pub fn command(&self) -> String {
        let flows = match (self.is_of_flows, self.is_of_scripts) {
            (true, _) => " --flows",
            (false, true) => " --scripts",
            (false, false) => "",
        };
        format!("sheaf simulate{flows} --seed {} --runs 1 --trace", self.seed)
    }
}

/// Longer than the deadline of every bundle.
const PAST_DEADLINE: Duration = Duration::from_hours(25);
/// Longer than closed bundles and ended deliveries are kept.
const PAST_RETENTION: Duration = Duration::from_hours(8 * 24);
/// The longest wait for deliveries, in steps of three simulated seconds.
const DELIVERY_WAITS_MAX: usize = 400;
/// The most turns until the instances are idle.
const TURNS_MAX: usize = 3_000;

/// The turns within which a deadline that is due gets its watermark and fires.
const DEADLINE_TURNS: u64 = 5;
/// The most times that dirty entries are waited for.
const FLUSHES_MAX: usize = 20;

/// Runs a seed, with a mutation of the protocol if one is given.
pub fn run(seed: u64, mutation: Option<Mutation>) -> Report {
    execute(Run::new(seed, ProcessingGuarantee::ExactlyOnce, Kind::Bundles, mutation), seed)
}

/// Runs a seed without transactions: duplicates are allowed, losses are violations.
pub fn run_at_least_once(seed: u64) -> Report {
    execute(Run::new(seed, ProcessingGuarantee::AtLeastOnce, Kind::Bundles, None), seed)
}

/// Runs a seed of a topology that keeps a history, which has other calls to the broker, so that its faults come elsewhere.
pub fn run_with_history(seed: u64) -> Report {
    execute(Run::new(seed, ProcessingGuarantee::ExactlyOnce, Kind::BundlesWithHistory, None), seed)
}

/// Runs a seed of flows instead of bundles, with a mutation of their rules if one is given: staged templates, or steps with messages,
/// times and tries, or steps that are taken back. Workers answer once, twice, late, early, wrongly or never.
pub fn run_flows(seed: u64, mutation: Option<flow::Mutation>) -> Report {
    execute(Run::new(seed, ProcessingGuarantee::ExactlyOnce, Kind::Flows(mutation), None), seed)
}

/// Runs a seed of threads of a script instead of bundles, with a mutation of the protocol if one is given. Events come in any order, twice, for nothing, and after
/// the end.
#[cfg(feature = "script")]
pub fn run_scripts(seed: u64, mutation: Option<Mutation>) -> Report {
    execute(Run::new(seed, ProcessingGuarantee::ExactlyOnce, Kind::Scripts, mutation), seed)
}

fn execute(mut run: Run, seed: u64) -> Report {
    let plan = format!("{:?}", run.plan);
    run.log(&plan);
    let phases: [fn(&mut Run); 4] = [
        |run| {
            run.begin_flows();
            run.begin_threads();
            run.run_with_faults(120);
        },
        |run| {
            restart_after(run, PAST_DEADLINE, "a day later");
            run.begin_flows();
            run.begin_threads();
            run.run_with_faults(30);
        },
        |run| {
            run.log("the withheld members are written");
            run.pending = std::mem::take(&mut run.withheld);
            run.begin_flows();
            run.begin_threads();
            run.run_with_faults(30);
            run.is_last_written = true;
        },
        |run| {
            restart_after(run, PAST_RETENTION, "after more than a week");
            run.is_past_retention = true;
        },
    ];
    for phase in phases {
        if run.violations.is_empty() {
            phase(&mut run);
            run.heal();
            if run.is_last_written && !run.is_past_retention {
                run.settle_flows();
            }
            await_deliveries(&mut run);
            run.check();
        }
    }
    let mut coverage = run.coverage.clone();
    coverage.add(&run.faults().coverage);
    Report {
        seed,
        coverage,
        events: run.sent.len() + run.workers.as_ref().map_or(0, Workers::count) + run.count_threads(),
        is_of_flows: run.workers.is_some(),
        is_of_scripts: run.plan.scripts,
        simulated: run.world.clock().uptime(),
        violations: run.violations,
        trace: run.trace,
    }
}

/// Stops all instances, and advances the clock; the next phase starts them again.
fn restart_after(run: &mut Run, time: Duration, when: &str) {
    run.log(&format!("all instances stop and start again {when}"));
    for name in run.names() {
        if let Err(error) = run.world.stop(name) {
            run.violations.push(format!("{name} does not stop in order: {error}"));
        }
        run.executor.remove_process(name);
    }
    run.world.clock().advance(time);
}

/// Advances the clock until all dirty entries are written to the stores: for as long as entries stay dirty, and again if a deadline
/// has fired meanwhile.
fn flush_stores(run: &mut Run) {
    for _ in 0..FLUSHES_MAX {
        let before = run.changelog_records();
        for _ in 0..=run.plan.write_behind.as_secs().max(DEADLINE_TURNS) {
            run.advance(1_000);
            run.turn();
        }
        if run.changelog_records() == before {
            return;
        }
    }
}

/// Advances the clock until dead instances are evicted from the registry, and the standbys of the others are complete.
fn await_standbys(run: &mut Run) {
    /// Longer than until silent instances are evicted and the others have opened their new standbys.
    const EVICTION_SECONDS: usize = 100;
    const SECONDS_MAX: usize = 1_000;
    for second in 0..if run.plan.standbys > 0 { SECONDS_MAX } else { 0 } {
        run.advance(1_000);
        run.turn();
        if second >= EVICTION_SECONDS && run.restoring_standbys() == 0 {
            return;
        }
    }
}

/// Runs until the instances are idle, every delivery has ended, and the stores and standbys are complete.
fn await_deliveries(run: &mut Run) {
    for _ in 0..DELIVERY_WAITS_MAX {
        if !run.violations.is_empty() {
            return;
        }
        match run.world.run_until_idle(TURNS_MAX) {
            Ok(true) => {}
            Ok(false) => return run.violations.push("the instances do not become idle".to_owned()),
            Err(error) => return run.violations.push(format!("an instance has stopped: {error}")),
        }
        let is_done = run.executor.calls_in_flight() == 0 && run.ended_deliveries() >= run.wanted_deliveries();
        if is_done && !run.deadlines_wait() {
            flush_stores(run);
            return await_standbys(run);
        }
        run.advance(3_000);
        run.turn();
    }
}
