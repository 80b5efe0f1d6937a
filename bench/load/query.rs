//! Queries over HTTP: of many entries that wait, and beside a load.
#![expect(clippy::disallowed_methods, reason = "queries come at a rate, in real time")]

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use comfy_table::{CellAlignment, Table, presets};
use serde::Serialize;
use sheaf::broker::Broker;
use sheaf::model::Clock;
use sheaf::runtime::SystemClock;
use sheaf::sim::{Generator, SampleEvent};

use crate::process::get;
use crate::writer::{Ends, Writer};
use crate::{Result, figures};

/// The status of a bundle whose children are there, and whose parent is not.
const STATUS: &str = "waiting-parent";
/// The number of times that each query is asked alone.
const TIMES: usize = 400;
/// The number of threads that ask beside a load.
const THREADS: u32 = 4;
/// The time without progress after which entries are missing.
const IDLE_TIMEOUT: Duration = Duration::from_mins(1);

/// How long the answers to a query took.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Answers {
    query: String,
    asked: usize,
    p50_ms: Option<f64>,
    p95_ms: Option<f64>,
    p99_ms: Option<f64>,
    max_ms: Option<f64>,
}

impl Answers {
    fn new(query: String, latencies_ms: Vec<f64>) -> Self {
        let asked = latencies_ms.len();
        let [p50_ms, p95_ms, p99_ms, max_ms] = figures::percentiles(latencies_ms);
        Self { query, asked, p50_ms, p95_ms, p99_ms, max_ms }
    }
}

/// Writes one child of each of so many bundles, and waits until all of them wait for their parents.
pub(crate) fn fill(broker: &dyn Broker, http: SocketAddr, bundles: u32, children: u32) -> Result<()> {
    let mut generator = Generator::new(u64::MAX);
    let at = SystemClock.now();
    let mut orphans = (0..bundles).filter_map(|_| {
        let child = generator.bundle(children, at).into_iter().find(|event: &SampleEvent| !event.is_parent())?;
        Some((child, false))
    });
    Writer::new(broker, "bench-load-orphans")?.write(&mut orphans, None, &Ends::default())?;
    let (mut counted, mut since) = (0, SystemClock.uptime());
    while counted < u64::from(bundles) {
        let answer = body(http, "/api/v1/bundle/counts")?;
        let count = answer.pointer(&format!("/counts/open~1{STATUS}")).and_then(serde_json::Value::as_u64).unwrap_or(0);
        let now = SystemClock.uptime();
        if count > counted {
            (counted, since) = (count, now);
        } else if now.saturating_sub(since) > IDLE_TIMEOUT {
            return Err(format!("{counted} of {bundles} bundles wait for their parents: {answer}").into());
        }
        std::thread::sleep(Duration::from_millis(500));
    }
    Ok(())
}

/// Asks each query alone, one after another.
pub(crate) fn alone(http: SocketAddr) -> Result<Vec<Answers>> {
    let page = body(http, &list())?;
    let items = page.get("items").and_then(serde_json::Value::as_array).cloned().unwrap_or_default();
    let keys: Vec<&str> = items.iter().filter_map(|entry| entry.get("key")?.as_str()).collect();
    let key = |time: usize| keys.get(time.checked_rem(keys.len())?).copied();
    let show = |time: usize| Ok(format!("/api/v1/bundle/entries/{}", key(time).ok_or("there are no entries")?));
    let console = format!("/entries/bench/bundle?status={STATUS}");
    Ok(vec![
        Answers::new(format!("list of 50 {STATUS}"), times(http, |_| Ok(list()))?),
        Answers::new("show".to_owned(), times(http, show)?),
        Answers::new(format!("console's list of {STATUS}"), times(http, |_| Ok(console.clone()))?),
    ])
}

/// Asks for lists at a rate until `ended`.
pub(crate) fn beside(http: SocketAddr, per_second: u32, ended: &AtomicBool) -> Result<Answers> {
    let pause = Duration::from_secs(1) * THREADS / per_second.max(1);
    let asker = || {
        let mut latencies_ms = Vec::new();
        let mut next = SystemClock.uptime();
        while !ended.load(Ordering::Relaxed) {
            latencies_ms.push(time(http, &list())?);
            next = next.saturating_add(pause);
            std::thread::sleep(next.saturating_sub(SystemClock.uptime()));
        }
        Ok(latencies_ms)
    };
    let latencies: Result<Vec<Vec<f64>>> = std::thread::scope(|scope| {
        let askers: Vec<_> = (0..THREADS).map(|_| scope.spawn(asker)).collect();
        let join = |asker: std::thread::ScopedJoinHandle<'_, Result<Vec<f64>>>| {
            asker.join().unwrap_or_else(|_panic| Err("a thread that asks has panicked".into()))
        };
        askers.into_iter().map(join).collect()
    });
    Ok(Answers::new(format!("list of 50 {STATUS}, {per_second}/s beside the load"), latencies?.concat()))
}

fn list() -> String {
    format!("/api/v1/bundle/entries?status={STATUS}&limit=50")
}

fn times(http: SocketAddr, query: impl Fn(usize) -> Result<String>) -> Result<Vec<f64>> {
    (0..TIMES).map(|at| time(http, &query(at)?)).collect()
}

/// The milliseconds of one query, from the connection to the end of the answer.
fn time(http: SocketAddr, path: &str) -> Result<f64> {
    let began = SystemClock.uptime();
    let answer = get(http, path)?;
    let status = answer.lines().next().unwrap_or_default();
    if !status.contains(" 200 ") {
        return Err(format!("GET {path}: {status}").into());
    }
    Ok(SystemClock.uptime().saturating_sub(began).as_secs_f64() * 1_000.0)
}

fn body(http: SocketAddr, path: &str) -> Result<serde_json::Value> {
    let answer = get(http, path)?;
    let (head, body) = answer.split_once("\r\n\r\n").ok_or("an answer without a body")?;
    let value = serde_json::from_str(body).map_err(|error| format!("GET {path}: {error}: {head}"))?;
    if head.contains(" 200 ") { Ok(value) } else { Err(format!("GET {path}: {value}").into()) }
}

/// The answers as a table.
pub(crate) fn table(rows: &[Answers]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::ASCII_MARKDOWN).set_header(["query", "asked", "p50 ms", "p95 ms", "p99 ms", "max ms"]);
    for row in rows {
        let latency = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |value| format!("{value:.1}"));
        let latencies = [row.p50_ms, row.p95_ms, row.p99_ms, row.max_ms].map(latency);
        table.add_row([row.query.clone(), row.asked.to_string()].into_iter().chain(latencies));
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}
