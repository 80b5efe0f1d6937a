//! `sheaf run`: an instance on a Kafka cluster, until a signal or an error stops it.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use tokio::runtime::Runtime;
use tokio::time::Instant;

use super::reload::{POLL_INTERVAL, Reload};
use crate::admin::Server;
use crate::app::{self, Assembly, Reloader, Resources};
use crate::broker::Admin;
use crate::cli::exit::{Failure, INTERRUPTED};
use crate::cli::load::{self, ConfigArgs, Loaded};
use crate::cli::output::print_stderr;
use crate::cli::signal::{Hangups, Signals};
use crate::cli::{fault, log};
use crate::model::ErrorClass;
use crate::runtime::{self, Application, Context, Instance, Predecessor};

/// Run an instance: join the consumer group, gather bundles, submit them
#[derive(Debug, clap::Args)]
#[command(after_help = "\
The instance runs until SIGTERM or SIGINT: then it commits its open transactions, closes its stores and exits. A second \
signal ends the process at once, without losing data. SIGHUP reloads templates, secrets and the log level; a template in a \
local file is also picked up within ten seconds, one in S3 within a minute.

  sheaf run -c sheaf.yaml
  sheaf run -c sheaf.yaml --set instance_id=b --set http.bind=127.0.0.1:8081 --set state_dir=state-b")]
pub(super) struct Args {
    #[command(flatten)]
    config: ConfigArgs,
}

/// The context that the threads of the instance share, and the admin client that has prepared it.
type Prepared = (Context, Box<dyn Admin>);

/// The interval of the checks for failed threads.
const CHECK_INTERVAL: Duration = Duration::from_millis(100);

pub(super) fn main(args: &Args) -> Result<ExitCode, Failure> {
    let Loaded { config, file } = load::load(&args.config)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let assembly = Assembly::new(&config, &file)?;
    let warnings = file.check()?;
    let log_level = log::start(&config.log, load::log_filter().as_deref(), &assembly.metrics)?;
    if !warnings.is_empty() {
        let warnings = warnings.len();
        tracing::info!(warnings, "some bundles may fail with the template: `sheaf validate` tells which and why");
    }
    let hangups = runtime.block_on(async { Hangups::new() })?;
    let fault_observer = fault::fault_observer()?;
    let resources = Resources::new(&config, runtime.handle(), &assembly.metrics)?;
    let reload = Reload::new(&args.config, config.clone(), Reloader::new(file.clone(), &resources), log_level)?;
    let stores = app::stores(&config)?;
    let health = Arc::new(assembly.health(&resources.sinks));
    let server = runtime.block_on(Server::start(config.http.bind, health)).context("http.bind")?;
    tracing::info!(address = %server.address(), "serving /healthz, /readyz and /metrics");
    let application = assembly.application(&config, &resources, stores, server.address().to_string());
    let application = application.with_fault_observer(fault_observer);
    resources.check(file.spec.deliveries());
    let mut signals = runtime.block_on(async { Signals::new() })?;
    let Some((context, admin)) = prepare(&Arc::new(application), &runtime, &mut signals)? else {
        // Does not wait for the running attempt: it may be interrupted anywhere, and a restart repeats it.
        runtime.shutdown_background();
        return Ok(ExitCode::SUCCESS);
    };
    if !await_predecessor((&context, admin), &runtime, &mut signals)? {
        runtime.shutdown_background();
        return Ok(ExitCode::SUCCESS);
    }
    let instance = Instance::start(&context, config.shutdown_timeout)?;
    let failure = watch(&instance, &runtime, (&mut signals, hangups), &reload);
    let code = stop(instance, &runtime, (signals, failure), config.shutdown_timeout);
    runtime.block_on(server.stop());
    runtime.shutdown_timeout(Duration::from_secs(1));
    code
}

/// Creates and checks the topics; retries while no broker is reachable. Returns the context that the threads of the instance
/// share, and the admin client; `None` after a signal.
fn prepare(
    application: &Arc<Application>,
    runtime: &Runtime,
    signals: &mut Signals,
) -> Result<Option<Prepared>, Failure> {
    const BACKOFF_MIN: Duration = Duration::from_secs(1);
    const BACKOFF_MAX: Duration = Duration::from_secs(30);
    // Short, so that a wrong address is reported soon.
    const TIMEOUT: Duration = Duration::from_secs(3);
    let mut backoff = BACKOFF_MIN;
    loop {
        let application = Arc::clone(application);
        let attempt = runtime.spawn_blocking(move || {
            let mut admin = application.admin()?;
            let context = application.prepare(&mut *admin, TIMEOUT)?;
            runtime::Result::Ok((context, admin))
        });
        let result = runtime.block_on(async {
            tokio::select! {
                result = attempt => Some(result),
                () = signals.next() => None,
            }
        });
        let Some(result) = result else { return Ok(None) };
        match result.context("preparing the topics")? {
            Ok(prepared) => return Ok(Some(prepared)),
            Err(error) if error.class() == ErrorClass::Retry => {
                tracing::warn!(
                    %error,
                    retry_in = ?backoff,
                    "the topics cannot be prepared, retrying; check kafka.bootstrap_servers and that the brokers run"
                );
            }
            Err(error) => return Err(error.into()),
        }
        let waited = runtime.block_on(async {
            tokio::select! {
                () = tokio::time::sleep(backoff) => true,
                () = signals.next() => false,
            }
        });
        if !waited {
            return Ok(None);
        }
        backoff = backoff.saturating_mul(2).min(BACKOFF_MAX);
    }
}

/// Waits while another process of the same instance id lives; false after a signal.
fn await_predecessor(
    (context, mut admin): (&Context, Box<dyn Admin>),
    runtime: &Runtime,
    signals: &mut Signals,
) -> Result<bool, Failure> {
    const INTERVAL: Duration = Duration::from_secs(1);
    /// The number of checks between two log lines.
    const QUIET: usize = 30;
    let status = Arc::clone(&context.status);
    let mut predecessor = Predecessor::new(context);
    for check in 0.. {
        let reading = runtime.spawn_blocking(move || {
            let living = predecessor.living(&mut *admin);
            (predecessor, admin, living)
        });
        let read = runtime.block_on(async {
            tokio::select! {
                read = reading => Some(read),
                () = signals.next() => None,
            }
        });
        let Some(read) = read else { return Ok(false) };
        let living;
        (predecessor, admin, living) = read.context("reading the instances topic")?;
        match living {
            Ok(None) => break,
            Ok(Some(text)) => {
                if check % QUIET == 0 {
                    tracing::warn!("waiting for {text}");
                }
                status.set_obstacle(Some(text));
            }
            Err(error) if error.class() == ErrorClass::Retry => {
                tracing::warn!(%error, "the instances topic cannot be read, retrying");
            }
            Err(error) => return Err(error.into()),
        }
        let waited = runtime.block_on(async {
            tokio::select! {
                () = tokio::time::sleep(INTERVAL) => true,
                () = signals.next() => false,
            }
        });
        if !waited {
            return Ok(false);
        }
    }
    // Closing a client takes 200 ms and more, so a thread does it. If none can be started, it is closed here.
    let closing = std::thread::Builder::new().name("admin-close".to_owned());
    drop(closing.spawn(move || drop(admin)));
    status.set_obstacle(None);
    Ok(true)
}

/// Waits for a signal to stop or a failed thread, and reloads meanwhile.
fn watch(
    instance: &Instance,
    runtime: &Runtime,
    (signals, mut hangups): (&mut Signals, Hangups),
    reload: &Reload,
) -> Option<runtime::Error> {
    runtime.block_on(async {
        let mut poll_at = Instant::now() + POLL_INTERVAL;
        loop {
            tokio::select! {
                () = signals.next() => return None,
                () = hangups.next() => reload.start(runtime),
                () = tokio::time::sleep(CHECK_INTERVAL) => {}
            }
            if let Some(failure) = instance.failure() {
                return Some(failure);
            }
            if Instant::now() >= poll_at {
                poll_at = Instant::now() + POLL_INTERVAL;
                reload.poll(runtime);
            }
        }
    })
}

/// Stops the instance within `limit`.
fn stop(
    instance: Instance,
    runtime: &Runtime,
    (mut signals, failure): (Signals, Option<runtime::Error>),
    limit: Duration,
) -> Result<ExitCode, Failure> {
    match &failure {
        None => tracing::info!("stopping: committing open transactions"),
        Some(error) => tracing::error!(%error, "a thread has failed, stopping the instance"),
    }
    let stopping = runtime.spawn_blocking(move || instance.stop());
    let stopped = runtime.block_on(async {
        tokio::select! {
            stopped = stopping => Stopped::InOrder(stopped),
            () = signals.next() => Stopped::Interrupted,
            () = tokio::time::sleep(limit) => Stopped::TimedOut,
        }
    });
    match (stopped, failure) {
        (Stopped::Interrupted, _) => {
            print_stderr("second signal: exiting at once; the input of the open transaction will be processed again");
            Ok(ExitCode::from(INTERRUPTED))
        }
        (_, Some(error)) => Err(error.into()),
        (Stopped::InOrder(result), None) => match result.context("stopping")? {
            Ok(()) => Ok(ExitCode::SUCCESS),
            Err(error) => Err(error.into()),
        },
        (Stopped::TimedOut, None) => {
            let error = anyhow::anyhow!(
                "the orderly stop took longer than shutdown_timeout ({limit:?}); the input of the open transaction will \
                 be processed again"
            );
            Err(Failure::Failed(error))
        }
    }
}

/// The end of an orderly stop.
enum Stopped<T> {
    InOrder(T),
    Interrupted,
    TimedOut,
}
