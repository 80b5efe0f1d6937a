//! `sheaf demo --console`: after the day some hours more, with what goes wrong in them, and then the console at the time of the wall clock.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::Context as _;
use bytes::Bytes;
use serde_json::Value;
use tokio::runtime::Handle;

use super::wait::{pause, wait_for_acts};
use crate::admin::{self, Access, Role, Server, ServerSettings};
use crate::app::{InstanceStatus, Process};
use crate::broker::{Broker as _, Producer, ProducerSpec};
use crate::cli::exit::Failure;
use crate::cli::output::print_stdout;
use crate::cli::signal;
use crate::metric::Metrics;
use crate::mock::control_m::{Action, Fault, SimulatorHandle};
use crate::model::{Clock as _, OutRecord, Timestamp, Topic};
use crate::runtime::{Queries, SystemClock};
use crate::sim::{Day, Generator, ManualClock, SampleEvent, World};
use crate::sink::Sinks;

/// The port that is tried first.
pub(super) const PORT: u16 = 8080;
/// The time after the day, in which things go wrong.
const TROUBLE: Duration = Duration::from_hours(4);
/// The simulated time between two turns of it.
const STEP: Duration = Duration::from_secs(10);
/// The real time between two turns afterwards.
const TURN: Duration = Duration::from_millis(20);
/// The real time between two events afterwards.
const EVENT_INTERVAL: Duration = Duration::from_secs(15);
/// The instance that serves the console, and the one that leaves before, so that one instance has all partitions.
const INSTANCE: &str = "b";
const OTHER: &str = "a";
/// The most turns until the instance is idle.
const TURNS_MAX: usize = 20_000;
/// The time-out of a call to the broker.
const TIMEOUT: Duration = Duration::from_secs(5);
/// The path by which folders are submitted.
const SUBMIT: &str = "/run/ondemand";

/// The start of a day that ends, with what comes after it, now.
pub(super) fn start() -> Timestamp {
    SystemClock.now().saturating_sub(Day::LENGTH).saturating_sub(TROUBLE)
}

/// The world of the day that is over, and its surroundings.
pub(super) struct Stage<'a> {
    pub(super) world: &'a mut World,
    pub(super) simulator: &'a SimulatorHandle,
    pub(super) in_flight: &'a AtomicUsize,
    pub(super) metrics: Arc<Metrics>,
    pub(super) handle: &'a Handle,
}

/// Plays some hours more, serves the console, and goes on until a signal to stop.
pub(super) fn run(mut stage: Stage<'_>, (seed, port): (u64, Option<u16>)) -> Result<(), Failure> {
    let mut producer = stage.world.broker().process("events").producer(&ProducerSpec::transactional("events"))?;
    producer.init(TIMEOUT)?;
    let mut events = Events { generator: Generator::new(seed.wrapping_add(1)), producer };
    stage.world.stop(OTHER)?;
    stage.trouble(&mut events)?;
    let server = stage.serve(port)?;
    print_stdout(&format!("\nThe console: http://{}/", server.address()));
    print_stdout("It has open, late and failed bundles, and dead letters. The one of a child says");
    print_stdout("`parentid`: edit it to `parent_id`, and its bundle is complete. Ctrl-C ends it.");
    let stopped = Arc::new(AtomicBool::new(false));
    let stopping = Arc::clone(&stopped);
    stage.handle.spawn(async move {
        // Without handlers the signal ends the process by itself.
        if signal::received().await.is_ok() {
            stopping.store(true, Ordering::Release);
        }
    });
    let ended = stage.go_on(&mut events, &stopped);
    stage.handle.block_on(server.stop());
    ended
}

impl Stage<'_> {
    /// What an operator may find in the morning.
    fn trouble(&mut self, events: &mut Events) -> Result<(), Failure> {
        let clock = self.world.clock().clone();
        let hour = Duration::from_hours(1);
        // Open: two parents that wait for their children, a child that waits for its parent.
        let [open, misspelt, no_parent, refused, busy] =
            [2, 1, 1, 1, 1].map(|children| events.bundle(children, clock.now()));
        events.write(open.iter().take(2))?;
        self.pass(hour)?;
        events.write(no_parent.iter().skip(1))?;
        events.write_raw(Day::PARENTS, b"\xff\xfe no JSON at all")?;
        self.pass(hour)?;
        events.write(misspelt.iter().take(1))?;
        for child in misspelt.iter().skip(1) {
            let text = child.value.to_string().replace("\"parent_id\"", "\"parentid\"");
            events.write_raw(Day::CHILDREN, text.as_bytes())?;
        }
        self.pass(hour)?;
        // Refused for good: no other attempt.
        self.simulator.inject(Fault::once(
            "POST",
            SUBMIT,
            answer(400, "Application 'orders' is not allowed for this user"),
        ));
        events.write(refused.iter())?;
        self.pass(hour)?;
        self.catch_up()?;
        // Refused for a minute: the attempts go on.
        let unavailable = answer(503, "the server is being restarted");
        self.simulator.inject(Fault { times: Some(4), ..Fault::always("POST", SUBMIT, unavailable) });
        events.write(busy.iter())?;
        self.world.run_until_idle(TURNS_MAX)?;
        wait_for_acts(self.in_flight);
        self.world.run_until_idle(TURNS_MAX)?;
        Ok(())
    }

    /// Lets simulated time pass.
    fn pass(&mut self, time: Duration) -> Result<(), Failure> {
        let until = self.world.clock().now().saturating_add(time);
        while self.world.clock().now() < until {
            self.turn()?;
            wait_for_acts(self.in_flight);
            self.world.clock().advance(STEP);
        }
        self.turn()
    }

    /// Lets simulated time pass until it is the real one.
    fn catch_up(&mut self) -> Result<(), Failure> {
        while let Some(behind) = behind(self.world.clock()) {
            self.world.clock().advance(behind.min(STEP));
            self.turn()?;
        }
        Ok(())
    }

    fn turn(&mut self) -> Result<(), Failure> {
        while self.world.turn()? {}
        Ok(())
    }

    fn serve(&self, port: Option<u16>) -> Result<Server, Failure> {
        let (status, queries) =
            self.world.shared(INSTANCE).context("the instance that serves the console has stopped")?;
        let queries = Arc::new(std::sync::OnceLock::<Queries>::from(queries));
        let (metrics, clock) = (self.metrics.clone(), self.world.clock().clone());
        let instance = InstanceStatus { status, queries, metrics, clock, sinks: Sinks::new() };
        let broker = Arc::new(self.world.broker().process("console"));
        let plan = self.world.plan();
        let process = Process::of_one((self.world.application(), INSTANCE), &plan.topology, instance, broker);
        let process = Arc::new(process);
        let bind = |port| {
            let access = Access { anonymous: Some(Role::Admin), ..Access::default() };
            let bind = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port);
            Server::start(ServerSettings { access, ..ServerSettings::readable(bind) }, process.clone())
        };
        let server = self.handle.block_on(async {
            match bind(port.unwrap_or(PORT)).await {
                // The usual port is taken, and nobody has asked for it.
                Err(admin::Error::Bind { .. }) if port.is_none() => bind(0).await,
                started => started,
            }
        })?;
        process.serves_at(server.address().to_string());
        Ok(server)
    }

    /// Turns the instance by the wall clock, while bundles come and are completed, so that a page has something to follow.
    fn go_on(&mut self, events: &mut Events, stopped: &AtomicBool) -> Result<(), Failure> {
        let (mut next_event, mut pending) = (SystemClock.uptime(), Vec::<SampleEvent>::new());
        while !stopped.load(Ordering::Acquire) {
            if SystemClock.uptime() >= next_event {
                next_event = SystemClock.uptime().saturating_add(EVENT_INTERVAL);
                if pending.is_empty() {
                    pending = events.bundle(1, self.world.clock().now());
                }
                let event = pending.pop();
                events.write(event.iter())?;
            }
            self.catch_up()?;
            self.turn()?;
            pause(TURN);
        }
        Ok(())
    }
}

/// The time by which the clock is behind the wall clock.
fn behind(clock: &ManualClock) -> Option<Duration> {
    Some(SystemClock.now().since(clock.now())).filter(|behind| !behind.is_zero())
}

/// An answer with Control-M's list of errors.
fn answer(status: u16, message: &str) -> Action {
    let body = serde_json::json!({ "errors": [{ "message": message }] });
    Action::Respond { status, headers: std::collections::BTreeMap::new(), body: body.to_string() }
}

/// Writes events.
struct Events {
    generator: Generator,
    producer: Box<dyn Producer>,
}

impl Events {
    fn bundle(&mut self, children: u32, at: Timestamp) -> Vec<SampleEvent> {
        self.generator.bundle(children, at)
    }

    fn write<'a>(&mut self, events: impl Iterator<Item = &'a SampleEvent>) -> Result<(), Failure> {
        for event in events {
            let topic = if event.is_parent() { Day::PARENTS } else { Day::CHILDREN };
            let value: &Value = &event.value;
            self.write_raw(topic, value.to_string().as_bytes())?;
        }
        Ok(())
    }

    fn write_raw(&mut self, topic: &str, value: &[u8]) -> Result<(), Failure> {
        let record = OutRecord::unkeyed(&Topic::new(topic), Bytes::copy_from_slice(value));
        self.producer.transact(&[record], TIMEOUT)?;
        Ok(())
    }
}
