//! Pools and locks.

use std::collections::{BTreeMap, BTreeSet};

use super::super::definition::Use;

/// A pool, by server and name.
type Name = (String, String);

/// The pools and locks of all servers.
#[derive(Debug, Default)]
pub(super) struct Resources {
    pools: BTreeMap<Name, u32>,
    /// What executing jobs hold, by the job.
    held: BTreeMap<u64, Vec<(String, Use)>>,
    /// The jobs that wait for some of them.
    waiting: BTreeSet<u64>,
}

/// A pool, as the API shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::mock::control_m) struct Pool {
    /// The Control-M server.
    pub(in crate::mock::control_m) server: String,
    /// Its name.
    pub(in crate::mock::control_m) name: String,
    /// Its units.
    pub(in crate::mock::control_m) max: u32,
    /// Those that no job holds.
    pub(in crate::mock::control_m) available: u32,
}

impl Resources {
    /// Sets the units of a pool.
    pub(super) fn set(&mut self, server: &str, name: &str, max: u32) {
        self.pools.insert((server.to_owned(), name.to_owned()), max);
    }

    /// Removes a pool. False if there is none.
    pub(super) fn remove(&mut self, server: &str, name: &str) -> bool {
        self.pools.remove(&(server.to_owned(), name.to_owned())).is_some()
    }

    /// Takes all that a job needs, or nothing; then the job is among those that wait.
    pub(super) fn take(&mut self, job: u64, server: &str, uses: &[Use]) -> bool {
        if let Some(missing) = self.missing(server, uses) {
            tracing::debug!(job, missing, "a job waits for a resource");
            self.waiting.insert(job);
            return false;
        }
        self.waiting.remove(&job);
        if !uses.is_empty() {
            self.held.insert(job, uses.iter().map(|used| (server.to_owned(), used.clone())).collect());
        }
        true
    }

    /// Gives back what a job holds, and names the jobs that may go on now.
    pub(super) fn give_back(&mut self, job: u64) -> Vec<u64> {
        if self.held.remove(&job).is_some() { self.waiting() } else { Vec::new() }
    }

    /// The jobs that wait.
    pub(super) fn waiting(&self) -> Vec<u64> {
        self.waiting.iter().copied().collect()
    }

    /// A job that is gone waits no more.
    pub(super) fn forget(&mut self, job: u64) {
        self.waiting.remove(&job);
        self.held.remove(&job);
    }

    /// The first need that cannot be met; a pool that nobody has defined has no units.
    pub(super) fn missing(&self, server: &str, uses: &[Use]) -> Option<String> {
        let mut wanted: BTreeMap<&str, u32> = BTreeMap::new();
        uses.iter().find_map(|used| match used {
            Use::Pool { name, quantity } => {
                let sum = wanted.entry(name).or_default();
                *sum = sum.saturating_add(*quantity);
                (*sum > self.available(server, name)).then(|| name.clone())
            }
            Use::Lock { name, exclusive } => self.is_locked(server, name, *exclusive).then(|| name.clone()),
        })
    }

    /// All pools.
    pub(super) fn pools(&self) -> Vec<Pool> {
        let of = |((server, name), max): (&Name, &u32)| Pool {
            server: server.clone(),
            name: name.clone(),
            max: *max,
            available: self.available(server, name),
        };
        self.pools.iter().map(of).collect()
    }

    fn available(&self, server: &str, wanted: &str) -> u32 {
        let max = self.pools.get(&(server.to_owned(), wanted.to_owned())).copied().unwrap_or(0);
        let held = self.held_on(server).map(|used| match used {
            Use::Pool { name, quantity } if name == wanted => *quantity,
            Use::Pool { .. } | Use::Lock { .. } => 0,
        });
        max.saturating_sub(held.sum())
    }

    fn is_locked(&self, server: &str, wanted: &str, alone: bool) -> bool {
        self.held_on(server).any(|used| match used {
            Use::Lock { name, exclusive } => name == wanted && (alone || *exclusive),
            Use::Pool { .. } => false,
        })
    }

    fn held_on(&self, server: &str) -> impl Iterator<Item = &Use> {
        self.held.values().flatten().filter(move |(on, _)| on == server).map(|(_, used)| used)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_takes_all_that_it_needs_or_nothing() {
        let mut resources = Resources::default();
        let pool = |quantity| Use::Pool { name: "p".to_owned(), quantity };
        let lock = |exclusive| Use::Lock { name: "l".to_owned(), exclusive };
        assert!(!resources.take(1, "s", &[pool(1)]), "no pool is defined");
        resources.set("s", "p", 3);
        assert!(resources.take(1, "s", &[pool(2), lock(false)]));
        assert!(!resources.take(2, "s", &[pool(2)]) && !resources.take(3, "s", &[lock(true)]));
        assert!(resources.take(4, "s", &[pool(1), lock(false)]) && resources.take(5, "t", &[lock(true)]));
        assert_eq!(resources.pools()[0].available, 0);
        assert_eq!(resources.give_back(1), [2, 3]);
        assert!(resources.take(2, "s", &[pool(2)]) && !resources.take(3, "s", &[lock(true)]));
        assert_eq!(resources.give_back(4), [3]);
        assert!(resources.take(3, "s", &[lock(true)]));
    }
}
