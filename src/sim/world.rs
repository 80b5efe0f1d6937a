//! A cluster in memory with instances on it, all driven from one thread.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::sync::mpsc;
use std::time::Duration;

use uuid::Uuid;

use super::ManualClock;
use super::pause::{self, Pause, Standing};
use super::process::{Process, Strikes};
use crate::broker::memory::{self, MemoryBroker};
use crate::broker::{Broker, Waker};
use crate::metric::Metrics;
use crate::model::{Clock, InstanceId, Sink, Timestamp};
use crate::runtime::{
    self, Application, Context, FaultPoint, Housekeeper, Incarnation, Restorer, Settings, Status, StreamThread,
    TopologyPlan, Turn,
};
use crate::store::memory::MemoryStores;
use crate::topology::Topology;

/// Makes the sink of an instance: each process has its own.
pub type MakeSink = Box<dyn Fn(&str) -> Arc<dyn Sink>>;

/// Everything that a world is made from.
pub struct Setting {
    /// What runs.
    pub topology: Topology,
    /// Names and limits; `instance` is replaced by each instance's own.
    pub settings: Settings,
    /// The cluster.
    pub broker: memory::Settings,
    /// The clock.
    pub clock: Arc<ManualClock>,
    /// Who executes acts.
    pub sink: MakeSink,
    /// What each instance counts in.
    pub metrics: Box<dyn Fn() -> Arc<Metrics>>,
    /// Who ends where.
    pub strikes: Strikes,
}

impl fmt::Debug for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Setting").field("settings", &self.settings).finish_non_exhaustive()
    }
}

/// A cluster, a clock, and instances that come, go and crash.
pub struct World {
    setting: Setting,
    plan: TopologyPlan,
    broker: MemoryBroker,
    machines: BTreeMap<String, Machine>,
    /// Those that stand still in the middle of a turn.
    standing: BTreeMap<String, (MemoryBroker, Standing<Turned>)>,
    disks: BTreeMap<String, MemoryStores>,
    starts: u64,
}

/// A machine, and what came of its turn.
type Turned = (Machine, runtime::Result<bool>);

/// One running instance.
struct Machine {
    process: MemoryBroker,
    context: Context,
    streams: Vec<StreamThread>,
    restorer: Restorer,
    /// True while its disk is so slow that no restore gets on.
    slow: bool,
    housekeeper: Housekeeper,
    pause: Arc<Pause>,
}

impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("World").field("machines", &self.machines.keys()).finish_non_exhaustive()
    }
}

impl World {
    /// An empty cluster with no instance.
    pub fn new(setting: Setting) -> Self {
        let broker = MemoryBroker::new(setting.broker.clone(), setting.clock.clone());
        let plan = TopologyPlan::new(setting.topology.clone(), &setting.settings);
        Self {
            setting,
            plan,
            broker,
            machines: BTreeMap::new(),
            standing: BTreeMap::new(),
            disks: BTreeMap::new(),
            starts: 0,
        }
    }

    /// The cluster, as somebody outside of all instances reaches it.
    pub fn broker(&self) -> &MemoryBroker {
        &self.broker
    }

    /// The names of all topics.
    pub fn plan(&self) -> &TopologyPlan {
        &self.plan
    }

    /// The clock.
    pub fn clock(&self) -> &Arc<ManualClock> {
        &self.setting.clock
    }

    /// The disk of an instance; it stays when the instance does not.
    pub fn disk(&mut self, name: &str) -> &MemoryStores {
        self.disks.entry(name.to_owned()).or_default()
    }

    /// The instances that run, also those that stand still.
    pub fn running(&self) -> impl Iterator<Item = &str> {
        self.machines.keys().chain(self.standing.keys()).map(String::as_str)
    }

    /// What an instance does; `None` when it does not run.
    pub fn status(&self, name: &str) -> Option<&Status> {
        self.machines.get(name).map(|machine| &*machine.context.status)
    }

    /// The metrics of an instance.
    pub fn metrics(&self, name: &str) -> Option<&Metrics> {
        self.machines.get(name).map(|machine| &*machine.context.metrics)
    }

    /// Starts an instance, on the disk that it had.
    pub fn start(&mut self, name: &str) -> runtime::Result<()> {
        self.starts += 1;
        let process = self.broker.process(name);
        let settings = Settings { instance: InstanceId::new(name), ..self.setting.settings.clone() };
        let id = Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("{name}/{}", self.starts).as_bytes());
        let number = u32::try_from(self.starts).unwrap_or(u32::MAX);
        let pause = Arc::new(Pause::default());
        let surroundings = Process {
            name: name.to_owned(),
            broker: process.clone(),
            disk: self.disk(name).clone(),
            sink: (self.setting.sink)(name),
            strikes: self.setting.strikes.clone(),
            pause: pause.clone(),
        };
        let timeout = settings.limits.broker_timeout;
        let context = Application::new(self.setting.topology.clone(), settings, process.clone(), surroundings.clone())
            .with_sink(Arc::new(surroundings.clone()))
            .with_clock(self.setting.clock.clone())
            .with_metrics((self.setting.metrics)())
            .with_incarnation(Incarnation { id, host: "simulated".to_owned(), process: number })
            .with_fault_observer(Arc::new(surroundings))
            .prepare(&mut *process.admin()?, timeout)?;
        let (to_restorer, jobs) = mpsc::channel();
        let streams = (0..context.settings.stream_threads)
            .map(|number| {
                StreamThread::new(context.clone(), number, (to_restorer.clone(), Waker::none()), Waker::none())
            })
            .collect::<runtime::Result<_>>()?;
        let restorer = Restorer::new(context.clone(), jobs)?;
        let housekeeper = Housekeeper::new(context.clone())?;
        let machine = Machine { process, context, streams, restorer, slow: false, housekeeper, pause };
        self.machines.insert(name.to_owned(), machine);
        Ok(())
    }

    /// Ends an instance as kill -9 does.
    pub fn crash(&mut self, name: &str) {
        if let Some(machine) = self.machines.remove(name) {
            machine.process.crash();
            self.disk(name).crash();
        }
        if let Some((process, standing)) = self.standing.remove(name) {
            process.crash();
            self.disk(name).crash();
            // What is left of its turn changes nothing any more.
            drop(standing.finish());
        }
    }

    /// Ends an instance in order. What a sink has under way is not waited for: meanwhile the clock would stand still.
    pub fn stop(&mut self, name: &str) -> runtime::Result<()> {
        let Some(machine) = self.machines.remove(name) else { return Ok(()) };
        let closed = machine.streams.into_iter().try_for_each(|stream| stream.close(Duration::ZERO));
        machine.housekeeper.close();
        closed
    }

    /// Holds the restores of an instance up, or lets them go on.
    pub fn slow_down(&mut self, name: &str, slow: bool) {
        if let Some(machine) = self.machines.get_mut(name) {
            machine.slow = slow;
        }
    }

    /// True when a fault of the cluster has made an instance vanish; what is left of it is to be taken away with
    /// [`World::crash`].
    pub fn is_crashed(&self, name: &str) -> bool {
        self.machines.get(name).is_some_and(|machine| machine.process.is_crashed())
    }

    /// One turn of every part of every instance; true when one of them has more to do at once.
    pub fn turn(&mut self) -> runtime::Result<bool> {
        let now = self.setting.clock.now();
        let mut busy = false;
        for machine in self.machines.values_mut() {
            busy |= machine.turn(now)?;
        }
        Ok(busy)
    }

    /// One turn of every part of one instance; one that does not run has nothing to do.
    pub fn turn_of(&mut self, name: &str) -> runtime::Result<bool> {
        let now = self.setting.clock.now();
        self.machines.get_mut(name).map_or(Ok(false), |machine| machine.turn(now))
    }

    /// A turn of an instance that stands still when it comes to a point, until [`World::wake`]; true when it has.
    pub fn turn_until(&mut self, name: &str, point: FaultPoint) -> runtime::Result<bool> {
        let now = self.setting.clock.now();
        let Some(mut machine) = self.machines.remove(name) else { return Ok(false) };
        let (pause, process) = (machine.pause.clone(), machine.process.clone());
        let turn = pause::run_until(&pause, point, move || {
            let result = machine.turn(now);
            (machine, result)
        });
        match turn {
            Ok(standing) => {
                self.standing.insert(name.to_owned(), (process, standing));
                Ok(true)
            }
            Err((machine, result)) => {
                self.machines.insert(name.to_owned(), machine);
                result.map(|_busy| false)
            }
        }
    }

    /// Lets an instance that stands still in the middle of a turn go on; true when it has more to do at once.
    pub fn wake(&mut self, name: &str) -> runtime::Result<bool> {
        let Some((_, standing)) = self.standing.remove(name) else { return Ok(false) };
        let (machine, result) = standing.finish();
        self.machines.insert(name.to_owned(), machine);
        result
    }

    /// Turns until nothing has been left to do for some turns, with the clock moving by little so that gaps and
    /// back-offs pass. Gives up after `turns_max` turns, and says so with `false`.
    pub fn settle(&mut self, turns_max: usize) -> runtime::Result<bool> {
        const QUIET: usize = 12;
        let mut quiet = 0;
        for _ in 0..turns_max {
            quiet = if self.turn()? { 0 } else { quiet + 1 };
            if quiet >= QUIET && self.machines.values().all(|machine| machine.context.status.is_ready()) {
                return Ok(true);
            }
            self.setting.clock.advance(Duration::from_millis(10));
        }
        Ok(false)
    }
}

impl Machine {
    fn turn(&mut self, now: Timestamp) -> runtime::Result<bool> {
        let mut busy = false;
        for stream in &mut self.streams {
            busy |= stream.turn(now)? == Turn::Again;
        }
        if !self.slow {
            busy |= self.restorer.turn(now)? == Turn::Again;
        }
        let _next: Turn = self.housekeeper.turn(now);
        Ok(busy)
    }
}
