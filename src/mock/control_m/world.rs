//! All submitted folders, and their rows at a moment.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use uuid::Uuid;

use super::definition::Folder;
use super::dump::Dump;
use super::fault::{Action, Fault, Faults};
use super::order::Order;
use super::row::{self, Row};
use super::settings::SimulatorSettings;
use crate::model::Timestamp;

/// The simulator's state, shared by all requests.
#[derive(Debug)]
pub(super) struct World {
    /// The settings.
    pub(super) settings: SimulatorSettings,
    state: Mutex<State>,
    stopping: watch::Sender<bool>,
}

#[derive(Debug)]
struct State {
    chance: fastrand::Rng,
    faults: Faults,
    requests: BTreeMap<String, u64>,
    orders: Vec<Order>,
    orders_by_run: BTreeMap<String, Vec<usize>>,
    next_id: u64,
    /// The tokens of sessions, with their ends.
    tokens: BTreeMap<String, Timestamp>,
}

impl World {
    pub(super) fn new(settings: SimulatorSettings) -> Self {
        let state = State::new(settings.seed);
        Self { settings, state: Mutex::new(state), stopping: watch::Sender::new(false) }
    }

    /// Ends every wait that has no other end.
    pub(super) fn stop(&self) {
        self.stopping.send_replace(true);
    }

    /// Waits for [`World::stop`].
    pub(super) async fn stopped(&self) {
        // It fails only when the sender is gone, and that is this world.
        drop(self.stopping.subscribe().wait_for(|stopping| *stopping).await);
    }

    pub(super) fn now(&self) -> Timestamp {
        self.settings.clock.now()
    }

    /// Counts a request and finds the fault that strikes it.
    pub(super) fn arrive(&self, method: &str, path: &str) -> Option<Action> {
        let mut state = self.state();
        *state.requests.entry(format!("{method} {}", call(path))).or_default() += 1;
        let State { faults, chance, .. } = &mut *state;
        faults.strike(method, path, chance)
    }

    pub(super) fn inject(&self, fault: Fault) {
        self.state().faults.add(fault);
    }

    /// Forgets all folders, faults, counts and sessions.
    pub(super) fn reset(&self) {
        *self.state() = State::new(self.settings.seed);
    }

    /// Orders the folders, and gives the run's id. A folder of the same name may have been ordered before.
    pub(super) fn submit(&self, folders: Vec<Folder>) -> String {
        let now = self.now();
        let mut state = self.state();
        let run_id = state.uuid().to_string();
        for folder in folders {
            let first_id = state.next_id;
            state.next_id += 1 + u64::try_from(folder.jobs.len()).unwrap_or(0);
            let visible_at = now.saturating_add(self.lag(&folder.name));
            let place = state.orders.len();
            state.orders_by_run.entry(run_id.clone()).or_default().push(place);
            let run_id = run_id.clone();
            state.orders.push(Order { run_id, folder, first_id, ordered_at: now, visible_at });
        }
        run_id
    }

    /// The rows of all visible folders.
    pub(super) fn rows(&self) -> Vec<Row> {
        let now = self.now();
        let state = self.state();
        let visible = state.orders.iter().filter(|order| order.visible_at <= now);
        visible.flat_map(|order| row::of(order, now, self.settings.job_duration)).collect()
    }

    /// The visible rows of one run, and whether there are invisible ones; `None` for an unknown run.
    pub(super) fn run(&self, run_id: &str) -> Option<(Vec<Row>, bool)> {
        let now = self.now();
        let state = self.state();
        let orders: Vec<&Order> =
            state.orders_by_run.get(run_id)?.iter().filter_map(|place| state.orders.get(*place)).collect();
        let hidden = orders.iter().any(|order| order.visible_at > now);
        let visible = orders.iter().filter(|order| order.visible_at <= now);
        Some((visible.flat_map(|order| row::of(order, now, self.settings.job_duration)).collect(), hidden))
    }

    /// The servers of the settings, or else of the definitions so far.
    pub(super) fn servers(&self) -> BTreeSet<String> {
        if !self.settings.servers.is_empty() {
            return self.settings.servers.iter().cloned().collect();
        }
        self.state().orders.iter().map(|order| order.folder.server.clone()).collect()
    }

    /// Opens a session for that long and gives its token.
    pub(super) fn open_session(&self, lifetime: Duration) -> String {
        let until = self.now().saturating_add(lifetime);
        let mut state = self.state();
        let token = state.uuid().simple().to_string();
        state.tokens.insert(token.clone(), until);
        token
    }

    pub(super) fn knows_token(&self, token: &str) -> bool {
        let now = self.now();
        self.state().tokens.get(token).is_some_and(|until| now < *until)
    }

    pub(super) fn dump(&self) -> Dump {
        let now = self.now();
        let state = self.state();
        Dump::new(&state.requests, &state.orders, now, self.settings.job_duration)
    }

    /// The lag of a folder: the same for the same name, in any order of the folders.
    fn lag(&self, folder: &str) -> Duration {
        let name = Uuid::new_v5(&Uuid::from_u128(u128::from(self.settings.seed)), folder.as_bytes());
        let (seed, _) = name.as_u64_pair();
        let (from, to) = (millis(*self.settings.visibility_lag.start()), millis(*self.settings.visibility_lag.end()));
        Duration::from_millis(if from >= to { from } else { fastrand::Rng::with_seed(seed).u64(from..=to) })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing that a handler leaves half done when it panics matters to a simulator.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn new(seed: u64) -> Self {
        Self {
            chance: fastrand::Rng::with_seed(seed),
            faults: Faults::default(),
            requests: BTreeMap::new(),
            orders: Vec::new(),
            orders_by_run: BTreeMap::new(),
            next_id: 1,
            tokens: BTreeMap::new(),
        }
    }

    fn uuid(&mut self) -> Uuid {
        uuid::Builder::from_random_bytes(self.chance.u128(..).to_be_bytes()).into_uuid()
    }
}

/// The call of a path, so that counts have few names.
fn call(path: &str) -> &str {
    match path {
        "/session/login" | "/run" | "/run/ondemand" | "/run/jobs/status" | "/config/servers" => path,
        _ if path.starts_with("/run/status/") => "/run/status/{id}",
        _ => "(other)",
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
