//! Tokens of OAUTHBEARER: one thread fetches them for all clients of a cluster, each before the one before ends.
//!
//! librdkafka asks for a token by an event on a queue that its owner has to serve, and some owners serve it only while they wait for
//! something. Here nothing waits for an owner: the clients are given their tokens.

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use std::{fmt, thread};

use crate::model::{Clock, Timestamp};

/// The part of a token's life after which the next one is fetched: before librdkafka asks for one, which it does after 4/5, and before it
/// logs in again on an open connection, which it does after 9/10.
const FETCHED_AFTER: f64 = 0.75;
/// The shortest wait between two fetches, and the wait after the first failure.
const WAIT_MIN: Duration = Duration::from_secs(1);
/// The longest wait after a failure.
const WAIT_MAX: Duration = Duration::from_secs(10);
/// The time after a lack of tokens for which logins may still fail because of it: they are reported late.
const AFTER_LACK: Duration = Duration::from_secs(10);

/// A token of OAuth 2, as a bearer (RFC 6750).
#[derive(Clone, PartialEq, Eq)]
pub struct Token {
    /// Its text.
    pub value: String,
    /// When it ends.
    pub expires: Timestamp,
    /// Whom it is for: its claim `sub`, for librdkafka's log.
    pub principal: String,
    /// SASL extensions (RFC 7628, 3.1), which some services want beside it.
    pub extensions: Vec<(String, String)>,
}

impl fmt::Debug for Token {
    /// Without its text.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token")
            .field("principal", &self.principal)
            .field("expires", &self.expires)
            .finish_non_exhaustive()
    }
}

/// Why there is no token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// The source refuses this client: a wrong secret, a scope that it may not have. Trying again does not help.
    #[error("{0}")]
    Refused(String),
    /// The source cannot be reached, or fails. It is tried again.
    #[error("{0}")]
    Unavailable(String),
}

/// Where tokens come from.
pub trait TokenSource: Send + Sync + fmt::Debug {
    /// Fetches a token. It may block; one thread calls it.
    fn fetch(&self) -> Result<Token, TokenError>;

    /// Whose tokens these are, in messages about missing rights: `the OAuth client orders`.
    fn owner(&self) -> String;
}

/// The tokens of all clients of a cluster. Nothing is fetched until the first client is opened.
#[derive(Clone)]
pub struct Tokens(Arc<Shared>);

struct Shared {
    source: Arc<dyn TokenSource>,
    clock: Arc<dyn Clock>,
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
    /// When the last token came that came too late: the one before had ended, or was about to, because a fetch had failed.
    late: Option<Timestamp>,
    /// True while the thread runs, which it does while there are clients.
    is_running: bool,
}

/// A client that is given tokens.
pub(super) trait Recipient: Send {
    /// Logs in with this token from now on.
    fn set(&self, token: &Token);
    /// There is no token.
    fn fail(&self, error: &TokenError);
}

/// An open client is given tokens until this is dropped, which has to be before the client is.
pub(super) struct Registration {
    tokens: Tokens,
    id: u64,
}

impl Tokens {
    /// The tokens of a source.
    pub fn new(source: Arc<dyn TokenSource>, clock: Arc<dyn Clock>) -> Self {
        Self(Arc::new(Shared { source, clock, state: Mutex::default(), idle: Condvar::new() }))
    }

    /// Whose tokens they are.
    pub(super) fn owner(&self) -> String {
        self.0.source.owner()
    }

    /// Why a login may fail at present that would not with a token: there is none, or the last one has ended, or was about to. Not for a client
    /// that the source refuses. Not to be called by a [`Recipient`].
    pub(super) fn trouble(&self) -> Option<String> {
        let now = self.0.clock.now();
        let state = self.0.lock();
        match (&state.error, &state.token) {
            (Some(TokenError::Refused(_)), _) => None,
            (Some(TokenError::Unavailable(detail)), _) => {
                Some(format!("there is no new token for OAUTHBEARER: {detail}"))
            }
            (None, None) => Some("the first token for OAUTHBEARER has not come yet".to_owned()),
            (None, Some(token)) if token.expires <= now => Some("the last token for OAUTHBEARER has ended".to_owned()),
            (None, Some(_)) => {
                let is_recent = state.late.is_some_and(|late| now.since(late) < AFTER_LACK);
                is_recent.then(|| "the last token for OAUTHBEARER has come late".to_owned())
            }
        }
    }

    /// Gives a client the present token, if it has not ended, and each one that is fetched from now on.
    pub(super) fn register(&self, recipient: Box<dyn Recipient>) -> Registration {
        let mut state = self.0.lock();
        match (&state.token, &state.error) {
            (Some(token), _) if token.expires > self.0.clock.now() => recipient.set(token),
            (_, Some(error)) => recipient.fail(error),
            _ => {}
        }
        let id = state.next_id;
        state.next_id += 1;
        state.clients.insert(id, recipient);
        if !state.is_running {
            state.is_running = true;
            let shared = Arc::clone(&self.0);
            let started = thread::Builder::new().name("kafka-tokens".to_owned()).spawn(move || shared.run());
            if let Err(error) = started {
                state.is_running = false;
                state.fail(TokenError::Unavailable(format!("no thread can be started: {error}")), self.0.clock.now());
            }
        }
        Registration { tokens: self.clone(), id }
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
            let fetched = self.source.fetch();
            let now = self.clock.now();
            let mut state = self.lock();
            let wait = match fetched.and_then(|token| unexpired(token, now)) {
                Ok(token) => {
                    failures = 0;
                    state.renew(token, now)
                }
                Err(error) => {
                    state.fail(error, now);
                    failures += 1;
                    wait_after(failures)
                }
            };
            let waited = self.idle.wait_timeout_while(state, wait, |state| !state.clients.is_empty());
            let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
            if state.clients.is_empty() {
                state.is_running = false;
                return;
            }
        }
    }
}

impl State {
    /// Gives all clients a new token; returns the time until the next one is to be fetched.
    fn renew(&mut self, token: Token, now: Timestamp) -> Duration {
        let life = life(&token, now);
        let had_ended = self.token.as_ref().is_some_and(|former| former.expires <= now);
        let had_failed = self.error.take().is_some();
        if had_ended || had_failed {
            self.late = Some(now);
        }
        if had_failed {
            tracing::info!(valid_s = life.as_secs(), "a token for Kafka is there again");
        } else {
            tracing::debug!(valid_s = life.as_secs(), "a token for Kafka is there");
        }
        self.clients.values().for_each(|client| client.set(&token));
        self.token = Some(token);
        life.mul_f64(FETCHED_AFTER).max(WAIT_MIN)
    }

    /// Tells all clients why they have no token; if the last one has not ended, only the log is told.
    fn fail(&mut self, error: TokenError, now: Timestamp) {
        match self.token.as_ref().map(|token| life(token, now)).filter(|life| !life.is_zero()) {
            Some(_) if self.error.as_ref() == Some(&error) => {}
            Some(life) => {
                tracing::warn!(%error, valid_s = life.as_secs(), "there is no new token for Kafka; the present one is used until it ends");
            }
            None => self.clients.values().for_each(|client| client.fail(&error)),
        }
        self.error = Some(error);
    }
}

/// What is left of a token's life.
fn life(token: &Token, now: Timestamp) -> Duration {
    let millis = token.expires.as_millis().saturating_sub(now.as_millis());
    Duration::from_millis(u64::try_from(millis).unwrap_or(0))
}

/// A token that has not ended, which librdkafka would refuse.
fn unexpired(token: Token, now: Timestamp) -> Result<Token, TokenError> {
    if life(&token, now).is_zero() {
        let detail =
            "the token that it gave has ended already: compare the clocks of this host and of the token endpoint";
        return Err(TokenError::Unavailable(detail.to_owned()));
    }
    Ok(token)
}

/// The wait after some failures in a row.
fn wait_after(failures: u32) -> Duration {
    WAIT_MIN.saturating_mul(1 << failures.saturating_sub(1).min(10)).min(WAIT_MAX)
}

#[cfg(test)]
mod tests;
