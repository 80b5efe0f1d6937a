//! `sheaf demo`: a day of events in a minute, in memory, with two instances, a crash and a simulated Control-M; or the story of an
//! example's flow.

mod console;
mod printer;
mod story;
mod verdict;
mod wait;

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::Context;
use tokio::runtime::Handle;

use crate::app::{self, Assembly, Calls, Secrets, TopologyFile};
use crate::broker::memory;
use crate::cli::exit::Failure;
use crate::cli::output::{no_color, print_stdout};
use crate::config::{Config, Sources};
use crate::metric::Metrics;
use crate::mock::control_m::{Action, Fault, Simulator, SimulatorHandle, SimulatorSettings};
use crate::model::{Clock, Completion, Execution, Sink, Target, Timestamp};
use crate::runtime::{Limits, NoSink, Settings};
use crate::sim::oracle::{self, Outcome};
use crate::sim::{Day, Harness, ManualClock, Observation, Setup, World};
use crate::sink::Sinks;
use crate::template::Template;
use printer::Printer;
use wait::{pause, wait_for_acts};

/// Run a day of events in a minute: in memory, with two instances, a crash and a simulated Control-M
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Needs no Kafka and no network: the broker is in memory, and a simulated Control-M listens on loopback. The stream \
threads are those of `sheaf run`. Exit code 0 if the outputs are those that an oracle computes from the input alone, \
1 otherwise.

  sheaf demo --console --port 8090
  sheaf demo --story food        a meal: workers and a person are asked for tasks (examples/food)
  sheaf demo --story retail      an order and its payment: calls, tries, compensation (examples/retail)

A story is a scenario of the example on a virtual clock, told line by line: who says what, and what sheaf does then.")]
pub(super) struct Args {
    /// Seed of the day's events; the same seed gives the same day
    #[arg(long, default_value_t = 7)]
    seed: u64,
    /// Print without pauses
    #[arg(long)]
    fast: bool,
    /// Print JSON, one object per line, the verdict last
    #[arg(long)]
    json: bool,
    /// After the day, without pauses, show it in the console, with open, late and failed bundles and dead letters, until Ctrl-C
    #[arg(long, conflicts_with = "json")]
    console: bool,
    /// The port of the console on loopback; 8080 without it, or any free one if that is taken
    #[arg(long, requires = "console")]
    port: Option<u16>,
    /// Tell the story of an example's flow instead
    #[arg(long, value_name = "EXAMPLE", conflicts_with_all = ["seed", "json", "console", "port"])]
    story: Option<story::Story>,
}

const TOPOLOGY: &str = include_str!("../../../../topologies/control-m.yaml");
const TEMPLATE: &str = include_str!("../../../../templates/bundle.json");
/// 2026-11-20T00:00:00Z.
const START: Timestamp = Timestamp::from_millis(1_795_132_800_000);

pub(super) fn main(args: &Args) -> Result<ExitCode, Failure> {
    let colours = std::io::stdout().is_terminal() && !no_color();
    if let Some(story) = args.story {
        return story::run(story, args.fast, colours);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let start = if args.console { console::start() } else { START };
    let clock = Arc::new(ManualClock::new(start));
    let simulator = Simulator::start(SimulatorSettings::new(clock.clone(), args.seed), runtime.handle())
        .context("the Control-M simulator cannot listen on loopback")?;
    let in_flight = Arc::new(AtomicUsize::new(0));
    let template = |_: &Path| Ok(Template::compile("templates/bundle.json", TEMPLATE)?);
    let file = TopologyFile::parse("topologies/control-m.yaml", TOPOLOGY, template)?;
    let sla = file.spec.bundle().context("topologies/control-m.yaml")?.rules.sla;
    let (mut world, metrics) = world(&file, &clock, &simulator, &in_flight, runtime.handle())?;
    let mut day = Day::new(args.seed, start);
    let mut terminal = Terminal {
        printer: Printer::new(start, args.json, colours),
        simulator: &simulator,
        in_flight: &in_flight,
        fast: args.fast || args.console,
    };
    terminal.printer.introduction(args.seed);
    day.run(&mut world, &mut terminal)?;
    let outcome = outcome(&world, &simulator);
    let violations = oracle::check(day.sent(), &outcome, sla);
    if args.json {
        print_stdout(&verdict::json(&violations));
    } else {
        print_stdout(&verdict::table(day.sent(), &outcome, start));
        print_stdout(&verdict::sentence(day.sent(), &outcome, &violations, colours));
    }
    if args.console {
        let (world, handle) = (&mut world, runtime.handle());
        let stage = console::Stage { world, simulator: &simulator, in_flight: &in_flight, metrics, handle };
        console::run(stage, (args.seed, args.port))?;
    }
    runtime.block_on(simulator.stop());
    Ok(if violations.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The configuration of the instances: defaults, and the simulator as Control-M.
fn config(simulator: &SimulatorHandle) -> Result<Config, Failure> {
    let flags = [
        "application_id=demo".to_owned(),
        "kafka.bootstrap_servers=memory".to_owned(),
        format!("control_m.base_url={}", simulator.base_url()),
        "control_m.api_key=demo".to_owned(),
    ];
    Ok(Config::load(&Sources { files: &[], environment: &[], flags: &flags, host_name: "a" })?)
}

fn world(
    file: &TopologyFile,
    clock: &Arc<ManualClock>,
    simulator: &SimulatorHandle,
    in_flight: &Arc<AtomicUsize>,
    handle: &Handle,
) -> Result<(World, Arc<Metrics>), Failure> {
    let config = config(simulator)?;
    let Assembly { topology, metrics, .. } = Assembly::new(&config, file)?;
    let settings = Settings {
        limits: Limits { broker_timeout: Duration::from_secs(5), ..Limits::default() },
        ..app::settings(&config, String::new())
    };
    let secrets = Arc::new(Secrets::new(handle));
    let calls = Calls { handle: handle.clone(), clock: clock.clone(), metrics: metrics.clone() };
    let in_flight = in_flight.clone();
    let of_instances = metrics.clone();
    let world = World::new(Setup {
        topology,
        settings,
        broker: memory::Settings::default(),
        clock: clock.clone(),
        sink: Box::new(move |_instance| match app::sinks(&config, &secrets, &calls) {
            Ok(sinks) => Arc::new(CountingSink { sinks, in_flight: in_flight.clone() }),
            Err(_) => Arc::new(NoSink),
        }),
        metrics: Box::new(move || of_instances.clone()),
        spans: None,
        crash_policy: crate::sim::never_crash(),
    });
    Ok((world, metrics))
}

fn outcome(world: &World, simulator: &SimulatorHandle) -> Outcome {
    let plan = world.plan();
    let submissions = plan.topology.nodes.iter().find_map(|node| node.output(crate::processor::bundle::SUBMISSIONS));
    let records = |topic| world.broker().committed_records(topic);
    let folders = simulator.dump().folders.into_iter();
    Outcome {
        submissions: submissions.map(records).unwrap_or_default(),
        alerts: records(&plan.alerts),
        dead_letters: records(&plan.dead_letters),
        folders: folders.map(|(name, folder)| (name, folder.run_ids.len())).collect::<BTreeMap<_, _>>(),
        end: world.clock().now(),
    }
}

/// Sinks with a count of acts in flight, so that the simulated clock can wait for them.
#[derive(Debug)]
struct CountingSink {
    sinks: Sinks,
    in_flight: Arc<AtomicUsize>,
}

impl Sink for CountingSink {
    fn execute(&self, execution: Execution, done: Completion) {
        self.in_flight.fetch_add(1, Ordering::AcqRel);
        let in_flight = self.in_flight.clone();
        let done = Box::new(move |outcome| {
            done(outcome);
            in_flight.fetch_sub(1, Ordering::AcqRel);
        });
        self.sinks.execute(execution, done);
    }

    fn capacity(&self, to: &Target) -> usize {
        self.sinks.capacity(to)
    }
}

/// Prints observations with pauses, waits for acts, and injects the lost answer into the simulator.
struct Terminal<'a> {
    printer: Printer,
    simulator: &'a SimulatorHandle,
    in_flight: &'a AtomicUsize,
    fast: bool,
}

impl Harness for Terminal<'_> {
    fn before_advance(&mut self, _at: Timestamp) {
        wait_for_acts(self.in_flight);
    }

    fn observed(&mut self, at: Timestamp, observation: &Observation) {
        if !self.fast {
            pause(printer::pause(observation));
        }
        self.printer.observation(at, observation);
    }

    fn lose_answer(&mut self) {
        self.simulator.inject(Fault::once("POST", "/run/ondemand", Action::ResetAfter));
    }

    fn calls_in_flight(&self) -> usize {
        self.in_flight.load(Ordering::Acquire)
    }
}
