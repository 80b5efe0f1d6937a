//! The complete path from sources to submissions on the broker in memory: the real stream thread, transactions, stores and
//! changelogs, with the `TestDriver`.

use sheaf::model::OutRecord;
use sheaf::testing::TestDriver;

use crate::{Result, Work, fixture};

const BUNDLES: u32 = 250;

/// Events of complete bundles.
struct Events {
    driver: TestDriver,
    events: Vec<OutRecord>,
}

/// Events that are handed over directly, as in a thread with all partitions.
pub(crate) fn direct() -> Result<Box<dyn Work>> {
    events(true)
}

/// Events that go through the inbox, as with partitions of other threads.
pub(crate) fn inbox() -> Result<Box<dyn Work>> {
    events(false)
}

fn events(direct_handover: bool) -> Result<Box<dyn Work>> {
    let driver = TestDriver::with_settings(fixture::topology()?, |settings| {
        settings.processing.direct_handover = direct_handover;
    })?;
    Ok(Box::new(Events { driver, events: fixture::shuffled(BUNDLES) }))
}

impl Work for Events {
    fn work(&mut self) -> Result<()> {
        Ok(self.driver.send_records(&self.events)?)
    }

    fn check(&mut self) -> Result<()> {
        submitted(&mut self.driver)
    }
}

/// Open bundles whose instance loses its disk.
struct Restore {
    driver: TestDriver,
    /// The last member of each bundle.
    rest: Vec<OutRecord>,
}

pub(crate) fn restore() -> Result<Box<dyn Work>> {
    let mut driver = TestDriver::new(fixture::topology()?)?;
    let (first, rest): (Vec<_>, Vec<_>) =
        fixture::bundles(BUNDLES).concat().into_iter().partition(|event| event.position < fixture::CHILDREN);
    driver.send_records(&first.iter().map(fixture::written).collect::<Vec<_>>())?;
    Ok(Box::new(Restore { driver, rest: rest.iter().map(fixture::written).collect() }))
}

impl Work for Restore {
    fn work(&mut self) -> Result<()> {
        Ok(self.driver.lose_disk()?)
    }

    /// The restored bundles can be completed.
    fn check(&mut self) -> Result<()> {
        self.driver.send_records(&self.rest)?;
        submitted(&mut self.driver)
    }
}

fn submitted(driver: &mut TestDriver) -> Result<()> {
    let submissions = driver.read(fixture::SUBMISSIONS)?.len();
    if u32::try_from(submissions)? == BUNDLES {
        return Ok(());
    }
    Err(format!("{submissions} submissions of {BUNDLES} bundles").into())
}
