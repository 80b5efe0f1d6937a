//! `sheaf run`: an instance of each application on a Kafka cluster, until a signal or an error stops them.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;

use super::prepare::{Label, await_predecessors, prepare};
use super::reload::Reload;
use crate::admin::{Server, Status as _};
use crate::app::{self, ApplicationSpec, Assembly, Process, Reloader, Resources, Secrets};
use crate::cli::exit::{Failure, INTERRUPTED};
use crate::cli::load::{self, ConfigArgs, Loaded};
use crate::cli::output::print_stderr;
use crate::cli::service::{self, Service};
use crate::cli::signal::{Hangups, Signals};
use crate::cli::{fault, log};
use crate::config::{Config, Http};
use crate::model::Clock as _;
use crate::runtime::{self, Context, Instance, SystemClock};
use crate::topology::spec::Delivery;

/// Run an instance: join the consumer group, gather bundles, submit them
#[derive(Debug, clap::Args)]
#[command(after_help = "\
The instance runs until SIGTERM or SIGINT: then it commits its open transactions, closes its stores and exits. A second \
signal ends the process at once, without losing data. SIGHUP reloads templates, secrets and the log level; a template in a \
local file is also picked up within ten seconds, one in S3 within a minute.

Each file of `topologies` is an application of its own, with its own consumer group, topics, threads and state; all of them \
start, and if one fails, all stop and the process ends with an error that names it.

  sheaf run -c sheaf.yaml
  sheaf run -c sheaf.yaml --set instance_id=b --set http.bind=127.0.0.1:8081 --set state_dir=state-b")]
pub(super) struct Args {
    #[command(flatten)]
    config: ConfigArgs,
}

/// The longest time for the end of sessions at services.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);
/// The interval of the checks for failed threads.
const CHECK_INTERVAL: Duration = Duration::from_millis(100);

/// A running instance with the label of its application.
type Running = (Label, Instance);

pub(super) fn main(args: &Args) -> Result<ExitCode, Failure> {
    start(&args.config)
}

/// Runs the instances of this configuration.
pub(super) fn start(args: &ConfigArgs) -> Result<ExitCode, Failure> {
    let Loaded { config, shown, specs } = load::load(args)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let assemblies = Assembly::all(&specs)?;
    let metrics = Assembly::process_metrics(&config, &assemblies)?;
    let warnings = specs.iter().map(|spec| Ok(spec.file.check()?.len())).sum::<Result<usize, Failure>>()?;
    let log_level = log::start(&config.log, load::log_filter().as_deref(), &metrics)?;
    if warnings > 0 {
        tracing::info!(warnings, "some bundles may fail with the template: `sheaf validate` tells which and why");
    }
    for warning in app::shared_folders(&specs) {
        tracing::warn!("{warning}");
    }
    let hangups = runtime.block_on(async { Hangups::new() })?;
    let fault_observer = fault::fault_observer()?;
    let resources = Resources::new(&config, runtime.handle(), &metrics)?;
    let stores = app::all_stores(&config, &specs)?;
    let process = Process::new(&specs, &assemblies, &resources, Arc::clone(&metrics));
    let process = Arc::new(process.with_settings(shown));
    let http = app::http(&config, &Secrets::new(runtime.handle()))?;
    let server = runtime.block_on(Server::start(http, process.clone()))?;
    process.serves_at(server.address().to_string());
    // From now on, because it may have to wait for Kafka.
    let reloader = Reloader::new(&specs, &resources).serving(server.reload(), &config).measured_by(&metrics);
    runtime.spawn(Reload::new(args, config.clone(), reloader, log_level)?.run(hangups));
    tracing::info!(address = %server.address(), "serving /healthz, /readyz, /metrics and /api/v1");
    let deliveries: Vec<&Delivery> = specs.iter().flat_map(|spec| spec.file.spec.deliveries()).collect();
    resources.check(deliveries.into_iter());
    let http = advertised(&config.http, server.address());
    let applications = specs.iter().zip(assemblies).zip(stores).map(|((spec, assembly), stores)| {
        let application = assembly.application(&spec.config, &resources, stores, http.clone());
        (Label::new(spec.id(), specs.len()), application.with_fault_observer(Arc::clone(&fault_observer)))
    });
    let mut signals = runtime.block_on(async { Signals::new() })?;
    let prepared =
        prepare(applications.collect(), ApplicationSpec::former(&config, &specs).as_deref(), &runtime, &mut signals)?;
    let contexts = prepared.map(|prepared| await_predecessors(prepared, &runtime, &mut signals)).transpose()?;
    let Some(contexts) = contexts.flatten() else {
        // Does not wait for the running attempt: it may be interrupted anywhere, and a restart repeats it.
        runtime.shutdown_background();
        return Ok(ExitCode::SUCCESS);
    };
    let (running, failure) = start_all(&contexts, &config);
    let failure = failure.or_else(|| watch((&running, &process), &runtime, &mut signals));
    service::stopping();
    let code = stop(running, &runtime, (signals, failure), config.shutdown_timeout);
    runtime.block_on(server.stop());
    // A service that does not answer must not delay the end.
    drop(runtime.block_on(async { tokio::time::timeout(CLOSE_TIMEOUT, resources.close()).await }));
    runtime.shutdown_timeout(Duration::from_secs(1));
    code
}

/// The URL at which other instances reach the HTTP server.
fn advertised(Http { advertise, tls, .. }: &Http, address: SocketAddr) -> String {
    advertise.clone().unwrap_or_else(|| {
        let scheme = if tls.is_some() { "https" } else { "http" };
        let host = if address.ip().is_unspecified() { load::host_name() } else { address.ip().to_string() };
        let host = if address.is_ipv6() && !address.ip().is_unspecified() { format!("[{host}]") } else { host };
        format!("{scheme}://{host}:{}", address.port())
    })
}

/// Starts the instances; those that run, and the failure of one that cannot be started.
fn start_all(contexts: &[(Label, Context)], config: &Config) -> (Vec<Running>, Option<Failure>) {
    let mut running = Vec::new();
    for (label, context) in contexts {
        match label.in_scope(|| Instance::start(context, config.shutdown_timeout)) {
            Ok(instance) => running.push((label.clone(), instance)),
            Err(error) => return (running, Some(label.failed(error))),
        }
    }
    (running, None)
}

/// Waits for a signal to stop or a failed thread.
fn watch((running, process): (&[Running], &Process), runtime: &Runtime, signals: &mut Signals) -> Option<Failure> {
    let mut service = Service::default();
    runtime.block_on(async {
        loop {
            tokio::select! {
                () = signals.next() => return None,
                () = tokio::time::sleep(CHECK_INTERVAL) => {}
            }
            service.report(SystemClock.uptime(), || process.health());
            if let Some((label, error)) = failure(running) {
                label.in_scope(|| tracing::error!(%error, "a thread has failed, stopping the instance"));
                return Some(label.failed(error));
            }
        }
    })
}

/// The error of the first instance of which a thread has ended by itself.
fn failure(running: &[Running]) -> Option<(&Label, runtime::Error)> {
    running.iter().find_map(|(label, instance)| Some((label, instance.failure()?)))
}

/// Stops all instances within `limit`.
fn stop(
    running: Vec<Running>,
    runtime: &Runtime,
    (mut signals, failure): (Signals, Option<Failure>),
    limit: Duration,
) -> Result<ExitCode, Failure> {
    if failure.is_none() {
        tracing::info!("stopping: committing open transactions");
    }
    let stop = |(label, instance): Running| {
        runtime.spawn_blocking(move || label.in_scope(|| instance.stop()).map_err(|error| label.failed(error)))
    };
    let stopping: Vec<_> = running.into_iter().map(stop).collect();
    let stopped = runtime.block_on(async {
        tokio::select! {
            stopped = all(stopping) => Stopped::InOrder(stopped),
            () = signals.next() => Stopped::Interrupted,
            () = tokio::time::sleep(limit) => Stopped::TimedOut,
        }
    });
    match (stopped, failure) {
        (Stopped::Interrupted, _) => {
            print_stderr("second signal: exiting at once; the input of the open transaction will be processed again");
            Ok(ExitCode::from(INTERRUPTED))
        }
        (_, Some(failure)) => Err(failure),
        (Stopped::InOrder(result), None) => result.map(|()| ExitCode::SUCCESS),
        (Stopped::TimedOut, None) => {
            let error = anyhow::anyhow!(
                "the orderly stop took longer than shutdown_timeout ({limit:?}); the input of the open transaction will \
                 be processed again"
            );
            Err(Failure::Failed(error))
        }
    }
}

/// Waits for all; the first error.
async fn all(stopping: Vec<JoinHandle<Result<(), Failure>>>) -> Result<(), Failure> {
    let mut first = Ok(());
    for handle in stopping {
        let stopped = handle.await.context("stopping").map_err(Failure::from).flatten();
        first = first.and(stopped);
    }
    first
}

/// The end of an orderly stop.
enum Stopped<T> {
    InOrder(T),
    Interrupted,
    TimedOut,
}
