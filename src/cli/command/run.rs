//! `sheaf run`: an instance on a Kafka cluster, until a signal or an error stops it.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use tokio::runtime::Runtime;

use crate::admin::{self, Health, Server};
use crate::cli::exit::{Failure, INTERRUPTED};
use crate::cli::load::{self, ConfigArgs};
use crate::cli::output::print_stderr;
use crate::cli::signal::Signals;
use crate::cli::{fault, log, wire};
use crate::metric::Metrics;
use crate::model::{Clock, ErrorClass};
use crate::runtime::{self, Application, Context, Instance, Status, ThreadState};

/// Run an instance: join the consumer group, gather bundles, submit them
#[derive(Debug, clap::Args)]
#[command(after_help = "\
The instance runs until SIGTERM or SIGINT: then it commits its open transactions, closes its stores and exits. A second \
signal ends the process at once; nothing is lost then either.

  sheaf run -c sheaf.yaml
  sheaf run -c sheaf.yaml --set instance_id=b --set http.bind=127.0.0.1:8081 --set state_dir=state-b")]
pub(super) struct Args {
    #[command(flatten)]
    config: ConfigArgs,
}

/// How long `/healthz` and `/readyz` wait for answers of stream threads. One that waits for the broker gives none.
const ANSWER_MAX: Duration = Duration::from_millis(100);
/// The longest turn of a stream thread until `/healthz` fails: longer than any call to the broker.
const SILENCE_MAX: Duration = Duration::from_mins(2);
/// The interval of the checks for failed threads.
const CHECK_INTERVAL: Duration = Duration::from_millis(100);

pub(super) fn main(args: &Args) -> Result<ExitCode, Failure> {
    let loaded = load::everything(&args.config)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let topology = wire::topology(&loaded)?;
    let metrics = wire::metrics(&loaded.config.application_id, &topology)?;
    log::start(&loaded.config.log, load::log_filter().as_deref(), &metrics)?;
    let fault_observer = fault::fault_observer()?;
    let secrets = wire::Secrets::new(&loaded.config, runtime.handle());
    let broker = wire::broker(&loaded.config, &secrets, None)?;
    let stores = wire::stores(&loaded.config)?;
    let clock = wire::clock();
    let status = Arc::new(Status::default());
    let view = InstanceStatus { status: status.clone(), metrics: metrics.clone(), clock: clock.clone() };
    let server = runtime.block_on(Server::start(loaded.config.http.bind, Arc::new(view))).context("http.bind")?;
    tracing::info!(address = %server.address(), "serving /healthz, /readyz and /metrics");
    let settings = wire::settings(&loaded.config, server.address().to_string());
    let sink = wire::sink(&loaded.config, &secrets, runtime.handle(), &metrics)?;
    let application = Application::new(topology, settings, broker, stores)
        .with_sink(sink)
        .with_clock(clock)
        .with_metrics(metrics)
        .with_status(status)
        .with_fault_observer(fault_observer);
    let mut signals = runtime.block_on(async { Signals::new() })?;
    let Some(context) = prepare(&Arc::new(application), &runtime, &mut signals)? else {
        // Does not wait for the attempt that is running: it may be cut off anywhere, a restart repeats it.
        runtime.shutdown_background();
        return Ok(ExitCode::SUCCESS);
    };
    let instance = Instance::start(&context, loaded.config.shutdown_timeout)?;
    let code = watch(instance, &runtime, signals, loaded.config.shutdown_timeout);
    runtime.block_on(server.stop());
    runtime.shutdown_timeout(Duration::from_secs(1));
    code
}

/// Creates and checks the topics, and retries while Kafka cannot be reached. Returns what the threads of the instance share;
/// `None` after a signal.
fn prepare(
    application: &Arc<Application>,
    runtime: &Runtime,
    signals: &mut Signals,
) -> Result<Option<Context>, Failure> {
    const BACKOFF_MIN: Duration = Duration::from_secs(1);
    const BACKOFF_MAX: Duration = Duration::from_secs(30);
    // Short, so that a mistyped address is reported soon.
    const TIMEOUT: Duration = Duration::from_secs(3);
    let mut backoff = BACKOFF_MIN;
    loop {
        let application = Arc::clone(application);
        let attempt = runtime.spawn_blocking(move || {
            let mut admin = application.admin()?;
            let context = application.prepare(&mut *admin, TIMEOUT)?;
            // Closing a client takes 200 ms and more, so a thread does it. If none can be started, it is closed here.
            let closing = std::thread::Builder::new().name("admin-close".to_owned());
            drop(closing.spawn(move || drop(admin)));
            runtime::Result::Ok(context)
        });
        let result = runtime.block_on(async {
            tokio::select! {
                result = attempt => Some(result),
                () = signals.next() => None,
            }
        });
        let Some(result) = result else { return Ok(None) };
        match result.context("preparing the topics")? {
            Ok(context) => return Ok(Some(context)),
            Err(error) if error.class() == ErrorClass::Retry => {
                tracing::warn!(
                    %error,
                    retry_in = ?backoff,
                    "Kafka cannot be reached, trying again; is kafka.bootstrap_servers right?"
                );
            }
            Err(error) => return Err(error.into()),
        }
        let slept = runtime.block_on(async {
            tokio::select! {
                () = tokio::time::sleep(backoff) => true,
                () = signals.next() => false,
            }
        });
        if !slept {
            return Ok(None);
        }
        backoff = backoff.saturating_mul(2).min(BACKOFF_MAX);
    }
}

/// Waits for a signal or a failed thread, then stops the instance within `limit`.
fn watch(instance: Instance, runtime: &Runtime, mut signals: Signals, limit: Duration) -> Result<ExitCode, Failure> {
    let failure = runtime.block_on(async {
        loop {
            tokio::select! {
                () = signals.next() => return None,
                () = tokio::time::sleep(CHECK_INTERVAL) => {}
            }
            if let Some(failure) = instance.failure() {
                return Some(failure);
            }
        }
    });
    match &failure {
        None => tracing::info!("stopping: committing open transactions"),
        Some(error) => tracing::error!(%error, "a thread has failed, stopping"),
    }
    let stopping = runtime.spawn_blocking(move || instance.stop());
    let stopped = runtime.block_on(async {
        tokio::select! {
            stopped = stopping => Stopped::InOrder(stopped),
            () = signals.next() => Stopped::Interrupted,
            () = tokio::time::sleep(limit) => Stopped::TooLong,
        }
    });
    match (stopped, failure) {
        (Stopped::Interrupted, _) => {
            print_stderr("second signal: ending at once; the input of the open transaction is processed again");
            Ok(ExitCode::from(INTERRUPTED))
        }
        (_, Some(error)) => Err(error.into()),
        (Stopped::InOrder(result), None) => match result.context("stopping")? {
            Ok(()) => Ok(ExitCode::SUCCESS),
            Err(error) => Err(error.into()),
        },
        (Stopped::TooLong, None) => {
            let error = anyhow::anyhow!(
                "the orderly stop took longer than shutdown_timeout ({limit:?}); the input of the open transaction is \
                 processed again"
            );
            Err(Failure::Failed(error))
        }
    }
}

enum Stopped<T> {
    InOrder(T),
    Interrupted,
    TooLong,
}

/// Health and metrics for the HTTP server.
struct InstanceStatus {
    status: Arc<Status>,
    metrics: Arc<Metrics>,
    clock: Arc<dyn Clock>,
}

impl admin::Status for InstanceStatus {
    fn health(&self) -> Health {
        let state = self.status.state();
        let turn_age = self.status.oldest_turn_age(self.clock.uptime());
        let threads = self.status.threads().into_iter();
        let mut details: BTreeMap<String, String> = threads
            .map(|(number, state)| (format!("stream-{number}"), state.instance_state().as_str().to_owned()))
            .collect();
        for (state, number) in self.status.tasks() {
            details.insert(format!("tasks {}", state.as_str()), number.to_string());
        }
        for (state, number) in self.status.standby_tasks().into_iter().filter(|(_, number)| *number > 0) {
            details.insert(format!("standby tasks {}", state.as_str()), number.to_string());
        }
        details.extend(self.ask_threads(turn_age));
        let failing = self.status.failing().into_iter();
        details.extend(failing.map(|(partition, detail)| (format!("fetch {partition}"), format!("fails: {detail}"))));
        Health {
            alive: turn_age < SILENCE_MAX && state != ThreadState::Failed,
            ready: self.status.is_ready(),
            state: state.instance_state().as_str().to_owned(),
            details,
        }
    }

    fn metrics(&self) -> &Metrics {
        &self.metrics
    }
}

impl InstanceStatus {
    /// Details that only the stream threads know, as far as they answer within [`ANSWER_MAX`]; `turn_age` is the age of the oldest
    /// last turn.
    fn ask_threads(&self, turn_age: Duration) -> BTreeMap<String, String> {
        let mailboxes = self.status.mailboxes().into_iter();
        let asked: Vec<_> = mailboxes.map(|(number, mailbox)| (number, mailbox.health())).collect();
        let until = self.clock.uptime().saturating_add(ANSWER_MAX);
        let (mut details, mut acts) = (BTreeMap::new(), 0);
        for (number, answer) in asked {
            match answer.and_then(|answer| answer.wait(until.saturating_sub(self.clock.uptime()))) {
                Ok(health) => acts += health.acts_in_flight,
                Err(error) => {
                    let detail = format!("{error}; its last turn ended at most {} ms ago", turn_age.as_millis());
                    details.insert(format!("stream-{number} does not answer"), detail);
                }
            }
        }
        details.insert("acts in flight".to_owned(), acts.to_string());
        details
    }
}
