//! Plays the records of a window in memory.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;

use super::request::Result;
use super::window::Window;
use crate::model::{OutRecord, Timestamp};
use crate::testing::TestDriver;
use crate::topology::{Source, Topology};

/// Records within this time are written together.
const TOGETHER: Duration = Duration::from_secs(1);
/// The most records that are written together.
const TOGETHER_MAX: usize = 2_000;

/// What has come out.
#[derive(Debug, Default)]
pub struct Played {
    /// The records of the first output, by key.
    pub outputs: BTreeMap<Bytes, Bytes>,
    /// The number of alerts of each kind.
    pub alerts: BTreeMap<String, usize>,
    /// The number of dead letters of each reason.
    pub dead_letters: BTreeMap<String, usize>,
}

/// One processor of a topology with its sources; `None` if there is none of that name.
pub(super) fn alone(topology: &Topology, processor: &str) -> Option<Topology> {
    let (index, node) = topology.nodes.iter().enumerate().find(|(_, node)| *node.name == *processor)?;
    let sources = topology.sources.iter().filter(|source| source.node == index);
    let sources = sources.map(|source| Source { node: 0, ..source.clone() }).collect();
    Some(Topology { sources, nodes: vec![node.clone()], name: topology.name.clone() })
}

/// Plays the records, and lets the clock run to the end of the window.
pub(super) fn play(
    topology: Topology,
    window: &Window,
    until: Timestamp,
    progress: &mut dyn FnMut(&'static str, usize, usize),
) -> Result<Played> {
    let output = topology.nodes.first().and_then(|node| node.outputs.first()).map(|output| output.topic.clone());
    let begin = window.records.first().and_then(|record| record.timestamp).unwrap_or(until);
    let mut driver = TestDriver::starting_at(topology, begin)?;
    let mut done = 0;
    let mut rest: &[OutRecord] = &window.records;
    while let Some(at) = rest.first().and_then(|record| record.timestamp) {
        let end = at.saturating_add(TOGETHER);
        let together = rest.iter().take(TOGETHER_MAX).take_while(|it| it.timestamp.is_none_or(|it| it < end)).count();
        let (now, later) = rest.split_at(together);
        driver.advance(at.since(driver.now()))?;
        driver.send_records(now)?;
        done += together;
        progress("playing", done, window.records.len());
        rest = later;
    }
    driver.advance(until.since(driver.now()))?;
    let mut played = Played::default();
    if let Some(topic) = output {
        let records = driver.read(topic.as_str())?.into_iter();
        played.outputs.extend(records.filter_map(|record| record.key.zip(record.value)));
    }
    for raised in driver.alerts()? {
        *played.alerts.entry(raised.alert.kind).or_default() += 1;
    }
    for letter in driver.dead_letters()? {
        *played.dead_letters.entry(letter.reason).or_default() += 1;
    }
    Ok(played)
}
