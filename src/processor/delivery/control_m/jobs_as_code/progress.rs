//! Which jobs of a definition can run at all.

use std::collections::{BTreeMap, VecDeque};

use super::definition::{Definition, Folder, Job};
use super::event::{Added, Events, Kind};
use super::expression;

/// The jobs that can run, one after the other: each whose events are there and whose predecessors have run. What no job adds is
/// taken for there, because that is told by its own rule.
pub(super) struct Progress<'a, 'd> {
    /// The jobs, and whether they have not run yet.
    jobs: Vec<(&'d Job<'a>, bool)>,
    folders: Vec<&'d Folder<'a>>,
    folder_of: Vec<usize>,
    /// The number of jobs of each folder that have not run yet.
    open: Vec<usize>,
    /// The jobs before each in flows.
    before: BTreeMap<usize, Vec<usize>>,
    /// The jobs to look at when an event comes, or when a job has run.
    waiters: BTreeMap<&'a str, Vec<usize>>,
    after: BTreeMap<usize, Vec<usize>>,
    ever: Added<'a>,
    there: Added<'a>,
}

impl<'a, 'd> Progress<'a, 'd> {
    pub(super) fn new(definition: &'d Definition<'a>) -> Self {
        let mut progress = Self {
            jobs: Vec::new(),
            folders: definition.folders.iter().collect(),
            folder_of: Vec::new(),
            open: Vec::new(),
            before: BTreeMap::new(),
            waiters: BTreeMap::new(),
            after: BTreeMap::new(),
            ever: definition.events().flat_map(|(_, events)| events.adds()).collect(),
            there: Added::default(),
        };
        for (number, folder) in definition.folders.iter().enumerate() {
            let first = progress.jobs.len();
            for job in &folder.jobs {
                let index = progress.jobs.len();
                for event in folder.events.of_lists(Kind::Wait).chain(job.events.of_lists(Kind::Wait)) {
                    progress.waiters.entry(event.name).or_default().push(index);
                }
                progress.jobs.push((job, true));
                progress.folder_of.push(number);
            }
            progress.open.push(folder.jobs.len());
            progress.flows(folder, first);
        }
        progress
    }

    fn flows(&mut self, folder: &Folder<'_>, first: usize) {
        let index: BTreeMap<&str, usize> =
            folder.jobs.iter().enumerate().map(|(index, job)| (job.name, first + index)).collect();
        let pairs = folder.flows.iter().flat_map(|flow| flow.sequence.windows(2));
        for (one, next) in pairs.filter_map(|pair| Some((*index.get(pair.first()?)?, *index.get(pair.get(1)?)?))) {
            self.before.entry(next).or_default().push(one);
            self.after.entry(one).or_default().push(next);
        }
    }

    /// Runs the jobs; those that cannot run.
    pub(super) fn run(mut self) -> impl Iterator<Item = &'d Job<'a>> {
        let mut queue: VecDeque<usize> = (0..self.jobs.len()).collect();
        while let Some(index) = queue.pop_front() {
            let (Some((job, true)), Some(number)) = (self.jobs.get(index).copied(), self.folder_of.get(index).copied())
            else {
                continue;
            };
            let Some(folder) = self.folders.get(number).copied() else { continue };
            if !(self.is_met(&folder.events) && self.is_met(&job.events) && self.is_behind_its_flow(index)) {
                continue;
            }
            if let Some(entry) = self.jobs.get_mut(index) {
                entry.1 = false;
            }
            self.add(&job.events, &mut queue);
            queue.extend(self.after.get(&index).into_iter().flatten());
            if let Some(open) = self.open.get_mut(number) {
                *open -= 1;
                if *open == 0 {
                    self.add(&folder.events, &mut queue);
                }
            }
        }
        self.jobs.into_iter().filter_map(|(job, open)| open.then_some(job))
    }

    fn add(&mut self, events: &Events<'a>, queue: &mut VecDeque<usize>) {
        for event in events.adds() {
            self.there.add(event);
            queue.extend(self.waiters.get(event.name).into_iter().flatten());
        }
    }

    fn is_met(&self, events: &Events<'a>) -> bool {
        let mut lists = events.lists.iter().filter(|list| list.kind == Kind::Wait);
        lists.all(|list| expression::is_met(&list.items, |event| self.there.has(event) || !self.ever.has(event)))
    }

    fn is_behind_its_flow(&self, index: usize) -> bool {
        let mut before = self.before.get(&index).into_iter().flatten();
        before.all(|before| self.jobs.get(*before).is_some_and(|(_, open)| !open))
    }
}
