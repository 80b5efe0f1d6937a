//! Runs from seeds: instances of the real topology in bad weather, and an oracle that knows only what was written.
//!
//! ```text
//!  seed ──▶ plan ──▶ storm: write, crash, fence, stop, lose answers ──▶ heal ──▶ judge
//!                ──▶ storm, 25 hours later                          ──▶ heal ──▶ judge
//!                ──▶ storm, and the members that were missing come  ──▶ heal ──▶ judge
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
//! | `story` | a run: who runs, what was written, what is told |
//! | `weather` | what is done to the instances |
//! | `storm` | which calls fail, and at which points a process ends |
//! | `desk` | a Control-M in memory that loses requests and answers |
//! | `judge` | what must be true |
//! | `kind` | the kinds of trouble, counted |
//!
//! Swarm testing: Groce et al., "Swarm Testing", ISSTA 2012.

mod desk;
mod judge;
mod kind;
mod plan;
mod scene;
mod storm;
mod story;
mod weather;

pub use kind::{Kind, Tally};

use std::time::Duration;

use story::Story;

use crate::model::Clock;
use crate::runtime::{Guarantee, Mutation};

/// What came of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Its seed.
    pub seed: u64,
    /// Which trouble it met.
    pub met: Tally,
    /// What is wrong, in sentences; empty when nothing is.
    pub wrong: Vec<String>,
    /// What happened, a line each, with the simulated time.
    pub story: Vec<String>,
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
    play(Story::new(seed, Guarantee::ExactlyOnce, mutation), seed)
}

/// Runs a seed without transactions. What comes twice is right then; what is lost is wrong.
pub fn run_at_least_once(seed: u64) -> Report {
    play(Story::new(seed, Guarantee::AtLeastOnce, None), seed)
}

fn play(mut story: Story, seed: u64) -> Report {
    let draw = format!("{:?}", story.plan);
    story.tell(&draw);
    let acts: [fn(&mut Story); 4] = [
        |story| story.rage(120),
        |story| {
            a_while_later(story, DAY, "a day later");
            story.rage(30);
        },
        |story| {
            story.tell("what was missing comes");
            story.pending = std::mem::take(&mut story.held);
            story.rage(30);
        },
        |story| a_while_later(story, LONG, "after more than a week"),
    ];
    for act in acts {
        if story.wrong.is_empty() {
            act(&mut story);
            story.heal();
            settle(&mut story);
            story.judge();
        }
    }
    let mut met = story.met.clone();
    met.add(&story.storm().met);
    Report {
        seed,
        met,
        events: story.sent.len(),
        simulated: story.world.clock().uptime(),
        wrong: story.wrong,
        story: story.lines,
    }
}

/// Everybody stops, and comes back when a deadline has passed.
fn a_while_later(story: &mut Story, time: Duration, when: &str) {
    story.tell(&format!("everybody stops, and comes back {when}"));
    for name in story.names() {
        if let Err(error) = story.world.stop(name) {
            story.wrong.push(format!("{name} does not stop in order: {error}"));
        }
        story.desk.end(name);
    }
    story.world.clock().advance(time);
}

/// Lets the time pass after which what is committed is in the stores.
fn settle_stores(story: &mut Story) {
    for _ in 0..=story.plan.write_behind.as_secs() {
        story.advance(1_000);
        story.turn();
    }
}

/// Lets those who are gone be forgotten, and the others follow what they are to follow until they have all of it.
fn settle_standbys(story: &mut Story) {
    /// Longer than an instance that says nothing is taken to live, and everybody has opened what follows from that.
    const FORGOTTEN: usize = 100;
    const SECONDS_MAX: usize = 1_000;
    for second in 0..if story.plan.standbys > 0 { SECONDS_MAX } else { 0 } {
        story.advance(1_000);
        story.turn();
        if second >= FORGOTTEN && story.catching_up() == 0 {
            return;
        }
    }
}

/// Turns until nothing is left to do and every delivery has ended.
fn settle(story: &mut Story) {
    for _ in 0..PATIENCE {
        if !story.wrong.is_empty() {
            return;
        }
        match story.world.settle(TURNS_MAX) {
            Ok(true) => {}
            Ok(false) => return story.wrong.push("the instances do not come to rest".to_owned()),
            Err(error) => return story.wrong.push(format!("an instance has stopped: {error}")),
        }
        if story.desk.open() == 0 && story.delivered() >= story.complete() {
            settle_stores(story);
            return settle_standbys(story);
        }
        story.advance(3_000);
        story.turn();
    }
}
