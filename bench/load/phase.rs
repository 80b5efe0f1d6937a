//! The phases of a measurement: idle, steady, steady with queries, burst.
#![expect(clippy::disallowed_methods, reason = "an idle instance is measured in real time")]

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use sheaf::broker::kafka::{KafkaBroker, KafkaSettings};
use sheaf::model::{Clock, Topic};
use sheaf::runtime::SystemClock;

use crate::figures::Figures;
use crate::process::{self, Transactions};
use crate::query::{self, Answers};
use crate::reader::{Seen, Submissions};
use crate::stream::Stream;
use crate::writer::{Ends, Writer};
use crate::{Options, Result, usage};

/// Runs phases, one after another.
pub(crate) struct Phases {
    options: Options,
    broker: KafkaBroker,
    /// The next seed: each phase has other bundles.
    seed: u64,
}

/// A reading of all meters.
struct Meters {
    at: Duration,
    sheaf: f64,
    broker: f64,
    transactions: Transactions,
}

impl Phases {
    pub(crate) fn new(options: &Options) -> Result<Self> {
        let broker = KafkaBroker::new(KafkaSettings::new(&options.bootstrap_servers))?;
        Ok(Self { options: options.clone(), broker, seed: options.seed.wrapping_mul(1_000_003) })
    }

    /// Warms up the broker's Java, caches and connections.
    pub(crate) fn warm_up(&mut self) -> Result<()> {
        let Options { rate, warm_up, .. } = self.options;
        if warm_up > 0 {
            self.load("warm-up", rate.saturating_mul(warm_up), Some(rate))?;
        }
        Ok(())
    }

    /// The idle phase: no events.
    pub(crate) fn idle(&mut self) -> Result<Option<Figures>> {
        if self.options.idle == 0 {
            return Ok(None);
        }
        let before = self.read_meters()?;
        std::thread::sleep(Duration::from_secs(u64::from(self.options.idle)));
        let after = self.read_meters()?;
        let mut figures = self.figures("idle", &before, &after)?;
        figures.seconds = after.at.saturating_sub(before.at).as_secs_f64();
        Ok(Some(figures))
    }

    /// The steady phase: events at a rate.
    pub(crate) fn steady(&mut self) -> Result<Option<Figures>> {
        let Options { rate, seconds, .. } = self.options;
        if seconds == 0 {
            return Ok(None);
        }
        self.load(&format!("{rate} events/s"), rate.saturating_mul(seconds), Some(rate)).map(Some)
    }

    /// Bundles that wait for their parents.
    pub(crate) fn fill(&self) -> Result<()> {
        query::fill(&self.broker, self.options.http, self.options.waiting, self.options.children)
    }

    /// The steady phase again, with lists at a rate beside it.
    pub(crate) fn queried(&mut self) -> Result<Option<(Figures, Answers)>> {
        let Options { rate, seconds, lists, waiting, http, .. } = self.options;
        if seconds == 0 || lists == 0 || waiting == 0 {
            return Ok(None);
        }
        let ended = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let asking = scope.spawn(|| query::beside(http, lists, &ended));
            let name = format!("{rate} events/s, {lists} lists/s");
            let figures = self.load(&name, rate.saturating_mul(seconds), Some(rate));
            ended.store(true, Ordering::Relaxed);
            let answers = asking.join().unwrap_or_else(|_panic| Err("the thread that asks has panicked".into()));
            Ok(Some((figures?, answers?)))
        })
    }

    /// The burst phase: events as fast as possible.
    pub(crate) fn burst(&mut self) -> Result<Option<Figures>> {
        let events = self.options.burst;
        if events == 0 {
            return Ok(None);
        }
        self.load(&format!("burst of {events}"), events, None).map(Some)
    }

    fn load(&mut self, name: &str, events: u32, rate: Option<u32>) -> Result<Figures> {
        let Options { children, open, .. } = self.options;
        self.seed = self.seed.wrapping_add(1);
        let bundles = (events / (children + 1)).max(1);
        let mut stream = Stream::new(self.seed, bundles, children, open, SystemClock.now());
        let ends = Ends::default();
        let mut writer = Writer::new(&self.broker, &format!("bench-load-{}", self.seed))?;
        let submissions = Submissions::open(&self.broker, &Topic::new("ctm-submissions"))?;
        self.options.sheaf_pid.iter().for_each(|pid| process::reset_peak(*pid));
        let before = self.read_meters()?;
        let expected = usize::try_from(bundles)?;
        let (wrote, seen): (Result<Duration>, Result<Seen>) = std::thread::scope(|scope| {
            let reading = scope.spawn(|| submissions.read(expected, children, before.at, &ends));
            let wrote = writer.write(&mut stream, rate, &ends);
            let seen = reading.join().unwrap_or_else(|_panic| Err("the reader panicked".into()));
            (wrote, seen)
        });
        let (wrote, seen) = (wrote?, seen?);
        let after = self.read_meters()?;
        let mut figures = self.figures(name, &before, &after)?;
        figures.seconds = seen.last_at.saturating_sub(before.at).as_secs_f64();
        figures.events = f64::from(bundles * (children + 1));
        figures.events_per_second = figures.events / figures.seconds;
        figures.write_seconds = wrote.as_secs_f64();
        figures.missing = f64::from(bundles) - f64::from(u32::try_from(seen.bundles())?);
        figures.doubled = f64::from(seen.doubled);
        figures.wrong = f64::from(seen.wrong);
        if rate.is_some() {
            // The latency of a burst is only the length of its queue.
            figures.set_latencies(seen.latencies_ms);
        }
        Ok(figures)
    }

    fn read_meters(&self) -> Result<Meters> {
        Ok(Meters {
            at: SystemClock.uptime(),
            sheaf: self.sum(usage::cpu_seconds)?,
            broker: usage::cpu_seconds(self.options.broker_pid)?,
            transactions: Transactions::of(self.options.http)?,
        })
    }

    /// The sum of a figure over all instances.
    fn sum(&self, of: impl Fn(u32) -> Result<f64>) -> Result<f64> {
        self.options.sheaf_pid.iter().map(|pid| of(*pid)).sum()
    }

    fn figures(&self, name: &str, before: &Meters, after: &Meters) -> Result<Figures> {
        let transactions = after.transactions.committed - before.transactions.committed;
        let measured = after.transactions.measured - before.transactions.measured;
        let elapsed = after.at.saturating_sub(before.at).as_secs_f64();
        let mean = (after.transactions.seconds - before.transactions.seconds) / measured * 1_000.0;
        Ok(Figures {
            phase: name.to_owned(),
            sheaf_cpu_seconds: after.sheaf - before.sheaf,
            broker_cpu_seconds: after.broker - before.broker,
            sheaf_cores: (after.sheaf - before.sheaf) / elapsed,
            peak_mib: self.sum(process::peak_mib)?,
            transactions,
            transactions_per_second: transactions / elapsed,
            transaction_ms: if measured > 0.0 { mean } else { 0.0 },
            ..Figures::default()
        })
    }
}
