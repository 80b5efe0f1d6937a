//! The costs of flows: of many that wait while nothing happens, and of steps that workers answer.
//!
//! The flows are those of one instance with one stream thread, so what a step costs is what one core does.

use std::time::Duration;

use bytes::Bytes;
use comfy_table::{Cell, CellAlignment, Table, presets};
use sheaf::broker::kafka::{KafkaBroker, KafkaSettings};
use sheaf::broker::{Broker, ProducerSpec};
use sheaf::model::{Clock, Key, OutRecord, Topic};
use sheaf::runtime::SystemClock;

use crate::fill::TIMEOUT;
use crate::instance::{Instance, Setup, Target};
use crate::worker::Worker;
use crate::{Result, usage};

/// The partitions of all topics.
pub(crate) const PARTITIONS: i32 = 4;
/// The messages of a transaction.
pub(crate) const BATCH: u64 = 10_000;
/// The time in which clients and stores come to rest, after the last message.
const SETTLE: Duration = Duration::from_secs(30);

/// Measure flows that wait, and steps that workers answer
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Options {
    #[command(flatten)]
    target: Target,
    /// Process id of the measured broker
    #[arg(long, value_name = "PID")]
    broker_pid: u32,
    /// Flows that wait seven days for a message; 0 leaves this part out
    #[arg(long, value_name = "FLOWS", default_value_t = 1_000_000)]
    waiting: u64,
    /// The time at rest that is measured
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..))]
    seconds: u32,
    /// Flows whose tasks a worker answers; 0 leaves this part out
    #[arg(long, value_name = "FLOWS", default_value_t = 100_000)]
    flows: u64,
    /// The tasks of each of them, one after the other
    #[arg(long, value_name = "TASKS", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=1_000))]
    tasks: u64,
    /// A setting for sheaf; may be given more than once
    #[arg(long, value_name = "A.B=V")]
    set: Vec<String>,
}

pub(crate) fn measure(options: &Options) -> Result<()> {
    std::fs::create_dir_all(&options.target.directory)?;
    let broker = KafkaBroker::new(KafkaSettings::new(&options.target.bootstrap_servers))?;
    if options.waiting > 0 {
        println!("{}", wait(options, &broker)?);
    }
    if options.flows > 0 {
        println!("{}", steps(options, &broker)?);
    }
    Ok(())
}

/// What an instance takes at rest: without flows, with those that wait, and with them after a restart.
fn wait(options: &Options, broker: &dyn Broker) -> Result<Table> {
    let topology = "name: waiting\nflow:\n  reads: [{ topic: waiting-events }]\n  start: Begin\n  steps:\n  \
                    - paid: { await: Paid, within: 7d }\n";
    let setup = setup(options, "bench-waiting", topology);
    let mut instance = Instance::start(&setup, "w")?;
    ready(&mut instance)?;
    let mut rows = vec![Rest::of(options, "none", &mut instance)?];
    let before = instance.cpu_seconds()?;
    let since = SystemClock.uptime();
    start(broker, "waiting-events", options.waiting)?;
    begun(&mut instance, options.waiting)?;
    let (cpu, took) = (instance.cpu_seconds()? - before, SystemClock.uptime().saturating_sub(since));
    println!("{} flows begun in {:.0} s, with {cpu:.1} CPU s", options.waiting, took.as_secs_f64());
    rows.push(Rest::of(options, "all wait", &mut instance)?);
    instance.terminate()?;
    let mut instance = Instance::start(&setup, "w")?;
    ready(&mut instance)?;
    begun(&mut instance, options.waiting)?;
    rows.push(Rest::of(options, "all wait, after a restart", &mut instance)?);
    instance.terminate()?;
    Ok(table(
        &["flows", "CPU of a core, %", "resident MiB", "store MiB"],
        rows.into_iter().map(|Rest { what, core, resident_mib, store_mib }| {
            vec![
                what.to_owned(),
                format!("{:.2}", core * 100.0),
                format!("{resident_mib:.0}"),
                format!("{store_mib:.0}"),
            ]
        }),
    ))
}

/// What flows with tasks take, from the first start to the last end.
fn steps(options: &Options, broker: &KafkaBroker) -> Result<Table> {
    let tasks: Vec<String> =
        (0..options.tasks).map(|task| format!("    - t{task}: {{ task: steps-work }}\n")).collect();
    let tasks = tasks.concat();
    let topology =
        format!("name: steps\nflow:\n  reads: [{{ topic: steps-events }}]\n  start: Begin\n  steps:\n{tasks}");
    let setup = setup(options, "bench-steps", &topology);
    let mut instance = Instance::start(&setup, "s")?;
    ready(&mut instance)?;
    let worker = Worker::start(broker, &Topic::new("steps-work"), &Topic::new("steps-events"))?;
    let (cpu, broker_cpu) = (instance.cpu_seconds()?, usage::cpu_seconds(options.broker_pid)?);
    let begun = SystemClock.uptime();
    start(broker, "steps-events", options.flows)?;
    instance.until("all flows are completed", |instance| {
        let completed = instance.metric("sheaf_flows_total", &["completed"])?;
        Some(completed >= of(options.flows))
    })?;
    let took = SystemClock.uptime().saturating_sub(begun);
    let (cpu, broker_cpu) = (instance.cpu_seconds()? - cpu, usage::cpu_seconds(options.broker_pid)? - broker_cpu);
    let peak = instance.memory_mib("VmHWM")?;
    let answered = worker.stop()?;
    instance.terminate()?;
    let steps = options.flows * options.tasks;
    if answered != steps {
        return Err(format!("the worker was asked for {answered} tasks, and not for {steps}").into());
    }
    let row = vec![
        options.flows.to_string(),
        steps.to_string(),
        format!("{:.0}", took.as_secs_f64()),
        format!("{:.0}", of(steps) / took.as_secs_f64()),
        format!("{cpu:.1}"),
        format!("{:.0}", of(steps) / cpu),
        format!("{broker_cpu:.1}"),
        format!("{:.0}", of(steps) / (cpu + broker_cpu)),
        format!("{peak:.0}"),
    ];
    let columns =
        ["flows", "tasks", "s", "tasks/s", "CPU s", "tasks/CPU s", "broker CPU s", "tasks/CPU s with it", "peak MiB"];
    Ok(table(&columns, std::iter::once(row)))
}

/// An instance at rest.
struct Rest {
    what: &'static str,
    /// The share of a core that it takes.
    core: f64,
    resident_mib: f64,
    store_mib: f64,
}

impl Rest {
    fn of(options: &Options, what: &'static str, instance: &mut Instance) -> Result<Self> {
        std::thread::sleep(SETTLE);
        let (cpu, begun) = (instance.cpu_seconds()?, SystemClock.uptime());
        std::thread::sleep(Duration::from_secs(u64::from(options.seconds)));
        let took = SystemClock.uptime().saturating_sub(begun);
        instance.lives()?;
        Ok(Self {
            what,
            core: (instance.cpu_seconds()? - cpu) / took.as_secs_f64(),
            resident_mib: instance.memory_mib("VmRSS")?,
            store_mib: mib(&options.target.directory.join("state-w"))?,
        })
    }
}

fn setup(options: &Options, application: &str, topology: &str) -> Setup {
    Setup::new(&options.target, application, (topology, PARTITIONS)).with_settings(&options.set)
}

/// Waits until the instance has its partitions.
pub(crate) fn ready(instance: &mut Instance) -> Result<()> {
    instance.until("its tasks run", |instance| {
        let assigned = instance.metric("sheaf_consumer_assigned_partitions", &["inbox"])?;
        Some(assigned >= f64::from(PARTITIONS))
    })
}

/// Waits until so many flows have begun.
fn begun(instance: &mut Instance, flows: u64) -> Result<()> {
    let open = |instance: &Instance| instance.metric("sheaf_processor_open_entries", &["flow"]);
    instance.until("all flows have begun", |instance| Some(open(instance)? >= of(flows)))
}

/// Begins so many flows.
fn start(broker: &dyn Broker, topic: &str, flows: u64) -> Result<()> {
    let topic = Topic::new(topic);
    let mut producer = broker.producer(&ProducerSpec::transactional("load"))?;
    producer.init(TIMEOUT)?;
    for from in (0..flows).step_by(usize::try_from(BATCH)?) {
        producer.begin()?;
        for number in from..flows.min(from + BATCH) {
            let id = format!("o{number:08}");
            let value = serde_json::json!({
                "event_name": "Begin", "business_ref_no": id, "order": number, "customer": "Ann Archer", "amount": "12.50",
            });
            producer.produce(&OutRecord::keyed(&topic, &Key::new(&id), Bytes::from(value.to_string())))?;
        }
        producer.commit(TIMEOUT)?;
    }
    Ok(())
}

/// The size of the files below a directory.
fn mib(directory: &std::path::Path) -> Result<f64> {
    let mut bytes = 0;
    let mut directories = vec![directory.to_owned()];
    while let Some(next) = directories.pop() {
        for entry in std::fs::read_dir(next)? {
            let entry = entry?;
            // A file that RocksDB has removed meanwhile is skipped.
            let Ok(data) = entry.metadata() else { continue };
            if data.is_dir() {
                directories.push(entry.path());
            } else {
                bytes += data.len();
            }
        }
    }
    Ok(of(bytes) / 1_048_576.0)
}

/// A count as a figure.
pub(crate) fn of(count: u64) -> f64 {
    let thousands = u32::try_from(count / 1_000).unwrap_or(u32::MAX);
    let rest = u32::try_from(count % 1_000).unwrap_or_default();
    f64::from(thousands).mul_add(1_000.0, f64::from(rest))
}

/// A table of figures.
pub(crate) fn table(columns: &[&str], rows: impl Iterator<Item = Vec<String>>) -> Table {
    let mut table = Table::new();
    table.load_style(presets::ASCII_MARKDOWN);
    table.set_header(columns.iter().copied());
    for row in rows {
        table.add_row(row.into_iter().map(Cell::new));
    }
    table.column_iter_mut().skip(1).for_each(|column| column.set_cell_alignment(CellAlignment::Right));
    table
}
