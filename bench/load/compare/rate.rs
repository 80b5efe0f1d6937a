//! Events at a rate: latencies, processors and memory.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use super::arrivals::Arrivals;
use super::check::Expected;
use super::contender::{Contender, Process};
use super::meters::Meters;
use super::run::Run;
use super::server::Server;
use super::{CHILDREN, Options};
use crate::Result;
use crate::process::peak_mib;
use crate::stream::Stream;
use crate::writer::{Ends, Writer};

/// The rates, in events per second, and the warm-up of each in seconds, in which Java compiles.
const RATES: [(u32, u32); 4] = [(100, 10), (500, 10), (2_000, 15), (10_000, 5)];
/// The number of bundles that are open at a time.
const OPEN: u32 = 2_000;

/// Starts a contender on empty topics and holds one rate after the other.
pub(crate) fn rate(contender: Contender, options: &Options) -> Result<Run> {
    let mut run = Run::new("rate", contender);
    let server = Server::start(options)?;
    let arrivals = Arrivals::open(&server)?;
    let mut process = Process::start(contender, options, &server)?;
    process.ready()?;
    let mut writer = Writer::plain(&server.broker)?;
    let mut expected = Expected::default();
    let mut seed = options.seed;
    for (rate, warm_up) in RATES {
        let suffix = format!("_at_{rate}");
        let mut load = |seconds: u32, process: &mut Process| -> Result<Ends> {
            seed += 1;
            let stream = || Stream::new(seed, rate * seconds / (CHILDREN + 1), CHILDREN, OPEN, options.at);
            expected.add(stream().map(|(event, _)| event));
            let ends = Ends::default();
            writer.write(&mut stream(), Some(rate), &ends)?;
            arrivals.wait_for(expected.bundles(), process)?;
            Ok(ends)
        };
        load(warm_up, &mut process)?;
        let before = Meters::read(&server, Some(&process))?;
        let ends = load(options.seconds, &mut process)?;
        let after = Meters::read(&server, Some(&process))?;
        run.note_latencies(&suffix, latencies(&ends, &arrivals));
        run.note(&format!("cores{suffix}"), after.contender_since(&before) / after.seconds_since(&before));
        run.note(&format!("broker_cores{suffix}"), after.broker_since(&before) / after.seconds_since(&before));
        run.note(&format!("peak_mib{suffix}"), peak_mib(process.pid())?);
        after.note_others(&before, &suffix, &mut run);
    }
    let all = arrivals.close()?;
    run.set_verdict(&expected.verdict(all.iter().map(|(_, record)| record)));
    Ok(run)
}

/// From the call that produced a bundle's last member to the arrival of its submission, in milliseconds.
fn latencies(ends: &Ends, arrivals: &Arrivals) -> Vec<f64> {
    let ends: HashMap<String, Duration> = {
        let ends = Arc::clone(ends);
        let ends = ends.lock().unwrap_or_else(PoisonError::into_inner);
        ends.iter().map(|(bundle, at)| (bundle.to_string(), *at)).collect()
    };
    let seen = arrivals.seen();
    let latency = |(at, record): &(Duration, sheaf::model::Record)| {
        let ended = ends.get(std::str::from_utf8(record.key.as_deref()?).ok()?)?;
        Some(at.saturating_sub(*ended).as_secs_f64() * 1_000.0)
    };
    seen.iter().filter_map(latency).collect()
}
