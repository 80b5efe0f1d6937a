//! Many open bundles: the time of a restore into an empty directory, and of a recovery after a kill.

use std::time::Duration;

use sheaf::sim::{Generator, SampleEvent};

use super::arrivals::Arrivals;
use super::check::Expected;
use super::clock::{now, pause, since};
use super::contender::{Contender, GROUP, Process};
use super::meters::Meters;
use super::run::Run;
use super::server::Server;
use super::{CHILDREN, Options, Phase};
use crate::Result;
use crate::process::peak_mib;
use crate::stream::Stream;
use crate::writer::{Ends, Writer};

/// The number of restored bundles that are completed, as a check of the restore.
const SAMPLE: u32 = 10_000;
/// The load during the kill, in events per second, and its number of open bundles.
const RATE: u32 = 2_000;
const OPEN: u32 = 2_000;
/// The time of the load before the kill, and in total: longer than any recovery.
const BEFORE_KILL: Duration = Duration::from_secs(10);
const LOAD_SECONDS: u32 = 40;
/// The time-out of the first submission after a kill.
const FIRST_MAX: Duration = Duration::from_mins(5);

/// Opens bundles; then restores them into an empty directory and kills the instance under load, as the phases require.
pub(crate) fn state(contender: Contender, options: &Options) -> Result<Vec<Run>> {
    let server = Server::start(options)?;
    let mut deployment =
        Deployment { arrivals: Arrivals::open(&server)?, expected: Expected::default(), server, contender };
    let mut process = Process::start(contender, options, &deployment.server)?;
    process.ready()?;
    let parents = &mut open_bundles(options).filter(SampleEvent::is_parent).map(|event| (event, false));
    Writer::plain(&deployment.server.broker)?.write(parents, None, &Ends::default())?;
    deployment.server.wait_for(GROUP, contender.inbox())?;

    let mut runs = Vec::new();
    if options.has(Phase::Restore) {
        let mut run = Run::new("restore", contender);
        process = deployment.restore(process, options, &mut run)?;
        runs.push(run);
    }
    if options.has(Phase::Kill) {
        let mut run = Run::new("kill", contender);
        process = deployment.kill(process, options, &mut run)?;
        runs.push(run);
    }
    let seen = deployment.arrivals.close()?;
    drop(process);
    let verdict = deployment.expected.verdict(seen.iter().map(|(_, record)| record));
    for run in &mut runs {
        run.set_verdict(&verdict);
    }
    Ok(runs)
}

/// The open bundles; each call gives the same.
fn open_bundles(options: &Options) -> impl Iterator<Item = SampleEvent> {
    let mut generator = Generator::new(options.seed);
    let at = options.at;
    (0..options.events).flat_map(move |_| generator.bundle(CHILDREN, at))
}

struct Deployment {
    arrivals: Arrivals,
    server: Server,
    expected: Expected,
    contender: Contender,
}

impl Deployment {
    /// From the start of the program with an empty directory until it processes again.
    fn restore(&mut self, process: Process, options: &Options, run: &mut Run) -> Result<Process> {
        let asked = now();
        process.stop()?;
        run.note("stop_s", since(asked));
        std::fs::remove_dir_all(options.state())?;
        let before = Meters::read(&self.server, None)?;
        let mut process = Process::start(self.contender, options, &self.server)?;
        let ready = process.ready()?;
        let after = Meters::read(&self.server, Some(&process))?;
        run.note("wall_s", ready);
        after.note_cpu(&before, 1.0, run);
        run.note("peak_mib", peak_mib(process.pid())?);
        after.note_others(&before, "", run);

        let sample = usize::try_from(SAMPLE.min(options.events) * (CHILDREN + 1))?;
        self.expected.add(open_bundles(options).take(sample));
        let children = open_bundles(options).take(sample).filter(|event| !event.is_parent());
        let mut children = children.map(|event| (event, false));
        Writer::plain(&self.server.broker)?.write(&mut children, None, &Ends::default())?;
        self.arrivals.wait_for(self.expected.bundles(), &mut process)?;
        Ok(process)
    }

    /// From the kill, with a restart at once, to the first submission by the new process.
    fn kill(&mut self, process: Process, options: &Options, run: &mut Run) -> Result<Process> {
        let stream = || Stream::new(options.seed + 1, RATE * LOAD_SECONDS / (CHILDREN + 1), CHILDREN, OPEN, options.at);
        self.expected.add(stream().map(|(event, _)| event));
        let mut writer = Writer::plain(&self.server.broker)?;
        std::thread::scope(|scope| {
            let writing = scope.spawn(move || writer.write(&mut stream(), Some(RATE), &Ends::default()));
            pause(BEFORE_KILL);
            let killed = now();
            process.kill()?;
            let ends = self.server.ends()?;
            let before = Meters::read(&self.server, None)?;
            let mut process = Process::start(self.contender, options, &self.server)?;
            let first = self.first_after(&ends, &mut process)?;
            let after = Meters::read(&self.server, Some(&process))?;
            run.note("first_output_s", first.saturating_sub(killed).as_secs_f64());
            after.note_cpu(&before, 1.0, run);
            after.note_others(&before, "", run);
            writing.join().map_err(|_panic| "the writer panicked")??;
            self.arrivals.wait_for(self.expected.bundles(), &mut process)?;
            Ok(process)
        })
    }

    /// The arrival time of the first submission after these ends.
    fn first_after(&self, ends: &[i64], process: &mut Process) -> Result<Duration> {
        let mut looked = 0;
        loop {
            process.is_alive()?;
            if now().saturating_sub(process.started) > FIRST_MAX {
                return Err(format!(
                    "{} has written nothing for {FIRST_MAX:?} after its restart",
                    self.contender.name()
                )
                .into());
            }
            let seen = self.arrivals.seen();
            for (at, record) in seen.iter().skip(looked) {
                let end = usize::try_from(record.source.partition).ok().and_then(|number| ends.get(number));
                if end.is_some_and(|end| record.offset >= *end) {
                    return Ok(*at);
                }
            }
            looked = seen.len();
            drop(seen);
            pause(Duration::from_millis(2));
        }
    }
}
