//! A backlog: all events are written before the contender starts; measures its time and CPU to process them.

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

/// The events of the marginal phase, as a multiple of those of the cold phase.
const TIMES: u32 = 3;

/// From the start of the program to the last submission.
pub(crate) fn cold(contender: Contender, options: &Options) -> Result<Run> {
    let mut run = Run::new("cold", contender);
    let backlog = Backlog::write(options, options.bundles())?;
    let (before, mut process) = backlog.start(contender, options)?;
    let last = backlog.arrivals.wait_for(backlog.expected.bundles(), &mut process)?;
    let after = Meters::read(&backlog.server, Some(&process))?;
    run.note("wall_s", last.saturating_sub(process.started).as_secs_f64());
    after.note_cpu(&before, 1.0, &mut run);
    run.note("peak_mib", peak_mib(process.pid())?);
    after.note_others(&before, "", &mut run);
    backlog.set_verdict(run)
}

/// The costs of the last two thirds of three times as many events, without the costs of the start.
pub(crate) fn marginal(contender: Contender, options: &Options) -> Result<Run> {
    let mut run = Run::new("marginal", contender);
    let bundles = options.bundles() * TIMES;
    let backlog = Backlog::write(options, bundles)?;
    let (_, mut process) = backlog.start(contender, options)?;
    let first: Duration = backlog.arrivals.wait_for(usize::try_from(options.bundles())?, &mut process)?;
    let before = Meters::read(&backlog.server, Some(&process))?;
    let last = backlog.arrivals.wait_for(usize::try_from(bundles)?, &mut process)?;
    let after = Meters::read(&backlog.server, Some(&process))?;
    let share = f64::from(TIMES - 1);
    run.note("wall_s", last.saturating_sub(first).as_secs_f64() / share);
    after.note_cpu(&before, share, &mut run);
    run.note("peak_mib", peak_mib(process.pid())?);
    after.note_others(&before, "", &mut run);
    backlog.set_verdict(run)
}

/// A broker with unread events.
struct Backlog {
    // Before the server, which it reads from, is ended.
    arrivals: Arrivals,
    server: Server,
    expected: Expected,
}

impl Backlog {
    fn write(options: &Options, bundles: u32) -> Result<Self> {
        let server = Server::start(options)?;
        let stream = || Stream::new(options.seed, bundles, CHILDREN, options.open, options.at);
        Writer::plain(&server.broker)?.write(&mut stream(), None, &Ends::default())?;
        let mut expected = Expected::default();
        expected.add(stream().map(|(event, _)| event));
        Ok(Self { arrivals: Arrivals::open(&server)?, server, expected })
    }

    fn start(&self, contender: Contender, options: &Options) -> Result<(Meters, Process)> {
        Ok((Meters::read(&self.server, None)?, Process::start(contender, options, &self.server)?))
    }

    fn set_verdict(self, mut run: Run) -> Result<Run> {
        let seen = self.arrivals.close()?;
        run.set_verdict(&self.expected.verdict(seen.iter().map(|(_, record)| record)));
        Ok(run)
    }
}
