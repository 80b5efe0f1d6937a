//! The requests so far, and the faults that strike them.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::extract::Request;
use serde::{Deserialize, Serialize};

use super::fault::{Action, Fault, FaultRow, Faults};
use crate::model::{Timestamp, TraceContext};

/// The most requests that are kept; the oldest go first.
const LOG_MAX: usize = 200_000;

/// A request to the API.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestRow {
    /// Its number, from 1, since the start or the last reset.
    pub number: u64,
    /// When it arrived.
    pub at: Timestamp,
    /// The method.
    pub method: String,
    /// The path below `/automation-api`, with the query.
    pub path: String,
    /// The folders that it ordered.
    pub folders: Vec<String>,
    /// The status of the answer; 0 while there is none, and when the connection was cut.
    pub status: u16,
    /// The fault that struck it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<String>,
    /// The trace that it belongs to, by its header.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<String>,
}

/// The requests so far, and the faults.
#[derive(Debug)]
pub(super) struct Traffic(Mutex<State>);

#[derive(Debug)]
struct State {
    chance: fastrand::Rng,
    faults: Faults,
    counts: BTreeMap<String, u64>,
    log: VecDeque<RequestRow>,
    next: u64,
}

impl Traffic {
    pub(super) fn new(seed: u64) -> Self {
        Self(Mutex::new(State::new(seed)))
    }

    pub(super) fn reset(&self, seed: u64) {
        *self.state() = State::new(seed);
    }

    /// Counts a request and finds the fault that strikes it. Gives the number of the request.
    pub(super) fn arrive(&self, at: Timestamp, request: &Request) -> (u64, Option<Action>) {
        let (method, uri) = (request.method().as_str(), request.uri());
        let (path, query) = (uri.path(), uri.query().unwrap_or_default());
        let traceparent = request.headers().get(TraceContext::TRACEPARENT);
        let mut state = self.state();
        *state.counts.entry(format!("{method} {}", call(path))).or_default() += 1;
        let State { faults, chance, .. } = &mut *state;
        let action = faults.strike(method, path, chance);
        state.next += 1;
        let (number, mark) = (state.next, if query.is_empty() { "" } else { "?" });
        state.log.push_back(RequestRow {
            number,
            at,
            method: method.to_owned(),
            path: [path, mark, query].concat(),
            folders: Vec::new(),
            status: 0,
            fault: action.as_ref().map(Action::name),
            traceparent: traceparent.and_then(|value| value.to_str().ok()).map(str::to_owned),
        });
        if state.log.len() > LOG_MAX {
            state.log.pop_front();
        }
        (number, action)
    }

    /// The request ordered these folders.
    pub(super) fn ordered(&self, number: u64, folders: Vec<String>) {
        if let Some(row) = self.state().row(number) {
            row.folders = folders;
        }
    }

    /// The request was answered.
    pub(super) fn answered(&self, number: u64, status: u16) {
        if let Some(row) = self.state().row(number) {
            row.status = status;
        }
    }

    pub(super) fn counts(&self) -> BTreeMap<String, u64> {
        self.state().counts.clone()
    }

    /// The requests that are kept, the oldest first.
    pub(super) fn log(&self) -> Vec<RequestRow> {
        self.state().log.iter().cloned().collect()
    }

    pub(super) fn inject(&self, fault: Fault) {
        self.state().faults.add(fault);
    }

    /// Removes all faults.
    pub(super) fn heal(&self) {
        self.state().faults = Faults::default();
    }

    pub(super) fn faults(&self) -> Vec<FaultRow> {
        self.state().faults.rows()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn new(seed: u64) -> Self {
        Self {
            chance: fastrand::Rng::with_seed(seed),
            faults: Faults::default(),
            counts: BTreeMap::new(),
            log: VecDeque::new(),
            next: 0,
        }
    }

    fn row(&mut self, number: u64) -> Option<&mut RequestRow> {
        let first = self.log.front()?.number;
        let place = usize::try_from(number.checked_sub(first)?).ok()?;
        self.log.get_mut(place)
    }
}

/// The call of a path, so that counts have few names.
fn call(path: &str) -> String {
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    match *parts.as_slice() {
        ["run", "status", _] => "/run/status/{id}".to_owned(),
        ["run", "job", _, verb] => format!("/run/job/{{id}}/{verb}"),
        ["run", "event", ..] => "/run/event/{server}".to_owned(),
        ["run", "resource", ..] => "/run/resource/{server}".to_owned(),
        ["deploy", "folder", ..] => "/deploy/folder/{server}/{folder}".to_owned(),
        ["session" | "config" | "run" | "deploy", ..] | ["build" | "alerts"] if parts.len() <= 3 => path.to_owned(),
        _ => "(other)".to_owned(),
    }
}
