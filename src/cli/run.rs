//! `sheaf run`: an instance against a real Kafka, until a signal or an error ends it.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use tokio::runtime::Runtime;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::exit::{Failure, INTERRUPTED};
use super::load::{self, ConfigArgs};
use super::output::tell;
use super::{fault, log, wire};
use crate::admin::{self, Health, Server};
use crate::metric::Metrics;
use crate::model::{Clock, ErrorClass};
use crate::runtime::{self, Application, Context, Instance, Status, ThreadState};

/// Options of `sheaf run`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
The instance runs until it gets TERM or INT: then it commits what it has, closes its stores and leaves. A second signal \
ends it at once; nothing is lost then either.

  sheaf run -c sheaf.yaml
  sheaf run -c sheaf.yaml --set instance_id=b --set http.bind=127.0.0.1:8081 --set state_dir=state-b")]
pub(super) struct Args {
    #[command(flatten)]
    config: ConfigArgs,
}

/// How long a stream thread may be silent before the process counts as hanging: longer than any one call to the broker.
const SILENCE_MAX: Duration = Duration::from_mins(2);
/// How often it is looked whether a thread has failed.
const WATCH: Duration = Duration::from_millis(100);

pub(super) fn main(args: &Args) -> Result<ExitCode, Failure> {
    let loaded = load::everything(&args.config)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let topology = wire::topology(&loaded)?;
    let metrics = wire::metrics(&loaded.config.application_id, &topology)?;
    log::start(&loaded.config.log, load::log_filter().as_deref(), &metrics)?;
    let fault_observer = fault::fault_observer()?;
    let secrets = wire::Secrets::of(&loaded.config, runtime.handle());
    let broker = wire::broker(&loaded.config, &secrets, None)?;
    let stores = wire::stores(&loaded.config)?;
    let clock = wire::clock();
    let status = Arc::new(Status::default());
    let view = View { status: status.clone(), metrics: metrics.clone(), clock: clock.clone() };
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
        // The attempt that is under way has nothing to finish.
        runtime.shutdown_background();
        return Ok(ExitCode::SUCCESS);
    };
    let instance = Instance::start(&context, loaded.config.shutdown_timeout)?;
    let code = watch(instance, &runtime, signals, loaded.config.shutdown_timeout);
    runtime.block_on(server.stop());
    runtime.shutdown_timeout(Duration::from_secs(1));
    code
}

/// Both signals that end a process in order.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// Ends when the process is asked to end.
pub(super) async fn ended() -> std::io::Result<()> {
    Signals::new()?.next().await;
    Ok(())
}

/// Creates and checks the topics, again and again while the broker cannot be reached; `None` after a signal.
fn prepare(
    application: &Arc<Application>,
    runtime: &Runtime,
    signals: &mut Signals,
) -> Result<Option<Context>, Failure> {
    const FIRST: Duration = Duration::from_secs(1);
    const LONGEST: Duration = Duration::from_secs(30);
    // A person who has mistyped the address wants to know it soon.
    const TIMEOUT: Duration = Duration::from_secs(3);
    let mut wait = FIRST;
    loop {
        let application = Arc::clone(application);
        let attempt = runtime.spawn_blocking(move || {
            let mut admin = application.admin()?;
            let context = application.prepare(&mut *admin, TIMEOUT)?;
            // Closing a client takes a fifth of a second and more, for which nobody need wait. Without a thread it is closed here.
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
                tracing::warn!(%error, retry_in = ?wait, "Kafka is not there yet; is kafka.bootstrap_servers right?");
            }
            Err(error) => return Err(error.into()),
        }
        let slept = runtime.block_on(async {
            tokio::select! {
                () = tokio::time::sleep(wait) => true,
                () = signals.next() => false,
            }
        });
        if !slept {
            return Ok(None);
        }
        wait = wait.saturating_mul(2).min(LONGEST);
    }
}

/// Waits for a signal or a failure, then ends the instance in order, within its limit.
fn watch(instance: Instance, runtime: &Runtime, mut signals: Signals, limit: Duration) -> Result<ExitCode, Failure> {
    let failure = runtime.block_on(async {
        loop {
            tokio::select! {
                () = signals.next() => return None,
                () = tokio::time::sleep(WATCH) => {}
            }
            if let Some(failure) = instance.failure() {
                return Some(failure);
            }
        }
    });
    match &failure {
        None => tracing::info!("stopping: committing what there is"),
        Some(error) => tracing::error!(%error, "stopping"),
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
            tell("second signal: ending at once; the last transaction is done again by whoever comes next");
            Ok(ExitCode::from(INTERRUPTED))
        }
        (_, Some(error)) => Err(error.into()),
        (Stopped::InOrder(result), None) => match result.context("stopping")? {
            Ok(()) => Ok(ExitCode::SUCCESS),
            Err(error) => Err(error.into()),
        },
        (Stopped::TooLong, None) => {
            let error = anyhow::anyhow!(
                "the orderly stop took longer than shutdown_timeout ({limit:?}); the last transaction is done again by \
                 whoever comes next"
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

/// What the HTTP server shows.
struct View {
    status: Arc<Status>,
    metrics: Arc<Metrics>,
    clock: Arc<dyn Clock>,
}

impl admin::Status for View {
    fn health(&self) -> Health {
        let state = self.status.state();
        let silence = self.status.silence(self.clock.uptime());
        let threads = self.status.threads().into_iter();
        let mut details: BTreeMap<String, String> =
            threads.map(|(number, state)| (format!("stream-{number}"), state.shown().as_str().to_owned())).collect();
        for (state, number) in self.status.tasks() {
            details.insert(format!("tasks {}", state.as_str()), number.to_string());
        }
        for (state, number) in self.status.standby_tasks().into_iter().filter(|(_, number)| *number > 0) {
            details.insert(format!("standby tasks {}", state.as_str()), number.to_string());
        }
        let failing = self.status.failing().into_iter();
        details.extend(failing.map(|(partition, detail)| (format!("fetch {partition}"), format!("fails: {detail}"))));
        Health {
            alive: silence < SILENCE_MAX && state != ThreadState::Failed,
            ready: self.status.is_ready(),
            state: state.shown().as_str().to_owned(),
            details,
        }
    }

    fn metrics(&self) -> &Metrics {
        &self.metrics
    }
}
