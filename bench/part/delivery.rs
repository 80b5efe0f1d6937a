//! The throughput of the delivery stage to a server that takes a fixed time for each request: what is in flight at a time is its
//! bound.
//!
//! The submissions are written to the topic of an instance that waits for them, so gathering bundles takes no part.

use std::time::Duration;

use bytes::Bytes;
use comfy_table::{Cell, CellAlignment, Table, presets};
use sheaf::broker::kafka::{KafkaBroker, KafkaSettings};
use sheaf::broker::{Broker, ProducerSpec};
use sheaf::model::{Clock, Key, OutRecord, Topic};
use sheaf::runtime::SystemClock;

use crate::Result;
use crate::fill::TIMEOUT;
use crate::instance::{Instance, Setup, Target};
use crate::slow_server::SlowServer;

const TOPOLOGY: &str = "name: bench
sources:
  - { topic: ctm-parent-events, member: parent, bundle: /id, id: /id, expects: /children }
  - { topic: ctm-children-events, member: child, bundle: /parent_id, id: /id, position: /position }
bundle: { key: text, children: 1 }
deliver: { webhook: { to: server, template: TEMPLATE } }
";
const TEMPLATE: &str = r#"{"id": "{{ bundle_id }}"}"#;
/// The partitions of the submissions, of one instance with one stream thread.
const PARTITIONS: i32 = 4;
/// The submissions of a transaction.
const BATCH: u64 = 5_000;

/// Deliver to a server that takes its time
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Options {
    #[command(flatten)]
    target: Target,
    /// The numbers of calls in flight, one after the other
    #[arg(long, value_name = "CALLS,..", value_delimiter = ',', default_values_t = [16, 64, 256])]
    in_flight: Vec<u32>,
    /// The time that the server takes for a request, in milliseconds
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..))]
    latency_ms: u64,
    /// A setting for sheaf; may be given more than once
    #[arg(long, value_name = "A.B=V")]
    set: Vec<String>,
    /// So many deliveries as take this time at the bound
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
    seconds: u32,
}

/// The figures of a number of calls in flight.
struct Figures {
    in_flight: u32,
    deliveries: usize,
    per_second: f64,
    bound: f64,
    most: u32,
    doubled: usize,
}

pub(crate) fn measure(options: &Options) -> Result<()> {
    std::fs::create_dir_all(&options.target.directory)?;
    let broker = KafkaBroker::new(KafkaSettings::new(&options.target.bootstrap_servers))?;
    let mut all = Vec::new();
    for in_flight in &options.in_flight {
        let figures = deliver(options, &broker, *in_flight)?;
        println!("{} in flight: {:.0} deliveries/s of {:.0}", figures.in_flight, figures.per_second, figures.bound);
        all.push(figures);
    }
    println!("{}", table(&all));
    println!("bound: the number in flight over the server's {} ms", options.latency_ms);
    let doubled: usize = all.iter().map(|figures| figures.doubled).sum();
    if doubled == 0 { Ok(()) } else { Err(format!("{doubled} bundles were delivered more than once").into()) }
}

fn deliver(options: &Options, broker: &dyn Broker, in_flight: u32) -> Result<Figures> {
    let latency = Duration::from_millis(options.latency_ms);
    let bound = f64::from(in_flight) / latency.as_secs_f64();
    let count = u64::from(in_flight) * 1_000 * u64::from(options.seconds) / options.latency_ms;
    let application = format!("bench-delivery-{in_flight}");
    let server = SlowServer::start(latency)?;
    let template = options.target.directory.join("body.json");
    std::fs::write(&template, TEMPLATE)?;
    let topology = TOPOLOGY.replace("TEMPLATE", &template.display().to_string());
    let setup = Setup::new(&options.target, &application, (&topology, PARTITIONS)).with_settings(&options.set);
    let more = format!(
        "sinks: {{ server: {{ webhook: {{ url: \"http://{}/\", in_flight_max: {in_flight} }} }} }}\n",
        server.address
    );
    let setup = Setup { more, ..setup };
    let mut instance = Instance::start(&setup, &format!("d{in_flight}"))?;
    instance.until("the delivery has its partitions", |instance| {
        let assigned = instance.metric("sheaf_consumer_assigned_partitions", &["submissions"])?;
        Some((assigned - f64::from(PARTITIONS)).abs() < 0.5)
    })?;
    write(broker, &application, count)?;
    let (count, limit) =
        (usize::try_from(count)?, SystemClock.uptime() + Duration::from_mins(1) * (1 + options.seconds));
    while server.executed() < count {
        instance.lives()?;
        if SystemClock.uptime() > limit {
            return Err(format!("{} of {count} deliveries in time", server.executed()).into());
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    instance.terminate()?;
    let calls = server.calls();
    let taken = calls.last.saturating_sub(calls.first.unwrap_or_default());
    let of_count = f64::from(u32::try_from(count)?);
    Ok(Figures {
        in_flight,
        deliveries: count,
        per_second: of_count / taken.as_secs_f64(),
        bound,
        most: calls.in_flight_max,
        doubled: calls.bodies.values().filter(|times| **times > 1).count(),
    })
}

/// Writes so many complete bundles to the topic of the submissions.
fn write(broker: &dyn Broker, application: &str, count: u64) -> Result<()> {
    let (topic, at) = (Topic::new(&format!("{application}-submissions")), "2026-01-01T00:00:00.000Z");
    let mut producer = broker.producer(&ProducerSpec::transactional("load"))?;
    producer.init(TIMEOUT)?;
    for from in (0..count).step_by(usize::try_from(BATCH)?) {
        producer.begin()?;
        for number in from..count.min(from + BATCH) {
            let id = format!("b{number:07}");
            let value = serde_json::json!({
                "bundle_id": id, "parent": { "id": id, "children": 1 }, "children": [{ "id": "c", "parent_id": id }],
                "first_event_at": at, "completed_at": at, "late": false,
            });
            producer.produce(&OutRecord::keyed(&topic, &Key::new(&id), Bytes::from(value.to_string())))?;
        }
        producer.commit(TIMEOUT)?;
    }
    Ok(())
}

fn table(rows: &[Figures]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::ASCII_MARKDOWN);
    table.set_header(["in flight", "deliveries", "deliveries/s", "bound", "% of it", "most in flight", "doubled"]);
    for row in rows {
        let cells = [
            row.in_flight.to_string(),
            row.deliveries.to_string(),
            format!("{:.0}", row.per_second),
            format!("{:.0}", row.bound),
            format!("{:.0}", 100.0 * row.per_second / row.bound),
            row.most.to_string(),
            row.doubled.to_string(),
        ];
        table.add_row(cells.map(Cell::new));
    }
    table.column_iter_mut().for_each(|column| column.set_cell_alignment(CellAlignment::Right));
    table
}
