//! Tokens and keys.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use axum::http::{Method, StatusCode};

use super::settings::SimulatorSettings;
use crate::model::Timestamp;

/// The path that asks for no key. A stale `Authorization` header does not matter there; clients send one.
pub(super) const LOGIN: &str = "/session/login";

/// The tokens of users, with the times of their ends.
#[derive(Debug)]
pub(super) struct Sessions(Mutex<State>);

#[derive(Debug)]
struct State {
    chance: fastrand::Rng,
    tokens: BTreeMap<String, Timestamp>,
}

impl Sessions {
    pub(super) fn new(seed: u64) -> Self {
        Self(Mutex::new(State::new(seed)))
    }

    pub(super) fn reset(&self, seed: u64) {
        *self.state() = State::new(seed);
    }

    /// Opens a session for that long and gives its token.
    pub(super) fn open(&self, now: Timestamp, lifetime: Duration) -> String {
        let mut state = self.state();
        state.tokens.retain(|_, until| now < *until);
        let token = uuid::Builder::from_random_bytes(state.chance.u128(..).to_be_bytes()).into_uuid();
        let token = token.simple().to_string();
        state.tokens.insert(token.clone(), now.saturating_add(lifetime));
        token
    }

    /// Ends a session; false if there is none.
    pub(super) fn close(&self, token: &str) -> bool {
        self.state().tokens.remove(token).is_some()
    }

    fn knows(&self, now: Timestamp, token: &str) -> bool {
        self.state().tokens.get(token).is_some_and(|until| now < *until)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn new(seed: u64) -> Self {
        // Another sequence than that of the ids of runs, which are no secrets.
        Self { chance: fastrand::Rng::with_seed(!seed), tokens: BTreeMap::new() }
    }
}

/// The token of a request.
pub(super) fn token(headers: &HeaderMap) -> Option<&str> {
    header(headers, AUTHORIZATION.as_str()).and_then(|value| value.strip_prefix("Bearer "))
}

/// The status with which a request without a good key or token is refused, and one that its key does not allow.
pub(super) fn refusal(
    settings: &SimulatorSettings,
    sessions: &Sessions,
    now: Timestamp,
    (method, headers): (&Method, &HeaderMap),
) -> Option<StatusCode> {
    let key = header(headers, "x-api-key").filter(|key| !key.is_empty());
    let is_one_of =
        |keys: &[crate::secret::Secret]| key.is_some_and(|key| keys.iter().any(|known| known.expose() == key));
    if is_one_of(&settings.read_only_keys) {
        return (method != Method::GET).then_some(StatusCode::FORBIDDEN);
    }
    let has_key = key.is_some() && (settings.api_keys.is_empty() || is_one_of(&settings.api_keys));
    let has_token = token(headers).is_some_and(|token| sessions.knows(now, token));
    (!has_key && !has_token).then_some(StatusCode::UNAUTHORIZED)
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}
