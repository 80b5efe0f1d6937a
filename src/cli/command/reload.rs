//! Reloads what a running instance can take over: on SIGHUP all of it, and every few seconds what may have changed.

use std::sync::{Arc, Mutex, PoisonError, TryLockError};
use std::time::Duration;

use tokio::time::Instant;

use crate::app::{Reloader, Templates, secrets_of_the_start};
use crate::cli::exit::Failure;
use crate::cli::load::{ConfigArgs, Inputs};
use crate::cli::log::Level;
use crate::cli::signal::Hangups;
use crate::config::Config;

/// The interval of looks for changes.
const POLL_INTERVAL: Duration = Duration::from_secs(10);

/// The settings that take effect by a reload.
const RELOADED: [&str; 7] = [
    "control_m.api_key",
    "control_m.username",
    "control_m.password",
    "http.anonymous",
    "http.read_only",
    "http.tokens",
    "log.level",
];

/// What a reload needs. A reload may wait for AWS, so it runs on a thread of its own, one at a time.
pub(super) struct Reload(Arc<Mutex<State>>);

struct State {
    args: ConfigArgs,
    /// The inputs of the running configuration.
    started_with: Inputs,
    config: Config,
    /// The configuration whose secrets were read last.
    secrets_of: Config,
    reloader: Reloader,
    log_level: Level,
}

impl Reload {
    /// For the running configuration, which was read from these files and options.
    pub(super) fn new(
        args: &ConfigArgs,
        config: Config,
        reloader: Reloader,
        log_level: Level,
    ) -> Result<Self, Failure> {
        let started_with = Inputs::read(args)?;
        let state = State { args: args.clone(), started_with, secrets_of: config.clone(), config, reloader, log_level };
        Ok(Self(Arc::new(Mutex::new(state))))
    }

    /// Reloads everything at each hangup, and looks for changes every few seconds, for ever.
    pub(super) async fn run(self, mut hangups: Hangups) {
        let started_at = Instant::now();
        let mut poll_at = started_at + POLL_INTERVAL;
        loop {
            tokio::select! {
                () = hangups.next() => self.spawn(State::reload),
                () = tokio::time::sleep_until(poll_at) => {
                    poll_at = Instant::now() + POLL_INTERVAL;
                    self.poll(started_at.elapsed());
                }
            }
        }
    }

    /// Starts a look for changes. None is started while another runs, which may wait for AWS.
    /// `now` is the time since the start.
    fn poll(&self, now: Duration) {
        if !matches!(self.0.try_lock(), Err(TryLockError::WouldBlock)) {
            self.spawn(move |state| state.reloader.poll(&state.secrets_of, now));
        }
    }

    fn spawn(&self, task: impl FnOnce(&mut State) + Send + 'static) {
        let state = Arc::clone(&self.0);
        drop(tokio::task::spawn_blocking(move || {
            // A poisoned lock is usable: each part of the state is replaced as a whole.
            task(&mut state.lock().unwrap_or_else(PoisonError::into_inner));
        }));
    }
}

impl State {
    fn reload(&mut self) {
        tracing::info!("SIGHUP: reloading templates, secrets, certificate and the log level");
        let templates = self.reloader.templates(Templates::All);
        let settings = self.settings();
        self.reloader.reloaded(settings.is_ok());
        match settings {
            Ok((secrets, log_level)) => tracing::info!(?templates, ?secrets, log_level, "reloaded; these have changed"),
            Err(failure) => {
                let error = failure.text();
                tracing::error!(%error, ?templates, "the configuration cannot be reloaded: secrets and log level stay as they are");
            }
        }
    }

    /// Reloads secrets and log level; those that have changed.
    fn settings(&mut self) -> Result<(Vec<&'static str>, Option<String>), Failure> {
        let inputs = Inputs::read(&self.args)?;
        let config = inputs.config()?;
        let mut kept = Config::differences(&self.started_with.sources(), &inputs.sources())?;
        let secrets = self.reloader.secrets(&config)?;
        self.secrets_of.clone_from(&config);
        let log_level = self.log_level.set(&config.log.level)?;
        if config.http.tls.is_some() == self.config.http.tls.is_some() {
            kept.retain(|path| *path != "http.tls");
        }
        kept.retain(|path| !RELOADED.contains(path) || (*path == "log.level" && self.log_level.is_overridden()));
        if config.topologies == self.config.topologies
            && let Some(path) = config.topologies.iter().find(|path| self.reloader.topology_differs(path))
        {
            tracing::warn!(topology = %path.display(), "the topology file differs from the running one: it takes effect by a restart");
        }
        if !kept.is_empty() {
            tracing::warn!(settings = ?kept, "these settings differ from the running ones: they take effect by a restart");
        }
        let fixed = secrets_of_the_start(&self.config);
        if !fixed.is_empty() {
            tracing::warn!(settings = ?fixed, "the secrets of these are read at the start only: restart if they have changed");
        }
        Ok((secrets, log_level))
    }
}
