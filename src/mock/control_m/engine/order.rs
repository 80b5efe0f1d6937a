//! Orders folders, and finds what was ordered.

use std::sync::Arc;
use std::time::Duration;

use jiff::civil::Date;
use uuid::Uuid;

use super::super::definition::{Folder, Node};
use super::log::{Entry, What};
use super::state::{Engine, Order};
use super::unit::{Position, Unit};
use crate::model::Timestamp;

/// How folders are ordered.
#[derive(Clone, Debug, Default)]
pub(in crate::mock::control_m) struct Ordering {
    /// The order date; none means the current one.
    pub(in crate::mock::control_m) order_date: Option<Date>,
    /// Whether all is held at first.
    pub(in crate::mock::control_m) hold: bool,
    /// What is added to the lag.
    pub(in crate::mock::control_m) more_lag: Duration,
}

/// A folder that is to be ordered, or some jobs of it.
#[derive(Clone, Debug)]
pub(in crate::mock::control_m) struct Wanted {
    /// The Control-M server.
    pub(in crate::mock::control_m) server: String,
    /// The folder.
    pub(in crate::mock::control_m) folder: String,
    /// The jobs; empty means all.
    pub(in crate::mock::control_m) jobs: Vec<String>,
}

impl Engine {
    /// Orders the folders, and gives the run's id. A folder of the same name may have been ordered before.
    pub(in crate::mock::control_m) fn order(&mut self, folders: Vec<Folder>, ordering: &Ordering) -> String {
        let run_id = self.run_id();
        for folder in folders {
            self.order_folder(&run_id, &Arc::new(folder), ordering);
        }
        self.settle();
        run_id
    }

    /// Keeps the folders, in place of those of the same names.
    pub(in crate::mock::control_m) fn deploy(&mut self, folders: Vec<Folder>) {
        for folder in folders {
            self.deployed.insert((folder.server.clone(), folder.name.clone()), Arc::new(folder));
        }
    }

    /// The deployed folders.
    pub(in crate::mock::control_m) fn deployed(&self) -> impl Iterator<Item = &Folder> {
        self.deployed.values().map(Arc::as_ref)
    }

    /// Forgets a deployed folder; false if there is none. What was ordered of it stays.
    pub(in crate::mock::control_m) fn undeploy(&mut self, server: &str, folder: &str) -> bool {
        self.deployed.remove(&(server.to_owned(), folder.to_owned())).is_some()
    }

    /// Orders a deployed folder; none if there is no such folder, or no such job in it.
    pub(in crate::mock::control_m) fn order_deployed(
        &mut self,
        wanted: &Wanted,
        ordering: &Ordering,
    ) -> Option<String> {
        let run_id = self.run_id();
        let found = self.order_again(&run_id, wanted, ordering);
        self.settle();
        found.then_some(run_id)
    }

    /// Orders a deployed folder within a run. False if there is no such folder, or no such job in it.
    pub(super) fn order_again(&mut self, run_id: &str, wanted: &Wanted, ordering: &Ordering) -> bool {
        let deployed = self.deployed.get(&(wanted.server.clone(), wanted.folder.clone()));
        let folder = deployed.and_then(|folder| match wanted.jobs.as_slice() {
            [] => Some(Arc::clone(folder)),
            jobs => part(folder, jobs).map(Arc::new),
        });
        if let Some(folder) = &folder {
            self.order_folder(run_id, folder, ordering);
        }
        folder.is_some()
    }

    /// The orders of a run; none for an unknown run.
    pub(in crate::mock::control_m) fn run(&self, run_id: &str) -> Option<impl Iterator<Item = &Order>> {
        let places = self.orders_by_run.get(run_id)?;
        Some(places.iter().filter_map(|place| self.orders.get(*place)))
    }

    /// All orders, in their order.
    pub(in crate::mock::control_m) fn orders(&self) -> &[Order] {
        &self.orders
    }

    /// The orders of folders of that name.
    pub(in crate::mock::control_m) fn orders_of<'a>(
        &'a self,
        folder: &str,
    ) -> impl Iterator<Item = &'a Order> + use<'a> {
        let places = self.orders_by_folder.get(folder).into_iter().flatten();
        places.filter_map(|place| self.orders.get(*place))
    }

    /// The active jobs of an order, its folder first.
    pub(in crate::mock::control_m) fn units_of(&self, order: &Order) -> impl Iterator<Item = &Unit> + use<'_> {
        self.units.range(order.ids.clone()).map(|(_, unit)| unit)
    }

    /// An active job, visible or not.
    pub(in crate::mock::control_m) fn unit(&self, id: u64) -> Option<&Unit> {
        self.units.get(&id)
    }

    /// An active job that is visible.
    pub(in crate::mock::control_m) fn visible(&self, id: u64) -> Option<&Unit> {
        let unit = self.units.get(&id)?;
        let is_visible = self.orders.get(unit.order).is_some_and(|order| order.visible_at <= self.now);
        (is_visible && unit.is_shown()).then_some(unit)
    }

    /// The order that a job came with.
    pub(in crate::mock::control_m) fn order_of(&self, unit: &Unit) -> Option<&Order> {
        self.orders.get(unit.order)
    }

    fn order_folder(&mut self, run_id: &str, folder: &Arc<Folder>, ordering: &Ordering) {
        let (now, order, first) = (self.now, self.orders.len(), self.next_id);
        let date = ordering.order_date.unwrap_or(self.order_date);
        for (place, node) in folder.nodes.iter().enumerate() {
            let id = self.next_id;
            self.next_id += 1;
            let parent = node.parent.map(|above| first + number(above));
            let mut unit = Unit::new(id, folder, Position { order, parent, place }, date);
            unit.held = ordering.hold && parent.is_none();
            unit.log.push(Entry { at: now, what: What::Ordered });
            if let Some(above) = parent.and_then(|above| self.units.get_mut(&above)) {
                above.children.push(id);
            }
            self.units.insert(id, unit);
            self.to_check.insert(id);
            self.waiting.add(id, node);
        }
        self.servers.insert(folder.server.clone());
        self.orders_by_run.entry(run_id.to_owned()).or_default().push(order);
        self.orders_by_folder.entry(folder.name.clone()).or_default().push(order);
        self.orders.push(Order {
            run_id: run_id.to_owned(),
            folder: folder.name.clone(),
            ordered_at: now,
            visible_at: self.visible_at(&folder.name, ordering.more_lag),
            ids: first..self.next_id,
        });
        self.track_services(first..self.next_id);
    }

    fn run_id(&mut self) -> String {
        uuid::Builder::from_random_bytes(self.chance.u128(..).to_be_bytes()).into_uuid().to_string()
    }

    /// The lag of a folder is the same for the same name, in any order of the folders.
    fn visible_at(&self, folder: &str, more: Duration) -> Timestamp {
        let name = Uuid::new_v5(&Uuid::from_u128(u128::from(self.rules.seed)), folder.as_bytes());
        let (seed, _) = name.as_u64_pair();
        let millis = |duration: &Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        let (from, to) = (millis(self.rules.visibility_lag.start()), millis(self.rules.visibility_lag.end()));
        let lag = if from >= to { from } else { fastrand::Rng::with_seed(seed).u64(from..=to) };
        self.now.saturating_add(Duration::from_millis(lag)).saturating_add(more)
    }
}

fn number(place: usize) -> u64 {
    u64::try_from(place).unwrap_or(u64::MAX)
}

/// A folder with some of its jobs; none if it has none of them.
fn part(folder: &Folder, jobs: &[String]) -> Option<Folder> {
    let fits = |node: &&Node| jobs.contains(&node.name);
    let chosen: Vec<Node> = folder.nodes.iter().skip(1).filter(fits).cloned().collect();
    let first = folder.nodes.first().filter(|_| !chosen.is_empty())?;
    let below = chosen.into_iter().map(|node| Node { parent: Some(0), ..node });
    Some(Folder { nodes: std::iter::once(first.clone()).chain(below).collect(), ..folder.clone() })
}
