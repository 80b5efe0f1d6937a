//! Three deliveries in one process, with faults and kills, one of whose targets is down for the whole time: the others go on as if
//! it were not there, and each of their bundles is executed once.

#![expect(clippy::print_stdout, reason = "the figures of a run are read by people")]

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;
use sheaf::mock::control_m::{Action, Fault};
use sheaf::model::{Clock as _, Completion, Execution, Sink, Target};
use sheaf::runtime::FaultPoint;

use super::process::{APPLICATIONS, Process};
use crate::alerts::http_server::{HttpServer, Reply};
use crate::control_m::support::closed_port;

/// The time between two kills.
const KILL_EVERY: Duration = Duration::from_secs(6);
/// The time until a killed instance is started again.
const DOWN: Duration = Duration::from_secs(1);
/// The bundles that are written at a time, and the time between two writes.
const BATCH: usize = 10;
const WRITE_EVERY: Duration = Duration::from_millis(500);
/// Where instances are killed: before the commit, between the commit and the calls, and with calls in flight.
const POINTS: [FaultPoint; 4] =
    [FaultPoint::Stepped, FaultPoint::Committed, FaultPoint::Applied, FaultPoint::HandedOver];
/// The write intervals after which a run has failed: two hours.
const INTERVALS_MAX: usize = 14_400;
const SEED: u64 = 7;

/// The number of bundles, each of which is a delivery of all three applications.
fn bundles() -> usize {
    std::env::var("SHEAF_TEST_DELIVERIES")
        .map_or(600, |number| number.parse().expect("SHEAF_TEST_DELIVERIES is a number"))
}

fn bundle(number: usize) -> String {
    format!("b{number:05}")
}

/// A fifth of the requests meets a fault, from a seed.
fn replies(count: usize) -> Vec<Reply> {
    let mut chance = fastrand::Rng::with_seed(SEED);
    let reply = |_| match chance.usize(..100) {
        0..5 => Reply::ExecutedAndStatus(503),
        5..10 => Reply::ExecutedAndReset,
        10..14 => Reply::Status(503, None),
        14..18 => Reply::Status(429, Some(1)),
        18..20 => Reply::Status(401, None),
        _ => Reply::Ok,
    };
    (0..2 * count).map(reply).collect()
}

fn faults() -> impl Iterator<Item = Fault> {
    let unavailable = || "<html>Service Unavailable</html>".to_owned();
    let actions = [
        (50, Action::RespondAfter { status: 503, body: unavailable() }),
        (50, Action::ResetAfter),
        (50, Action::ResetBefore),
        (
            50,
            Action::Respond {
                status: 429,
                body: unavailable(),
                headers: [("Retry-After".to_owned(), "1".to_owned())].into(),
            },
        ),
    ];
    actions.into_iter().map(|(chance, action)| Fault {
        probability: f64::from(chance) / 1_000.0,
        ..Fault::always("POST", "/run/ondemand", action)
    })
}

/// What became of the applications whose targets are up.
struct Run {
    process: Process,
    shop: HttpServer,
    /// The outcomes of `folders` and `shop` after each write interval.
    progress: Vec<[usize; 2]>,
}

/// Delivers bundles until `folders` and `shop` have ended all, or this many write intervals are over.
fn run(count: usize, depot: &str, intervals_max: usize, change: fn(Arc<dyn Sink>) -> Arc<dyn Sink>) -> Run {
    let (shop, mut random) = (HttpServer::start(&replies(count)), fastrand::Rng::with_seed(SEED));
    let mut process = Process::start(SEED, (&shop.url, depot), change);
    faults().for_each(|fault| process.simulator.inject(fault));
    let (mut written, mut next_kill) = (0, process.clock.uptime());
    let mut progress = Vec::new();
    while progress.len() < intervals_max && progress.last() != Some(&[count; 2]) {
        let batch = written..count.min(written + BATCH);
        written = batch.end;
        if !batch.is_empty() {
            process.complete(batch.map(bundle));
        }
        let now = process.clock.uptime();
        // Kills strike what is in progress: they would strike each attempt of the last bundle.
        if now >= next_kill && written < count {
            next_kill = now.saturating_add(KILL_EVERY);
            process.restart();
            process.kill_at(POINTS[random.usize(..POINTS.len())]);
        } else if now.saturating_add(KILL_EVERY) >= next_kill.saturating_add(DOWN) {
            process.restart();
        }
        process.advance(WRITE_EVERY);
        progress.push([process.ended("folders"), process.ended("shop")]);
    }
    Run { process, shop, progress }
}

/// Each bundle is one folder and one execution by its key, with one outcome each.
fn assert_once(run: &Run, count: usize) {
    let folders = run.process.simulator.dump().folders;
    let twice: Vec<_> = folders.iter().filter(|(_, folder)| folder.submits != 1).collect();
    assert_eq!((twice, folders.len()), (Vec::new(), count), "each folder once");
    let mut keys = BTreeMap::new();
    for (key, body) in run.shop.executed() {
        let id = body["id"].as_str().unwrap().to_owned();
        assert_eq!(*keys.entry(id).or_insert_with(|| key.clone()), key, "one key for each bundle");
    }
    assert_eq!(keys.len(), count, "each bundle is executed");
    for application in ["folders", "shop"] {
        let outcomes = run.process.values(application, "outcomes");
        let submitted = outcomes.iter().filter(|outcome| outcome["outcome"] == json!("submitted")).count();
        assert_eq!((outcomes.len(), submitted), (count, count), "{application}: one outcome each");
    }
    for (application, _) in APPLICATIONS {
        assert!(run.process.values(application, "dead-letters").is_empty(), "{application}");
    }
    assert!(run.process.kills >= 3, "{}", run.process.kills);
}

#[test]
fn a_target_that_is_down_stops_no_other_delivery() {
    let (count, began, (held, address)) = (bundles(), Instant::now(), closed_port());
    let depot = HttpServer::start(&[]);
    let up = run(count, &depot.url, INTERVALS_MAX, |sinks| sinks);
    assert_once(&up, count);
    assert_eq!(up.process.ended("depot"), count);
    let mut down = run(count, &format!("http://{address}"), INTERVALS_MAX, |sinks| sinks);
    assert_once(&down, count);
    assert_eq!(down.process.ended("depot"), 0, "nothing of what waits has failed");
    println!(
        "{count} bundles of three applications: {} and {} intervals of {WRITE_EVERY:?} with the third target up and down; {} and {} kills; {:?}",
        up.progress.len(),
        down.progress.len(),
        up.process.kills,
        down.process.kills,
        began.elapsed(),
    );
    assert_unchanged(&up.progress, &down.progress, count);

    // When it comes up, what waits is delivered, once.
    drop(held);
    let depot = HttpServer::on(TcpListener::bind(address).unwrap(), &[]);
    for _ in 0..count {
        down.process.restart();
        down.process.advance(Duration::from_secs(5));
        if down.process.ended("depot") == count {
            break;
        }
    }
    assert_eq!(down.process.ended("depot"), count);
    assert_eq!(depot.executed().len(), count, "each once, without a fault");
}

/// The mean number of deliveries that have ended, over so many write intervals.
fn mean(progress: &[[usize; 2]], index: usize, intervals: usize, count: usize) -> usize {
    let of = |interval: usize| progress.get(interval).map_or(count, |ended| ended[index]);
    (0..intervals).map(of).sum::<usize>() / intervals
}

/// Compares the time in which bundles are written, and as much after it: the back-off of the last ones is longer.
fn assert_unchanged(up: &[[usize; 2]], down: &[[usize; 2]], count: usize) {
    let intervals = 2 * count.div_ceil(BATCH);
    for (index, application) in ["folders", "shop"].iter().enumerate() {
        let (up, down) = (mean(up, index, intervals, count), mean(down, index, intervals, count));
        println!("{application}: {up} deliveries in the mean with the third target up, {down} with it down");
        assert!(down + count / 20 >= up, "{application} is behind: {down} instead of {up}");
    }
}

/// Sinks of which none has capacity while one is suspended.
#[derive(Debug)]
struct OneForAll(Arc<dyn Sink>);

impl Sink for OneForAll {
    fn execute(&self, execution: Execution, done: Completion) {
        self.0.execute(execution, done);
    }

    fn capacity(&self, to: &Target) -> usize {
        if self.0.suspensions().is_empty() { self.0.capacity(to) } else { 0 }
    }

    fn suspensions(&self) -> BTreeMap<Target, String> {
        self.0.suspensions()
    }
}

/// The test can fail: it finds targets that are suspended together.
#[test]
fn targets_that_are_suspended_together_are_found() {
    let count = 100;
    let (_held, closed) = closed_port();
    let run = run(count, &format!("http://{closed}"), count, |sinks| Arc::new(OneForAll(sinks)));
    assert_ne!(run.progress.last(), Some(&[count; 2]));
}
