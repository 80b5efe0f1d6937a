//! Tokens of OAUTHBEARER: one thread fetches them for all clients of a cluster, each before the one before ends.
//!
//! librdkafka asks for a token by an event on a queue that its owner has to serve, and some owners serve it only while they wait for
//! something. Here nothing waits for an owner: the clients are given their tokens.

mod bearer;
#[cfg(test)]
mod tests;

pub use bearer::{Token, TokenError, TokenSource, is_extension};

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use std::{fmt, io, thread};

use crate::metric::TokenFigures;
use crate::model::{Clock, Timestamp};

/// The part of a token's life after which the next one is fetched: before librdkafka asks for one, which it does after 4/5, and before it
/// logs in again on an open connection, which it does after 9/10.
const FETCHED_AFTER: f64 = 0.75;
/// The shortest wait between two fetches, and the wait after the first failure.
const WAIT_MIN: Duration = Duration::from_secs(1);
/// The longest wait after a failure.
const WAIT_MAX: Duration = Duration::from_secs(10);
/// How often a waiting thread looks at the clock, which may be set, and goes on while the machine is suspended.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// The tokens of all clients of a cluster. Nothing is fetched until the first client is opened.
#[derive(Clone)]
pub struct Tokens(Arc<Shared>);

struct Shared {
    source: Arc<dyn TokenSource>,
    clock: Arc<dyn Clock>,
    /// [`WAIT_MIN`].
    wait_min: Duration,
    state: Mutex<State>,
    /// Signalled when the last client has closed.
    idle: Condvar,
}

#[derive(Default)]
struct State {
    clients: BTreeMap<u64, Box<dyn Recipient>>,
    next_id: u64,
    /// The last token, which may have ended.
    token: Option<Token>,
    /// Why the last fetch has failed.
    error: Option<TokenError>,
    /// True once a broker has let in a client with a token.
    is_accepted: bool,
    /// True while the thread runs, which it does while there are clients.
    is_running: bool,
}

/// A client that is given tokens.
pub(super) trait Recipient: Send {
    /// Logs in with this token from now on.
    fn set(&self, token: &Token);
}

/// What a login can be done with at present.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// A token that has not ended. `is_accepted`: a broker has let in a client with one of this source.
    Valid { is_accepted: bool },
    /// No token, for this reason; one may come.
    Missing(String),
    /// No token, because the source refuses this client.
    Refused(String),
}

/// An open client is given tokens until this is dropped, which has to be before the client is.
pub(super) struct Registration {
    tokens: Tokens,
    id: u64,
}

impl Tokens {
    /// The tokens of a source.
    pub fn new(source: Arc<dyn TokenSource>, clock: Arc<dyn Clock>) -> Self {
        Self::with_wait(source, clock, WAIT_MIN)
    }

    fn with_wait(source: Arc<dyn TokenSource>, clock: Arc<dyn Clock>, wait_min: Duration) -> Self {
        Self(Arc::new(Shared { source, clock, wait_min, state: Mutex::default(), idle: Condvar::new() }))
    }

    /// Whose tokens they are.
    pub(super) fn owner(&self) -> String {
        self.0.source.owner()
    }

    /// What a login can be done with. Not to be called by a [`Recipient`].
    pub(super) fn standing(&self) -> Standing {
        let state = self.0.lock();
        if state.valid(self.0.clock.now()).is_some() {
            return Standing::Valid { is_accepted: state.is_accepted };
        }
        match (&state.error, &state.token) {
            (Some(TokenError::Refused(detail)), _) => Standing::Refused(detail.clone()),
            (Some(TokenError::Unavailable(detail)), _) => Standing::Missing(detail.clone()),
            (None, Some(_)) => Standing::Missing("the last one has ended".to_owned()),
            (None, None) => Standing::Missing("the first one has not come yet".to_owned()),
        }
    }

    /// What is told of them in metrics.
    pub(super) fn figures(&self) -> TokenFigures {
        let state = self.0.lock();
        TokenFigures { is_failing: state.error.is_some(), expires: state.token.as_ref().map(|token| token.expires) }
    }

    /// A broker has let in a client with a token: so one is let in again, sooner or later. Not to be called by a [`Recipient`].
    pub(super) fn accept(&self) {
        self.0.lock().is_accepted = true;
    }

    /// Gives a client the present token, if it has not ended, and each one that is fetched from now on.
    ///
    /// # Errors
    /// The system starts no thread.
    pub(super) fn register(&self, recipient: Box<dyn Recipient>) -> io::Result<Registration> {
        let mut state = self.0.lock();
        if let Some(token) = state.valid(self.0.clock.now()) {
            recipient.set(token);
        }
        if !state.is_running {
            let shared = Arc::clone(&self.0);
            thread::Builder::new().name("kafka-tokens".to_owned()).spawn(move || shared.run())?;
            state.is_running = true;
        }
        let id = state.next_id;
        state.next_id += 1;
        state.clients.insert(id, recipient);
        Ok(Registration { tokens: self.clone(), id })
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Tokens").field(&self.0.source).finish()
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        let mut state = self.tokens.0.lock();
        state.clients.remove(&self.id);
        if state.clients.is_empty() {
            self.tokens.0.idle.notify_all();
        }
    }
}

impl Shared {
    /// The guarded values are valid after each statement, so a poisoned lock is usable.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Fetches one token after the other, while there are clients.
    fn run(&self) {
        let mut failures = 0;
        loop {
            // The source may be anybody's, and without this thread nobody logs in any more.
            let fetched = catch_unwind(AssertUnwindSafe(|| self.source.fetch()));
            let fetched = fetched
                .unwrap_or_else(|_panic| Err(TokenError::Unavailable("the source of tokens has panicked".to_owned())));
            let now = self.clock.now();
            let mut state = self.lock();
            let wait = match fetched.and_then(|token| token.usable(now)) {
                Ok(token) => {
                    failures = 0;
                    let life = token.life(now);
                    state.renew(token, life);
                    life.mul_f64(FETCHED_AFTER).max(self.wait_min)
                }
                Err(error) => {
                    state.fail(error, now);
                    failures += 1;
                    wait_after(failures, self.wait_min)
                }
            };
            let mut state = self.wait(state, wait);
            if state.clients.is_empty() {
                // What is known of a source is not known of it later.
                state.error = None;
                state.is_running = false;
                return;
            }
        }
    }

    /// Waits for so long, or until the clock says so, or until there are no clients.
    fn wait<'a>(&self, mut state: MutexGuard<'a, State>, mut rest: Duration) -> MutexGuard<'a, State> {
        let due = self.clock.now().saturating_add(rest);
        while !state.clients.is_empty() && !rest.is_zero() && self.clock.now() < due {
            let slice = rest.min(LOOK_EVERY);
            let waited = self.idle.wait_timeout_while(state, slice, |state| !state.clients.is_empty());
            (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
            rest -= slice;
        }
        state
    }
}

impl State {
    /// The last token, if it has not ended.
    fn valid(&self, now: Timestamp) -> Option<&Token> {
        self.token.as_ref().filter(|token| !token.life(now).is_zero())
    }

    /// Gives all clients a new token, which lives for so long.
    fn renew(&mut self, token: Token, life: Duration) {
        if self.error.take().is_some() {
            tracing::info!(valid_s = life.as_secs(), "a token for Kafka is there again");
        } else {
            tracing::debug!(valid_s = life.as_secs(), "a token for Kafka is there");
        }
        self.clients.values().for_each(|client| client.set(&token));
        self.token = Some(token);
    }

    /// Keeps, and logs once, why there is no new token.
    fn fail(&mut self, error: TokenError, now: Timestamp) {
        if self.error.as_ref() != Some(&error) {
            let valid_s = self.token.as_ref().map_or(0, |token| token.life(now).as_secs());
            tracing::warn!(%error, valid_s, "there is no new token for Kafka; one that is valid is used until it ends");
        }
        self.error = Some(error);
    }
}

/// The wait after some failures in a row.
fn wait_after(failures: u32, least: Duration) -> Duration {
    least.saturating_mul(1 << failures.saturating_sub(1).min(10)).min(WAIT_MAX)
}
