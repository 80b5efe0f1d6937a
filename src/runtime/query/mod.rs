//! Queries of the entries of an instance, by other threads than its stream threads.
//!
//! ```text
//!            entry(key) ─▶ stream thread ─▶ write-behind or store      one entry: as it is committed
//!  Queries ──┤
//!            list, counts ─▶ a flush if the last one is older than a second, then a reader of the store
//! ```
//!
//! A stream thread answers for one entry with its bytes, and flushes; all else is done by the thread that queries: it scans the status
//! index by pages, decodes, and calls [`Processor::show`](crate::processor::Processor::show). What is not committed is never seen.
//!
//! Queries are answered for the tasks that run on this instance. [`Page::merge`] joins the answers of several instances.
//!
//! | file | content |
//! |---|---|
//! | `filter` | which entries are listed |
//! | `position` | the order of lists, and cursors |
//! | `page` | pages, and joining them |
//! | `incomplete` | partitions that an answer lacks |
//! | `scan` | the rows of one task |
//! | `answer` | entries and counts as they are told |

mod answer;
mod filter;
mod incomplete;
mod page;
mod position;
mod scan;

pub use answer::{CountsAnswer, Failure, Item};
pub use filter::{Filter, FilterError};
pub use incomplete::Incomplete;
pub use page::Page;
pub use position::Position;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::context::Context;
use super::mailbox::Answer;
use super::peer::Peer;
use super::running_tasks::RunningTask;
use super::status::Status;
use super::topology_plan::TopologyPlan;
use crate::codec::partitioner;
use crate::model::{Clock, InstanceId, Key, TaskId};
use crate::topology::{Node, Topology};
use scan::{Found, Scan};

/// The longest wait for a stream thread that is asked for an entry.
const ENTRY_TIMEOUT: Duration = Duration::from_secs(2);
/// The longest wait for stream threads that are asked to flush.
const FLUSH_TIMEOUT: Duration = Duration::from_millis(500);
/// The time between two requests for a flush of one task.
const FLUSH_INTERVAL: Duration = Duration::from_secs(1);

/// Answers queries about the entries of an instance. Its functions may wait for a stream thread and read from disk.
pub struct Queries {
    plan: Arc<TopologyPlan>,
    status: Arc<Status>,
    clock: Arc<dyn Clock>,
    instance: InstanceId,
    http: String,
    /// The time of the last request for a flush of each task.
    flushes: Mutex<BTreeMap<TaskId, Duration>>,
}

impl fmt::Debug for Queries {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Queries").field("instance", &self.instance).finish_non_exhaustive()
    }
}

impl Queries {
    /// For an instance, which may be not started yet.
    pub fn new(context: &Context) -> Self {
        Self {
            plan: context.plan.clone(),
            status: context.status.clone(),
            clock: context.clock.clone(),
            instance: context.settings.instance.clone(),
            http: context.settings.http.clone(),
            flushes: Mutex::default(),
        }
    }

    /// The names of the processors.
    pub fn processors(&self) -> impl Iterator<Item = &str> {
        self.plan.topology.nodes.iter().map(|node| &*node.name)
    }

    /// The topology, with the generations of its processors' states.
    pub fn topology(&self) -> &Topology {
        &self.plan.topology
    }

    /// The address at which others reach this instance; empty if it has none.
    pub fn http(&self) -> &str {
        &self.http
    }

    /// The other living instances.
    pub fn peers(&self) -> Arc<BTreeMap<InstanceId, Peer>> {
        self.status.peers()
    }

    /// The partitions of a processor.
    pub fn partitions(&self, processor: &str) -> Result<BTreeSet<i32>, Failure> {
        let (at, _) = self.node(processor)?;
        Ok((0..self.plan.nodes.get(at).map_or(0, |topics| topics.partitions)).collect())
    }

    /// The task that has the entry of a key.
    pub fn task_of(&self, processor: &str, key: &Key) -> Result<TaskId, Failure> {
        let (at, node) = self.node(processor)?;
        let partitions = self.plan.nodes.get(at).map_or(0, |topics| topics.partitions);
        Ok(TaskId { processor: node.name.clone(), partition: partitioner(key.as_bytes(), partitions) })
    }

    /// The committed entry of a key; `None` if there is none. [`Failure::Elsewhere`]: its task does not run here.
    pub fn entry(&self, processor: &str, key: &Key) -> Result<Option<Item>, Failure> {
        let (_, node) = self.node(processor)?;
        let task = self.task_of(processor, key)?;
        let Some(running) = self.status.running().get(&task) else { return Err(self.elsewhere(&task)) };
        let answer = running.mailbox.entry(&task, key).and_then(|answer| answer.wait(ENTRY_TIMEOUT));
        let answer = answer.map_err(|error| Failure::Busy { task: task.clone(), error })?;
        match answer {
            Ok(found) => Ok(found.map(|stored| Item::whole(node, key, &stored, (task.partition, &self.instance)))),
            Err(crate::store::Error::Closed { .. }) => Err(self.elsewhere(&task)),
            Err(error) => Err(Failure::Store { task, error }),
        }
    }

    /// The entries that a filter selects of the tasks that run here, in the order of their sort keys.
    pub fn list(&self, processor: &str, filter: &Filter) -> Result<Page, Failure> {
        let (_, node) = self.node(processor)?;
        let (running, mut incomplete) = self.running(processor);
        self.flush(&running);
        let scan = Scan { node, filter, clock: &*self.clock };
        let mut found: Vec<(&TaskId, &RunningTask, Found)> = Vec::new();
        for (task, running_task) in &running {
            match scan.of(&*running_task.reader) {
                Ok(rows) => found.push((task, running_task, rows)),
                Err(error) => incomplete.push(Incomplete::new(task.partition, error.to_string())),
            }
        }
        let partitions = found.iter().map(|(task, ..)| task.partition).collect();
        let ends = found.iter().map(|(_, _, rows)| rows.end.as_ref());
        let end = page::earliest(ends).cloned();
        let tasks = found.iter().enumerate();
        let rows = tasks.flat_map(|(at, (_, _, found))| found.rows.iter().map(move |row| (row, at)));
        let (rows, next) = page::first(rows, |(row, _)| *row, end, filter.limit);
        let mut items = Vec::new();
        for (position, at) in rows {
            let Some((task, running_task, _)) = found.get(at) else { continue };
            let Ok(Some(stored)) = running_task.reader.entry(&position.key) else { continue };
            let mut item = Item::of(node, &position.key, &stored, (task.partition, &self.instance));
            let is_listed = item.position == *position && item.status.iter().any(|name| filter.has_status(name));
            // One that cannot be read is listed with the reason; another one may have changed since the scan.
            if is_listed || item.status.is_empty() {
                item.position = position.clone();
                items.push(item);
            }
        }
        Ok(Page { items, next, partitions, incomplete })
    }

    /// The number of entries by status of the tasks that run here.
    pub fn counts(&self, processor: &str) -> Result<CountsAnswer, Failure> {
        let (_, node) = self.node(processor)?;
        let (running, mut incomplete) = self.running(processor);
        self.flush(&running);
        let (mut partitions, mut further) = (BTreeMap::new(), BTreeMap::new());
        for (task, running) in &running {
            match running.reader.counts() {
                Ok(counts) => {
                    let (by_first, by_further) = answer::by_name(node, &counts);
                    partitions.insert(task.partition, by_first);
                    if !by_further.is_empty() {
                        further.insert(task.partition, by_further);
                    }
                }
                Err(error) => incomplete.push(Incomplete::new(task.partition, error.to_string())),
            }
        }
        Ok(CountsAnswer::of((partitions, further), incomplete))
    }

    fn node(&self, processor: &str) -> Result<(usize, &Node), Failure> {
        let mut nodes = self.plan.topology.nodes.iter().enumerate();
        nodes.find(|(_, node)| *node.name == *processor).ok_or_else(|| Failure::UnknownProcessor {
            name: processor.to_owned(),
            known: self.processors().collect::<Vec<_>>().join(", "),
        })
    }

    fn elsewhere(&self, task: &TaskId) -> Failure {
        Failure::Elsewhere { task: task.clone(), is_restoring: self.status.owned().contains(task) }
    }

    /// The running tasks of a processor, and its owned tasks that do not run.
    fn running(&self, processor: &str) -> (Vec<(TaskId, RunningTask)>, Vec<Incomplete>) {
        let (mut running, mut incomplete) = (Vec::new(), Vec::new());
        for task in self.status.owned().into_iter().filter(|task| *task.processor == *processor) {
            match self.status.running().get(&task) {
                Some(found) => running.push((task, found)),
                None => incomplete.push(Incomplete::new(task.partition, format!("{} restores it", self.instance))),
            }
        }
        (running, incomplete)
    }

    /// Asks the stream threads to flush, and waits for a moment. One that does not answer is read as it is stored.
    fn flush(&self, running: &[(TaskId, RunningTask)]) {
        let now = self.clock.uptime();
        let mut answers: Vec<Answer<()>> = Vec::new();
        for (task, running) in running {
            if self.is_due(task, now) {
                answers.extend(running.mailbox.flush(task));
            }
        }
        let until = now.saturating_add(FLUSH_TIMEOUT);
        for answer in answers {
            if let Err(error) = answer.wait(until.saturating_sub(self.clock.uptime())) {
                tracing::debug!(%error, "a stream thread has not flushed for a list");
            }
        }
    }

    fn is_due(&self, task: &TaskId, now: Duration) -> bool {
        let mut flushes = self.flushes.lock().unwrap_or_else(PoisonError::into_inner);
        if flushes.get(task).is_some_and(|at| now.saturating_sub(*at) < FLUSH_INTERVAL) {
            return false;
        }
        flushes.insert(task.clone(), now);
        true
    }
}
