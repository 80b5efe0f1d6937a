//! Runs from seeds: instances of the real topology in bad nemesis, and an oracle that knows only what was written.
//!
//! ```text
//!  seed ──▶ plan ──▶ faults: write, crash, fence, stop, lose answers ──▶ heal ──▶ judge
//!                ──▶ faults, 25 hours later                          ──▶ heal ──▶ judge
//!                ──▶ faults, and the members that were missing come  ──▶ heal ──▶ judge
//!                ──▶ 8 days later                                            ──▶ judge
//! ```
//!
//! The instances are turned by [`World`](super::World), so what runs is what `sheaf run` runs. A run depends on its seed
//! alone; nothing is drawn elsewhere and nothing runs beside it.
//!
//! | file | what it is |
//! |---|---|
//! | `plan` | what is drawn before the run: swarm testing, so each run leaves some kinds of trouble out |
//! | `scene` | what the instances are made of |
//! | `run` | a run: who runs, what was written, what is told |
//! | `nemesis` | what is done to the instances |
//! | `faults` | which calls fail, and at which points a process ends |
//! | `executor` | a Control-M in memory that loses requests and answers |
//! | `judge` | what must be true |
//! | `kind` | the kinds of trouble, counted |
//!
//! Swarm testing: Groce et al., "Swarm Testing", ISSTA 2012.

mod checker;
mod coverage;
mod executor;
mod faults;
mod nemesis;
mod plan;
mod run;
mod setup;

pub use coverage::{Coverage, Trouble};

use std::time::Duration;

use run::Run;

use crate::model::Clock;
use crate::runtime::{Guarantee, Mutation};

/// What came of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Its seed.
    pub seed: u64,
    /// Which trouble it met.
    pub met: Coverage,
    /// What is wrong, in sentences; empty when nothing is.
    pub wrong: Vec<String>,
    /// What happened, a line each, with the simulated time.
    pub trace: Vec<String>,
    /// How many events were written.
    pub events: usize,
    /// How much time was simulated.
    pub simulated: Duration,
}

/// Longer than the deadline of every bundle.
const DAY: Duration = Duration::from_hours(25);
/// Longer than anything is kept that has ended.
const LONG: Duration = Duration::from_hours(8 * 24);
/// How long deliveries are waited for, in turns of three simulated seconds.
const PATIENCE: usize = 400;
/// The most turns that are waited for rest.
const TURNS_MAX: usize = 3_000;

/// Runs a seed, with the protocol broken in one place when a mutation is given.
pub fn run(seed: u64, mutation: Option<Mutation>) -> Report {
    play(Run::new(seed, Guarantee::ExactlyOnce, mutation), seed)
}

/// Runs a seed without transactions. What comes twice is right then; what is lost is wrong.
pub fn run_at_least_once(seed: u64) -> Report {
    play(Run::new(seed, Guarantee::AtLeastOnce, None), seed)
}

fn play(mut run: Run, seed: u64) -> Report {
    let draw = format!("{:?}", run.plan);
    run.tell(&draw);
    let acts: [fn(&mut Run); 4] = [
        |run| run.rage(120),
        |run| {
            a_while_later(run, DAY, "a day later");
            run.rage(30);
        },
        |run| {
            run.tell("what was missing comes");
            run.pending = std::mem::take(&mut run.held);
            run.rage(30);
        },
        |run| a_while_later(run, LONG, "after more than a week"),
    ];
    for act in acts {
        if run.wrong.is_empty() {
            act(&mut run);
            run.heal();
            settle(&mut run);
            run.judge();
        }
    }
    let mut met = run.met.clone();
    met.add(&run.faults().met);
    Report {
        seed,
        met,
        events: run.sent.len(),
        simulated: run.world.clock().uptime(),
        wrong: run.wrong,
        trace: run.trace,
    }
}

/// Everybody stops, and comes back when a deadline has passed.
fn a_while_later(run: &mut Run, time: Duration, when: &str) {
    run.tell(&format!("everybody stops, and comes back {when}"));
    for name in run.names() {
        if let Err(error) = run.world.stop(name) {
            run.wrong.push(format!("{name} does not stop in order: {error}"));
        }
        run.executor.end(name);
    }
    run.world.clock().advance(time);
}

/// Lets the time pass after which what is committed is in the stores.
fn settle_stores(run: &mut Run) {
    for _ in 0..=run.plan.write_behind.as_secs() {
        run.advance(1_000);
        run.turn();
    }
}

/// Lets those who are gone be forgotten, and the others follow what they are to follow until they have all of it.
fn settle_standbys(run: &mut Run) {
    /// Longer than an instance that says nothing is taken to live, and everybody has opened what follows from that.
    const FORGOTTEN: usize = 100;
    const SECONDS_MAX: usize = 1_000;
    for second in 0..if run.plan.standbys > 0 { SECONDS_MAX } else { 0 } {
        run.advance(1_000);
        run.turn();
        if second >= FORGOTTEN && run.catching_up() == 0 {
            return;
        }
    }
}

/// Turns until nothing is left to do and every delivery has ended.
fn settle(run: &mut Run) {
    for _ in 0..PATIENCE {
        if !run.wrong.is_empty() {
            return;
        }
        match run.world.settle(TURNS_MAX) {
            Ok(true) => {}
            Ok(false) => return run.wrong.push("the instances do not come to rest".to_owned()),
            Err(error) => return run.wrong.push(format!("an instance has stopped: {error}")),
        }
        if run.executor.open() == 0 && run.delivered() >= run.complete() {
            settle_stores(run);
            return settle_standbys(run);
        }
        run.advance(3_000);
        run.turn();
    }
}
