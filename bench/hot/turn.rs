//! The whole way from sources to submissions, over the broker in memory: the real stream thread, transactions, stores
//! and changelogs on the `TestDriver`.

use sheaf::model::OutRecord;
use sheaf::testing::TestDriver;

use crate::{Result, Work, scene};

const BUNDLES: u32 = 250;

/// Events that become submissions.
struct Events {
    driver: TestDriver,
    events: Vec<OutRecord>,
}

/// Events that skip their inbox, as they do where a thread has all partitions.
pub(crate) fn direct() -> Result<Box<dyn Work>> {
    events(true)
}

/// Events that go through their inbox, as they do where another thread has the partition of their key.
pub(crate) fn inbox() -> Result<Box<dyn Work>> {
    events(false)
}

fn events(direct_handover: bool) -> Result<Box<dyn Work>> {
    let driver = TestDriver::with_settings(scene::topology()?, |settings| {
        settings.processing.direct_handover = direct_handover;
    })?;
    Ok(Box::new(Events { driver, events: scene::shuffled(BUNDLES) }))
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
    let mut driver = TestDriver::new(scene::topology()?)?;
    let (first, rest): (Vec<_>, Vec<_>) =
        scene::bundles(BUNDLES).concat().into_iter().partition(|event| event.position < scene::CHILDREN);
    driver.send_records(&first.iter().map(scene::written).collect::<Vec<_>>())?;
    Ok(Box::new(Restore { driver, rest: rest.iter().map(scene::written).collect() }))
}

impl Work for Restore {
    fn work(&mut self) -> Result<()> {
        Ok(self.driver.lose_disk()?)
    }

    /// What came back can be completed.
    fn check(&mut self) -> Result<()> {
        self.driver.send_records(&self.rest)?;
        submitted(&mut self.driver)
    }
}

fn submitted(driver: &mut TestDriver) -> Result<()> {
    let submissions = driver.read(scene::SUBMISSIONS)?.len();
    if u32::try_from(submissions)? == BUNDLES {
        return Ok(());
    }
    Err(format!("{submissions} submissions of {BUNDLES} bundles").into())
}
