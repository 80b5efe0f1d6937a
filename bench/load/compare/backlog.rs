//! All events are in the topics before the contender is started: how fast and how dearly it works them off.

use std::time::Duration;

use super::check::Expected;
use super::contender::{Contender, Process};
use super::meters::Meters;
use super::run::Run;
use super::server::Server;
use super::watch::Watch;
use super::{CHILDREN, Options};
use crate::Result;
use crate::process::peak_mib;
use crate::stream::Stream;
use crate::writer::{Ends, Writer};

/// How many times the events of the cold phase the marginal phase has.
const TIMES: u32 = 3;

/// From the start of the program to the last submission.
pub(crate) fn cold(who: Contender, options: &Options) -> Result<Run> {
    let mut run = Run::new("cold", who);
    let backlog = Backlog::write(options, options.bundles())?;
    let (before, mut process) = backlog.start(who, options)?;
    let last = backlog.watch.wait_for(backlog.expected.bundles(), &mut process)?;
    let after = Meters::read(&backlog.server, Some(&process))?;
    run.note("wall_s", last.saturating_sub(process.started).as_secs_f64());
    after.note_cpu(&before, 1.0, &mut run);
    run.note("peak_mib", peak_mib(process.pid())?);
    after.note_others(&before, "", &mut run);
    backlog.judge(run)
}

/// What a further million costs, once the first is done: of three times as many events the last two thirds.
pub(crate) fn marginal(who: Contender, options: &Options) -> Result<Run> {
    let mut run = Run::new("marginal", who);
    let bundles = options.bundles() * TIMES;
    let backlog = Backlog::write(options, bundles)?;
    let (_, mut process) = backlog.start(who, options)?;
    let first: Duration = backlog.watch.wait_for(usize::try_from(options.bundles())?, &mut process)?;
    let before = Meters::read(&backlog.server, Some(&process))?;
    let last = backlog.watch.wait_for(usize::try_from(bundles)?, &mut process)?;
    let after = Meters::read(&backlog.server, Some(&process))?;
    let share = f64::from(TIMES - 1);
    run.note("wall_s", last.saturating_sub(first).as_secs_f64() / share);
    after.note_cpu(&before, share, &mut run);
    run.note("peak_mib", peak_mib(process.pid())?);
    after.note_others(&before, "", &mut run);
    backlog.judge(run)
}

/// A broker with events that nobody has read yet.
struct Backlog {
    // Before the server, which it reads from, is ended.
    watch: Watch,
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
        Ok(Self { watch: Watch::open(&server)?, server, expected })
    }

    fn start(&self, who: Contender, options: &Options) -> Result<(Meters, Process)> {
        Ok((Meters::read(&self.server, None)?, Process::start(who, options, &self.server)?))
    }

    fn judge(self, mut run: Run) -> Result<Run> {
        let seen = self.watch.close()?;
        run.judge(&self.expected.verdict(seen.iter().map(|(_, record)| record)));
        Ok(run)
    }
}
