//! What steps of scripts cost: one whose thread waits in memory, one whose thread is run again, and many through Kafka.

use std::time::Duration;

use bytes::Bytes;
use comfy_table::Table;
use sheaf::broker::kafka::{KafkaBroker, KafkaSettings};
use sheaf::broker::{Broker, ProducerSpec};
use sheaf::model::{Clock, Headers, Key, Moment, OutRecord, Record, Timestamp, Topic, TopicPartition};
use sheaf::processor::script::engine::{Answered, Code, Deed, Input as Entered, Limits, Realm};
use sheaf::processor::script::{Script, Scripts, Thread, Versions};
use sheaf::processor::{Event, Input, Processor as _};
use sheaf::runtime::SystemClock;

use crate::fill::TIMEOUT;
use crate::flows::{BATCH, PARTITIONS, of, ready, table};
use crate::instance::{Instance, Setup, Target};
use crate::{Result, usage};

/// The script that is measured in this process.
const SHOP: &str = include_str!("../../examples/workflows/shop.ts");
/// The lengths of threads that are run again.
const LENGTHS: [usize; 4] = [10, 30, 100, 1_000];
/// How often each is measured.
const REPEATS: usize = 200;

/// Measure steps of scripts
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Options {
    #[command(flatten)]
    target: Target,
    /// Process id of the measured broker
    #[arg(long, value_name = "PID")]
    broker_pid: u32,
    /// Threads of the script that get events through Kafka in turn
    #[arg(long, value_name = "THREADS", default_value_t = 300, value_parser = clap::value_parser!(u64).range(1..))]
    threads: u64,
    /// The events of each of them
    #[arg(long, value_name = "STEPS", default_value_t = 500, value_parser = clap::value_parser!(u64).range(1..5_000))]
    steps: u64,
    /// A setting for sheaf; may be given more than once
    #[arg(long, value_name = "A.B=V")]
    set: Vec<String>,
}

pub(crate) fn measure(options: &Options) -> Result<()> {
    println!("{}", here()?);
    std::fs::create_dir_all(&options.target.directory)?;
    let broker = KafkaBroker::new(KafkaSettings::new(&options.target.bootstrap_servers))?;
    let rows = [through_kafka(options, &broker, "held", 256)?, through_kafka(options, &broker, "again", 0)?];
    let columns =
        ["threads", "events", "s", "steps/s", "CPU s", "steps/CPU s", "steps/CPU s with the broker", "peak MiB"];
    println!("{}", table(&columns, rows.into_iter()));
    Ok(())
}

/// Steps in this process, without a broker and without stores.
fn here() -> Result<Table> {
    let versions = Versions::new(Script::new("shop.ts", SHOP)?);
    let held = Scripts::new(versions.clone(), "events");
    let again = Scripts::new(versions, "events").holding(0);
    let (mut thread, mut times) = (None, Vec::new());
    for offset in 0..i64::try_from(LENGTHS[3])? {
        let (next, took) = step(&held, thread, offset)?;
        thread = next;
        if offset > 10 {
            times.push(took);
        }
    }
    let mut rows = vec![row("a thread in memory", &mut times)];
    for length in LENGTHS {
        let mut thread = None;
        for offset in 0..i64::try_from(length)? - 1 {
            thread = step(&held, thread, offset)?.0;
        }
        let repeats = if length < LENGTHS[3] { REPEATS } else { REPEATS / 10 };
        let mut times = Vec::new();
        for _ in 0..repeats {
            times.push(step(&again, thread.clone(), i64::try_from(length)?)?.1);
        }
        rows.push(row(&format!("run again, {length} inputs"), &mut times));
    }
    let mut begins = Vec::new();
    for offset in 0..i64::try_from(REPEATS)? {
        begins.push(step(&held, None, offset)?.1);
    }
    rows.push(row("a thread that begins", &mut begins));
    println!("memory of a thread of shop.ts that waits: {} KiB", memory()? / 1024);
    Ok(table(&["a step of shop.ts", "p50 us", "p99 us"], rows.into_iter()))
}

/// One step; the thread after it, and how long it took. Without a thread it begins.
fn step(scripts: &Scripts, thread: Option<Thread>, offset: i64) -> Result<(Option<Thread>, Duration)> {
    let value = if thread.is_none() { "new:{}".to_owned() } else { event(offset) };
    let record = Record {
        source: TopicPartition::new(&Topic::new("events"), 0),
        offset,
        timestamp: Timestamp::from_millis(1_767_225_600_000 + offset),
        key: Some(Bytes::from_static(b"t")),
        value: Some(Bytes::from(value)),
        headers: Headers::new(),
    };
    let input = Input::Record(Event::new("event", record.timestamp, record));
    let begun = SystemClock.uptime();
    let transition = scripts.step(&Key::new("t"), thread, input, Moment::at(Timestamp::MIN))?;
    Ok((transition.state, SystemClock.uptime().saturating_sub(begun)))
}

fn event(number: i64) -> String {
    format!(
        r#"{{"ref":"main","value":{{"type":"addToCart","item":{{"productId":"p-{}","quantity":1}}}}}}"#,
        number % 10
    )
}

/// The bytes of a thread that has been given 30 inputs.
fn memory() -> Result<usize> {
    let code = Code::new("shop.ts", SHOP)?;
    let mut realm = Realm::new(&code, Limits::default(), &Answered::new())?;
    for number in 0..30 {
        let (id, value) = (number.to_string(), event(number));
        let deed = if number == 0 { Deed::Begin("{}") } else { Deed::Resume("main", &value) };
        realm.step("t", Entered { step: &id, at: number, deed, is_past: false })?;
    }
    Ok(realm.bytes())
}

fn row(what: &str, times: &mut [Duration]) -> Vec<String> {
    times.sort_unstable();
    let at = |share: usize| times.get(times.len() * share / 100).copied().unwrap_or_default();
    let micros = |time: Duration| format!("{:.0}", time.as_secs_f64() * 1e6);
    vec![what.to_owned(), micros(at(50)), micros(at(99))]
}

/// Steps through Kafka, from the first event to the last end; the events lie in their topic already.
fn through_kafka(options: &Options, broker: &dyn Broker, name: &str, cache_mib: u16) -> Result<Vec<String>> {
    let script = options.target.directory.join(format!("{name}.ts"));
    std::fs::write(
        &script,
        "import * as W from \"@effectful/kafka-workflow\";\n\
         export async function main({ steps }: { steps: number }) {\n  let sum = 0;\n  \
         for (let i = 0; i < steps; i++) sum += (await W.suspend(\"add\")).amount;\n  return sum;\n}\n",
    )?;
    let topic = format!("scripts-{name}");
    let topology = format!(
        "name: {name}\nscript:\n  file: {}\n  reads: [{{ topic: {topic}, start: earliest }}]\n  cache_mib: {cache_mib}\n",
        script.display()
    );
    // A thread that is run again costs as much as it is long.
    let (threads, steps) =
        if cache_mib == 0 { (options.threads * options.steps / 10, 10) } else { (options.threads, options.steps) };
    let setup =
        Setup::new(&options.target, &format!("bench-{name}"), (&topology, PARTITIONS)).with_settings(&options.set);
    let mut instance = Instance::start(&setup, name)?;
    ready(&mut instance)?;
    instance.terminate()?;
    write(broker, &Topic::new(&topic), threads, steps)?;
    let mut instance = Instance::start(&setup, name)?;
    ready(&mut instance)?;
    let (cpu, broker_cpu, begun) =
        (instance.cpu_seconds()?, usage::cpu_seconds(options.broker_pid)?, SystemClock.uptime());
    instance.until("all threads have ended", |instance| {
        Some(instance.metric("sheaf_script_events_total", &["ended"])? >= of(threads))
    })?;
    let took = SystemClock.uptime().saturating_sub(begun).as_secs_f64();
    let (cpu, broker_cpu) = (instance.cpu_seconds()? - cpu, usage::cpu_seconds(options.broker_pid)? - broker_cpu);
    let peak = instance.memory_mib("VmHWM")?;
    instance.terminate()?;
    let all = of(threads * (steps + 1));
    Ok(vec![
        format!("{threads}, {}", if cache_mib == 0 { "run again" } else { "held" }),
        format!("{all:.0}"),
        format!("{took:.0}"),
        format!("{:.0}", all / took),
        format!("{cpu:.1}"),
        format!("{:.0}", all / cpu),
        format!("{:.0}", all / (cpu + broker_cpu)),
        format!("{peak:.0}"),
    ])
}

/// Writes the events, those of all threads in turn.
fn write(broker: &dyn Broker, topic: &Topic, threads: u64, steps: u64) -> Result<()> {
    let mut producer = broker.producer(&ProducerSpec::transactional("load"))?;
    producer.init(TIMEOUT)?;
    producer.begin()?;
    let mut written = 0;
    for step in 0..=steps {
        for thread in 0..threads {
            let value = if step == 0 {
                format!("new:{{\"steps\":{steps}}}")
            } else {
                format!(r#"{{"ref":"add","value":{{"amount":{step}}}}}"#)
            };
            producer.produce(&OutRecord::keyed(topic, &Key::new(&format!("t{thread:08}")), Bytes::from(value)))?;
            written += 1;
            if written % BATCH == 0 {
                producer.commit(TIMEOUT)?;
                producer.begin()?;
            }
        }
    }
    producer.commit(TIMEOUT)?;
    Ok(())
}
