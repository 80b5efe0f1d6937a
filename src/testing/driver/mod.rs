//! The test driver: runs one topology with one partition and a manual clock, for tests of custom processors.
//!
//! Kafka Streams calls it a `TopologyTestDriver`. The driver is a [`World`] with one instance of the real runtime, so every record goes
//! through its topics, transactions, stores and changelogs.
//!
//! | file | what it is |
//! |---|---|
//! | `pending_act` | the sink: holds acts until the test answers them |
//! | `command` | sends operators' commands |
//! | `inspect` | reads topics, entries, alerts, dead letters |
//! | `error` | the errors |

mod command;
mod error;
mod inspect;
mod pending_act;

pub use error::DriverError;
pub use inspect::{DeadLetter, Raised, Stored};
pub use pending_act::PendingAct;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;

use self::error::Result;
use self::pending_act::Acts;
use crate::broker::{Broker, ProducerSpec, memory};
use crate::config::Commit;
use crate::metric::{Build, Metrics};
use crate::model::{Clock, Key, OutRecord, Sink, Timestamp, Topic, Verdict};
use crate::runtime::{FaultPoint, Settings, TopicSettings};
use crate::sim::{ManualClock, Setup, World};
use crate::topology::{Spec, Topology};

/// The name of the application and of its only instance.
const NAME: &str = "test";
/// 2026-01-01T00:00:00Z.
const START: Timestamp = Timestamp::from_millis(1_767_225_600_000);
/// The number of turns without work after which the driver is idle.
const IDLE_TURNS: usize = 12;
/// The most turns between two calls of a test.
const TURNS_MAX: usize = 200_000;
/// The step of the clock during a back-off.
const BACKOFF_STEP: Duration = Duration::from_millis(10);
/// The step of the clock while an overdue timer does not fire.
const OVERDUE_STEP: Duration = Duration::from_secs(1);
/// The time-outs of sessions and transactions, longer than any test advances the clock.
const FOREVER: Duration = Duration::from_hours(24 * 365 * 100);
/// The time-out of a call to the broker.
const TIMEOUT: Duration = Duration::from_secs(5);

/// The fault point of the next crash.
type CrashAt = Arc<Mutex<Option<FaultPoint>>>;

/// Runs one topology, step by step.
///
/// ```
/// # use sheaf::codec::{self, Versioned};
/// # use sheaf::model::{Key, Moment, Reject};
/// # use sheaf::processor::{Effect, Input, Processor, Transition, by_key};
/// # use sheaf::testing::TestDriver;
/// # use sheaf::topology::Topology;
/// # #[derive(Clone)]
/// # struct Seen;
/// # impl Versioned for Seen {
/// #     const VERSION: u16 = 1;
/// #     const NAME: &'static str = "seen";
/// #     fn encode(&self, _: &mut Vec<u8>) -> Result<(), codec::Error> { Ok(()) }
/// #     fn decode(_: u16, _: &[u8]) -> Result<Self, codec::Error> { Ok(Self) }
/// # }
/// # struct OncePerKey;
/// # impl Processor for OncePerKey {
/// #     type State = Seen;
/// #     fn step(&self, _: &Key, state: Option<Seen>, _: Input, _: Moment) -> Result<Transition<Seen>, Reject> {
/// #         let next = Transition::to(Seen);
/// #         Ok(if state.is_none() { next.with(Effect::forward("first", "hello")) } else { next })
/// #     }
/// # }
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let topology = Topology::builder("greeting")
///     .processor("once", OncePerKey)
///     .reads("visits", by_key)
///     .writes("first", "greetings")
///     .build()?;
/// let mut driver = TestDriver::new(topology)?;
///
/// driver.send("visits", "ada", "1")?;
/// assert_eq!(driver.read("greetings")?.len(), 1);
///
/// driver.lose_disk()?; // kill -9, an empty disk, and a start that restores from the changelog
/// driver.send("visits", "ada", "2")?;
/// assert_eq!(driver.read("greetings")?.len(), 0);
/// # Ok(())
/// # }
/// ```
pub struct TestDriver {
    world: World,
    acts: Acts,
    crash_at: CrashAt,
    /// The next offset of each topic that the test has read.
    next_offsets: BTreeMap<Topic, i64>,
}

impl fmt::Debug for TestDriver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestDriver").field("now", &self.now()).finish_non_exhaustive()
    }
}

impl TestDriver {
    /// Starts the topology at midnight of 1 January 2026. The names of its own topics begin with `test-`. Each topic has one partition,
    /// so records are stepped in the order in which they were sent.
    pub fn new(topology: Topology) -> Result<Self> {
        Self::starting_at(topology, START)
    }

    /// Starts the topology of a file's text: a flow runs in one line, in memory, without a server.
    ///
    /// ```
    /// # use sheaf::testing::TestDriver;
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let mut order = TestDriver::of_text(
    ///     "
    /// name: order
    /// flow:
    ///   reads: [{ topic: orders, type: /type, key: /id }]
    ///   start: OrderPlaced
    ///   steps:
    ///     - pay: { task: payments, within: 1h }
    /// ",
    /// )?;
    ///
    /// order.send("orders", "o-1", r#"{ "type": "OrderPlaced", "id": "o-1" }"#)?;
    /// assert_eq!(order.read_text("payments")?.len(), 1, "the worker is asked");
    ///
    /// order.command("flow", "o-1", "complete", &[("step", "pay")])?;
    /// assert_eq!(order.show("flow", "o-1")?.expect("the flow")["ending"]["ending"], "completed");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// All mistakes of the text; a delivery, or a flow of staged templates, which need a configuration and files.
    pub fn of_text(text: &str) -> Result<Self> {
        let spec = Spec::parse("topology", text)?;
        Self::new(spec.assemble(NAME, |_delivery| None)?)
    }

    /// Starts the topology at another time.
    pub fn starting_at(topology: Topology, now: Timestamp) -> Result<Self> {
        Self::start_with(topology, now, |_| {})
    }

    /// Starts the topology with changed settings of the instance.
    pub fn with_settings(topology: Topology, change: impl FnOnce(&mut Settings)) -> Result<Self> {
        Self::start_with(topology, START, change)
    }

    fn start_with(topology: Topology, now: Timestamp, change: impl FnOnce(&mut Settings)) -> Result<Self> {
        let metrics = Metrics::of(NAME, &Build::default(), &topology).map_err(DriverError::Metrics)?;
        let (acts, crash_at, metrics) = (Acts::default(), CrashAt::default(), Arc::new(metrics));
        let (sink, at) = (acts.clone(), crash_at.clone());
        let mut settings = Settings {
            topics: TopicSettings { partitions: 1, ..TopicSettings::default() },
            // The clock does not move, so every transaction ends when the input is idle.
            // Tests read the stores, so each transaction writes them.
            commit: Commit { write_behind: Duration::ZERO, gap_max: Duration::ZERO, ..Commit::default() },
            ..Settings::new(NAME, NAME)
        };
        change(&mut settings);
        let world = World::new(Setup {
            topology,
            settings,
            broker: memory::Settings {
                session_timeout: FOREVER,
                max_poll_interval: FOREVER,
                transaction_timeout: FOREVER,
                ..memory::Settings::default()
            },
            clock: Arc::new(ManualClock::new(now)),
            sink: Box::new(move |_instance| {
                // Acts of an earlier process cannot be answered any more.
                sink.clear();
                let sink: Arc<dyn Sink> = Arc::new(sink.clone());
                sink
            }),
            metrics: Box::new(move || metrics.clone()),
            spans: None,
            crash_policy: Arc::new(move |_instance, point| lock(&at).take_if(|wanted| *wanted == point).is_some()),
        });
        let mut driver = Self { world, acts, crash_at, next_offsets: BTreeMap::new() };
        driver.start()?;
        Ok(driver)
    }

    /// Writes a record to a topic, and returns when the topology is idle.
    pub fn send(&mut self, topic: &str, key: &str, value: impl AsRef<[u8]>) -> Result<()> {
        let value = Bytes::copy_from_slice(value.as_ref());
        self.send_records(&[OutRecord::keyed(&Topic::new(topic), &Key::new(key), value)])
    }

    /// Writes records of any shape ([`OutRecord::unkeyed`], [`OutRecord::at`], [`OutRecord::with_headers`]) in one transaction of
    /// another producer, and returns when the topology is idle.
    pub fn send_records(&mut self, records: &[OutRecord]) -> Result<()> {
        for record in records {
            self.check_topic(&record.topic)?;
        }
        let spec = ProducerSpec::transactional("outside");
        let mut producer = self.world.broker().producer(&spec)?;
        producer.init(TIMEOUT)?;
        producer.transact(records, TIMEOUT)?;
        self.run_until_idle()
    }

    /// Writes a record of any shape as [`send_records`](Self::send_records) does, and returns its offset.
    pub fn send_record(&mut self, record: &OutRecord) -> Result<i64> {
        let after = |driver: &Self, offset: i64| {
            let mut records = driver.world.broker().committed_records(&record.topic).into_iter();
            records.find(|other| other.offset > offset).map(|other| other.offset)
        };
        let last = self.world.broker().committed_records(&record.topic).last().map_or(-1, |other| other.offset);
        self.send_records(std::slice::from_ref(record))?;
        Ok(after(self, last).unwrap_or(last))
    }

    /// Advances the clock; each timer that becomes due meanwhile fires at its own time.
    pub fn advance(&mut self, by: Duration) -> Result<()> {
        let until = self.world.clock().uptime().saturating_add(by);
        loop {
            let left = until.saturating_sub(self.world.clock().uptime());
            if left.is_zero() {
                return self.run_until_idle();
            }
            self.advance_to_timer(left)?;
        }
    }

    /// Advances the clock to the next timer, by `most` at most.
    pub(in crate::testing) fn advance_to_timer(&mut self, most: Duration) -> Result<()> {
        let step = self.until_next_timer()?.unwrap_or(most);
        self.world.clock().advance(step.min(most));
        self.run_until_idle()
    }

    /// The time of the clock.
    pub fn now(&self) -> Timestamp {
        self.world.clock().now()
    }

    /// The acts in flight, in the order in which they were started.
    pub fn acts(&self) -> Vec<PendingAct> {
        self.acts.pending()
    }

    /// Answers the oldest act in flight of a key.
    pub fn answer(&mut self, key: &str, verdict: Verdict) -> Result<()> {
        if !self.acts.answer(&Key::new(key), verdict) {
            return Err(DriverError::NoPendingAct { key: key.to_owned() });
        }
        self.run_until_idle()
    }

    /// Stops the instance in order and starts it again.
    pub fn restart(&mut self) -> Result<()> {
        self.world.stop(NAME)?;
        self.start()
    }

    /// Kills the instance as kill -9 does and starts it again on its disk. Acts in flight are inherited: their steps get
    /// [`Verdict::Inherited`].
    pub fn crash(&mut self) -> Result<()> {
        self.world.crash(NAME);
        self.start()
    }

    /// Kills the instance and starts it again on an empty disk: all states are restored from their changelogs.
    pub fn lose_disk(&mut self) -> Result<()> {
        self.world.crash(NAME);
        for task in self.tasks() {
            self.world.disk(NAME).wipe(&task);
        }
        self.start()
    }

    /// Crashes the instance, and starts it again, when it next reaches a fault point.
    pub fn crash_at(&mut self, point: FaultPoint) {
        *lock(&self.crash_at) = Some(point);
    }

    /// True while a crash of [`TestDriver::crash_at`] is pending.
    pub fn is_crash_pending(&self) -> bool {
        lock(&self.crash_at).is_some()
    }

    fn start(&mut self) -> Result<()> {
        self.world.start(NAME)?;
        self.run_until_idle()
    }

    /// Turns until the instance is idle. The clock does not move, except to end a back-off.
    fn run_until_idle(&mut self) -> Result<()> {
        let mut idle = 0;
        for _ in 0..TURNS_MAX {
            let turned = self.world.turn();
            if self.world.is_crashed(NAME) {
                // The result of a turn in which it has crashed is dropped.
                self.world.crash(NAME);
                self.world.start(NAME)?;
                idle = 0;
                continue;
            }
            idle = if turned? { 0 } else { idle + 1 };
            if idle >= IDLE_TURNS {
                if self.world.status(NAME).is_some_and(crate::runtime::Status::is_ready) {
                    return Ok(());
                }
                self.world.clock().advance(BACKOFF_STEP);
            }
        }
        Err(DriverError::NotIdle)
    }
}

/// The lock of a plain value, which is valid even after a panic.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
