//! A cluster in memory with its instances, all driven from one thread.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::sync::mpsc;
use std::time::Duration;

use uuid::Uuid;

use super::ManualClock;
use super::pause::{self, Pause, Paused};
use super::process::{CrashPolicy, Process};
use crate::broker::memory::{self, MemoryBroker};
use crate::broker::{Broker, Waker};
use crate::metric::Metrics;
use crate::model::{Clock, InstanceId, Sink, Spans, Timestamp};
use crate::runtime::replay::{self, Replays};
use crate::runtime::{
    self, Application, Context, FaultPoint, Housekeeper, Incarnation, Queries, Restorer, Settings, Status,
    StreamThread, TopologyPlan, Turn,
};
use crate::store::memory::MemoryStores;
use crate::topology::Topology;

/// Makes the sink of the instance of that name: each process has its own.
pub type MakeSink = Box<dyn Fn(&str) -> Arc<dyn Sink>>;

/// The parts of a world.
pub struct Setup {
    /// The topology that each instance runs.
    pub topology: Topology,
    /// The settings of the runtime; `instance` is replaced by the name of each instance.
    pub settings: Settings,
    /// The settings of the cluster.
    pub broker: memory::Settings,
    /// The clock of the cluster and of all instances.
    pub clock: Arc<ManualClock>,
    /// Makes the sink of each instance.
    pub sink: MakeSink,
    /// Makes the metrics of each instance.
    pub metrics: Box<dyn Fn() -> Arc<Metrics>>,
    /// Takes the spans of all instances; `None`: none are exported.
    pub spans: Option<Arc<dyn Spans>>,
    /// Decides which instance crashes at which fault point.
    pub crash_policy: CrashPolicy,
}

impl fmt::Debug for Setup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Setup").field("settings", &self.settings).finish_non_exhaustive()
    }
}

/// A cluster, a clock, and instances that start, stop and crash.
pub struct World {
    setup: Setup,
    plan: TopologyPlan,
    broker: MemoryBroker,
    instances: BTreeMap<String, Instance>,
    /// The instances that are paused in the middle of a turn, with their clients of the cluster.
    paused: BTreeMap<String, (MemoryBroker, Paused<TurnResult>)>,
    disks: BTreeMap<String, MemoryStores>,
    starts: u64,
}

/// An instance and the result of its turn.
type TurnResult = (Instance, runtime::Result<bool>);

/// One running instance.
struct Instance {
    /// Its client of the cluster.
    broker: MemoryBroker,
    context: Context,
    stream_threads: Vec<StreamThread>,
    restorer: Restorer,
    /// True while its restores make no progress.
    restores_paused: bool,
    housekeeper: Housekeeper,
    pause: Arc<Pause>,
}

impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("World").field("instances", &self.instances.keys()).finish_non_exhaustive()
    }
}

impl World {
    /// An empty cluster with no instance.
    pub fn new(setup: Setup) -> Self {
        let broker = MemoryBroker::new(setup.broker.clone(), setup.clock.clone());
        Self::on(broker, setup)
    }

    /// No instance yet, of another application on a cluster that is there; its settings are those of the cluster.
    pub fn on(broker: MemoryBroker, setup: Setup) -> Self {
        let plan = TopologyPlan::new(setup.topology.clone(), &setup.settings);
        Self {
            setup,
            plan,
            broker,
            instances: BTreeMap::new(),
            paused: BTreeMap::new(),
            disks: BTreeMap::new(),
            starts: 0,
        }
    }

    /// The cluster, for a client outside of all instances.
    pub fn broker(&self) -> &MemoryBroker {
        &self.broker
    }

    /// The topology with the names of all topics.
    pub fn plan(&self) -> &TopologyPlan {
        &self.plan
    }

    /// The application id, which is the consumer group.
    pub fn application(&self) -> &str {
        &self.setup.settings.application
    }

    /// The replays of the application.
    pub fn replays(&self) -> replay::Result<Replays> {
        let Setup { topology, settings, clock, .. } = &self.setup;
        Replays::new(topology.clone(), settings.clone(), Arc::new(self.broker.clone()), clock.clone())
    }

    /// The clock.
    pub fn clock(&self) -> &Arc<ManualClock> {
        &self.setup.clock
    }

    /// The disk of an instance, which outlives its processes.
    pub fn disk(&mut self, name: &str) -> &MemoryStores {
        self.disks.entry(name.to_owned()).or_default()
    }

    /// The names of the running instances, including paused ones.
    pub fn running(&self) -> impl Iterator<Item = &str> {
        self.instances.keys().chain(self.paused.keys()).map(String::as_str)
    }

    /// The status of an instance; `None` if it does not run or is paused.
    pub fn status(&self, name: &str) -> Option<&Status> {
        self.instances.get(name).map(|instance| &*instance.context.status)
    }

    /// The status of an instance and its queries, for other threads; `None` if it does not run or is paused. They are answered while this
    /// thread turns.
    pub fn shared(&self, name: &str) -> Option<(Arc<Status>, Queries)> {
        let context = &self.instances.get(name)?.context;
        Some((context.status.clone(), Queries::new(context)))
    }

    /// The metrics of an instance; `None` if it does not run or is paused.
    pub fn metrics(&self, name: &str) -> Option<&Metrics> {
        self.instances.get(name).map(|instance| &*instance.context.metrics)
    }

    /// The queries of an instance; `None` if it does not run or is paused. Another thread must ask while this one turns.
    pub fn queries(&self, name: &str) -> Option<Queries> {
        self.instances.get(name).map(|instance| Queries::new(&instance.context))
    }

    /// Starts an instance on its disk.
    pub fn start(&mut self, name: &str) -> runtime::Result<()> {
        self.starts += 1;
        let broker = self.broker.process(name);
        let settings = Settings { instance: InstanceId::new(name), ..self.setup.settings.clone() };
        let id = Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("{name}/{}", self.starts).as_bytes());
        let number = u32::try_from(self.starts).unwrap_or(u32::MAX);
        let pause = Arc::new(Pause::default());
        let process = Process {
            name: name.to_owned(),
            broker: broker.clone(),
            disk: self.disk(name).clone(),
            sink: (self.setup.sink)(name),
            crash_policy: self.setup.crash_policy.clone(),
            pause: pause.clone(),
        };
        let timeout = settings.limits.broker_timeout;
        let context = Application::new(self.setup.topology.clone(), settings, broker.clone(), process.clone())
            .with_sink(Arc::new(process.clone()))
            .with_clock(self.setup.clock.clone())
            .with_metrics((self.setup.metrics)())
            .with_spans(self.setup.spans.clone())
            .with_incarnation(Incarnation { id, host: "simulated".to_owned(), process: number })
            .with_fault_observer(Arc::new(process))
            .prepare(&mut *broker.admin()?, timeout)?;
        let (to_restorer, jobs) = mpsc::channel();
        let stream_threads = (0..context.settings.stream_threads)
            .map(|number| {
                StreamThread::new(context.clone(), number, (to_restorer.clone(), Waker::none()), Waker::none())
            })
            .collect::<runtime::Result<_>>()?;
        let restorer = Restorer::new(context.clone(), jobs)?;
        let housekeeper = Housekeeper::new(context.clone())?;
        let instance =
            Instance { broker, context, stream_threads, restorer, restores_paused: false, housekeeper, pause };
        self.instances.insert(name.to_owned(), instance);
        Ok(())
    }

    /// Kills an instance as kill -9 does.
    pub fn crash(&mut self, name: &str) {
        if let Some(instance) = self.instances.remove(name) {
            instance.broker.crash();
            self.disk(name).crash();
        }
        if let Some((broker, paused)) = self.paused.remove(name) {
            broker.crash();
            self.disk(name).crash();
            // The rest of its turn changes nothing any more.
            drop(paused.finish());
        }
    }

    /// Stops an instance in order. It does not wait for acts in flight: the clock does not move meanwhile.
    pub fn stop(&mut self, name: &str) -> runtime::Result<()> {
        let Some(instance) = self.instances.remove(name) else { return Ok(()) };
        let closed = instance.stream_threads.into_iter().try_for_each(|thread| thread.close(Duration::ZERO));
        instance.housekeeper.close();
        closed
    }

    /// Pauses or resumes the restores of an instance.
    pub fn pause_restores(&mut self, name: &str, paused: bool) {
        if let Some(instance) = self.instances.get_mut(name) {
            instance.restores_paused = paused;
        }
    }

    /// True if a fault has crashed an instance during its turn; [`World::crash`] then removes it.
    pub fn is_crashed(&self, name: &str) -> bool {
        self.instances.get(name).is_some_and(|instance| instance.broker.is_crashed())
    }

    /// One turn of all threads of all instances; true if one of them has more work.
    pub fn turn(&mut self) -> runtime::Result<bool> {
        let now = self.setup.clock.now();
        let mut busy = false;
        for instance in self.instances.values_mut() {
            busy |= instance.turn(now)?;
        }
        Ok(busy)
    }

    /// One turn of all threads of one instance; true if it has more work, false if it does not run.
    pub fn turn_of(&mut self, name: &str) -> runtime::Result<bool> {
        let now = self.setup.clock.now();
        self.instances.get_mut(name).map_or(Ok(false), |instance| instance.turn(now))
    }

    /// A turn of an instance that is paused when it reaches a fault point, until [`World::resume`]; true if it was.
    pub fn turn_until(&mut self, name: &str, point: FaultPoint) -> runtime::Result<bool> {
        let now = self.setup.clock.now();
        let Some(mut instance) = self.instances.remove(name) else { return Ok(false) };
        let (pause, broker) = (instance.pause.clone(), instance.broker.clone());
        let turn = pause::run_until(&pause, point, move || {
            let result = instance.turn(now);
            (instance, result)
        });
        match turn {
            Ok(paused) => {
                self.paused.insert(name.to_owned(), (broker, paused));
                Ok(true)
            }
            Err((instance, result)) => {
                self.instances.insert(name.to_owned(), instance);
                result.map(|_busy| false)
            }
        }
    }

    /// Resumes an instance that is paused in the middle of a turn; true if it has more work.
    pub fn resume(&mut self, name: &str) -> runtime::Result<bool> {
        let Some((_, paused)) = self.paused.remove(name) else { return Ok(false) };
        let (instance, result) = paused.finish();
        self.instances.insert(name.to_owned(), instance);
        result
    }

    /// Turns all instances until they are ready and idle for some turns, advancing the clock by 10 ms each time, so that gaps
    /// and back-offs end. False if that takes more than `turns_max` turns.
    pub fn run_until_idle(&mut self, turns_max: usize) -> runtime::Result<bool> {
        const IDLE_TURNS: usize = 12;
        let mut idle = 0;
        for _ in 0..turns_max {
            idle = if self.turn()? { 0 } else { idle + 1 };
            if idle >= IDLE_TURNS && self.instances.values().all(|instance| instance.context.status.is_ready()) {
                return Ok(true);
            }
            self.setup.clock.advance(Duration::from_millis(10));
        }
        Ok(false)
    }
}

impl Instance {
    fn turn(&mut self, now: Timestamp) -> runtime::Result<bool> {
        let mut busy = false;
        for thread in &mut self.stream_threads {
            busy |= thread.turn(now)? == Turn::Again;
        }
        if !self.restores_paused {
            busy |= self.restorer.turn(now)? == Turn::Again;
        }
        let _next: Turn = self.housekeeper.turn(now);
        Ok(busy)
    }
}
