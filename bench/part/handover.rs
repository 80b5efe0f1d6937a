//! The time without processing while a partition with much state moves to another instance.
//!
//! The instances `a` and `c` run all the time; a third, `0`, starts and stops. The range assignor orders members by name, so
//! partition 1 is assigned to `c` without `0`, and to `a` with it: each start and stop moves it between two running instances.

use std::sync::Arc;
use std::time::Duration;

use sheaf::broker::Broker;
use sheaf::broker::kafka::{KafkaBroker, KafkaSettings};
use sheaf::model::{Clock, Topic, TopicPartition};
use sheaf::runtime::SystemClock;

use crate::fill::{Entries, fill};
use crate::instance::{Instance, Setup, Target};
use crate::steady_load::SteadyLoad;
use crate::{Result, fixture};

/// The application's id.
const APPLICATION: &str = "bench-handover";
/// The partition that moves.
const MOVED: i32 = 1;
const ASSIGNED: &str = "sheaf_consumer_assigned_partitions";
const INBOX: &str = "bundle-inbox";
/// The number of partitions; the other one has little state.
const PARTITIONS: i32 = 2;
/// The number of consecutive checks without a change after which the group is stable.
const STABLE_CHECKS: u32 = 6;
/// The time-out of becoming stable.
const LIMIT: Duration = Duration::from_mins(5);
/// The time of measuring submissions after the partition has its new owner.
const AFTERWARDS: Duration = Duration::from_secs(8);

/// Move a partition with much state between instances, under load
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Options {
    #[command(flatten)]
    target: Target,
    /// Number of entries of the partition
    #[arg(long, default_value_t = 1_000_000)]
    entries: u64,
    /// Bytes of an entry, with its key
    #[arg(long, default_value_t = 250)]
    bytes: usize,
    /// Number of standbys of each task; with 2 every instance has all state
    #[arg(long, default_value_t = 2)]
    standbys: usize,
    /// Repetitions of each of the three: a start, an orderly stop, a kill
    #[arg(long, default_value_t = 5)]
    repeat: u32,
    /// The group's session time-out in milliseconds
    #[arg(long, default_value_t = 6_000)]
    session_ms: u64,
}

pub(crate) fn measure(options: &Options) -> Result<()> {
    std::fs::create_dir_all(&options.target.directory)?;
    let broker: Arc<dyn Broker> = Arc::new(KafkaBroker::new(KafkaSettings::new(&options.target.bootstrap_servers))?);
    let plan = fixture::prepare(&*broker, &fixture::settings(APPLICATION, PARTITIONS))?;
    let changelog = plan.changelogs().into_iter().next().ok_or("a topology without state")?;
    let changelog = TopicPartition::new(&changelog, MOVED);
    let setup = Setup {
        session: Duration::from_millis(options.session_ms),
        standbys: options.standbys,
        ..Setup::new(&options.target, APPLICATION, (fixture::TOPOLOGY, PARTITIONS))
    };
    // The genesis of the changelog and the offsets of the group are written before it is filled.
    let mut keeper = Instance::start(&setup, "a")?;
    let load = SteadyLoad::start(&broker, &TopicPartition::new(&Topic::new("ctm-submissions"), MOVED));
    keeper.until("submissions flow", |_| Some(load.pause_since(Duration::ZERO).ok()?.1 > 100))?;
    keeper.terminate()?;
    fill(&*broker, &changelog, Entries::of(options.entries, options.bytes), None)?;
    println!("{} entries of {} bytes are in {changelog}", options.entries, options.bytes);
    keeper = Instance::start(&setup, "a")?;
    let mut other = Instance::start(&setup, "c")?;
    wait_until_stable(&setup, &mut [&mut keeper, &mut other])?;
    let mut moves =
        [Moves::new("an instance joins"), Moves::new("an instance leaves"), Moves::new("the owner is killed")];
    let [joined, left, killed] = &mut moves;
    for _ in 0..options.repeat {
        let begun = SystemClock.uptime();
        let mut guest = Instance::start(&setup, "0")?;
        joined.note(begun, &load, &mut other, 0.0)?;
        wait_until_stable(&setup, &mut [&mut keeper, &mut other, &mut guest])?;
        // A static member that stops in order keeps its membership for a session time-out; its own partition waits for that time.
        let begun = SystemClock.uptime();
        guest.terminate()?;
        left.note(begun, &load, &mut other, 1.0)?;
        wait_until_stable(&setup, &mut [&mut keeper, &mut other])?;
        let begun = SystemClock.uptime();
        other.kill()?;
        killed.note(begun, &load, &mut keeper, 2.0)?;
        other = Instance::start(&setup, "c")?;
        wait_until_stable(&setup, &mut [&mut keeper, &mut other])?;
    }
    moves.iter_mut().for_each(Moves::print);
    println!("the last one includes the session time-out of {} ms", options.session_ms);
    load.stop()
}

/// Waits until every partition has an owner, every standby has caught up, and nothing moves any more.
fn wait_until_stable(setup: &Setup, instances: &mut [&mut Instance]) -> Result<()> {
    let others = instances.len().saturating_sub(1).min(setup.standbys);
    let tasks = f64::from(PARTITIONS);
    let expected = [("active", tasks), ("standby", tasks * f64::from(u32::try_from(others)?))];
    let mut calm = 0;
    let limit = SystemClock.uptime() + LIMIT;
    while calm < STABLE_CHECKS {
        if SystemClock.uptime() > limit {
            return Err("the instances do not become stable: see their logs".into());
        }
        let has_settled = expected.iter().all(|(kind, count)| {
            let kind = format!("kind=\"{kind}\"");
            let of = |instance: &&mut Instance| instance.metric("sheaf_tasks", &[&kind, "state=\"running\""]);
            let sum: Option<f64> = instances.iter().map(of).sum();
            sum.is_some_and(|sum| (sum - count).abs() < 0.5)
        });
        for instance in &mut *instances {
            instance.lives()?;
        }
        calm = if has_settled { calm + 1 } else { 0 };
        std::thread::sleep(Duration::from_millis(500));
    }
    Ok(())
}

/// The measurements of one kind of move.
struct Moves {
    what: &'static str,
    pauses: Vec<Duration>,
}

impl Moves {
    fn new(what: &'static str) -> Self {
        Self { what, pauses: Vec::new() }
    }

    /// Waits until an instance has this number of partitions, which the move changes, and for submissions afterwards; records the
    /// longest time without one.
    fn note(&mut self, begun: Duration, load: &SteadyLoad, watched: &mut Instance, partitions: f64) -> Result<()> {
        watched.until("the partition has moved", |watched| {
            Some((watched.metric(ASSIGNED, &[INBOX])? - partitions).abs() < 0.5)
        })?;
        std::thread::sleep(AFTERWARDS);
        let (longest, submissions) = load.pause_since(begun)?;
        println!("{}: {} ms without a submission, {submissions} since then", self.what, longest.as_millis());
        self.pauses.push(longest);
        Ok(())
    }

    fn print(&mut self) {
        self.pauses.sort_unstable();
        let millis = |pause: Option<&Duration>| pause.map_or(0, Duration::as_millis);
        let (middle, last) = (self.pauses.get(self.pauses.len() / 2), self.pauses.last());
        println!(
            "{:<20} p50 {:>6} ms, max {:>6} ms, of {}",
            self.what,
            millis(middle),
            millis(last),
            self.pauses.len()
        );
    }
}
