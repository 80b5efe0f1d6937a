//! `sheaf mock control-m`: the Control-M simulator as a process.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;

use super::argument::duration;
use crate::cli::exit::Failure;
use crate::cli::output::print_stderr;
use crate::cli::signal;
use crate::mock::control_m::{Fault, Simulator, SimulatorSettings};
use crate::runtime::SystemClock;
use crate::secret::Secret;

/// Options of `sheaf mock control-m`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
  sheaf mock control-m                      its folders and jobs are on http://127.0.0.1:8443/
  sheaf mock control-m --user me:secret     on premises: POST /session/login, tokens expire
  sheaf mock control-m --clock-speed 60 --new-day 07:00

Jobs wait for events, resources, users and New Day as in Control-M. Nothing is run: `sleep 5`
in a command executes for 5 s, `exit 1` ends not OK. Set control_m.base_url to
http://ADDRESS/automation-api.

Alerts are sent to one WebSocket at ws://ADDRESS/alerts (`x-api-key`), as in the cloud.

Faults: what happens, then [DURATION] [METHOD] [/PATH] [CHANCE%] [xTIMES]
  --fault '503'                             each request is answered with 503
  --fault '429 2s POST /run/ondemand x5'    the next 5, with Retry-After: 2
  --fault 'executed-503 10%'                10 % of the orders are executed, then answered so
  --fault 'executed-reset 5%'               the same, then the connection is reset
  --fault 'reset 1%'  'slow 3s 20%'  'hang x1'  'truncated x1'  'expired-token x1'  'lag 30s 50%'

While it runs, below http://127.0.0.1:8443/_sheaf:
  curl -s $URL/dump                         what was submitted, also within the visibility lag
  curl -s $URL/requests                     each request, what it ordered, what struck it
  curl -s $URL/faults --data-binary '503 10%'                         -X DELETE removes all
  curl -s $URL/faults -d '{\"path\":\"/run*\",\"action\":{\"do\":\"respond\",\"status\":503}}'
  curl -s $URL/clock -d '{\"advance\":\"new-day\"}'                    or 90m; {\"speed\":60}
  curl -s $URL/outcomes -d '{\"job\":\"appl-*\",\"exit\":1,\"times\":1}'  how jobs end")]
pub(in crate::cli::command) struct ControlM {
    /// The address to listen on; port 0 takes a free port
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8443")]
    bind: SocketAddr,
    /// An accepted value of `x-api-key`; may be given more than once. Without it every key is accepted
    #[arg(long = "api-key", value_name = "KEY")]
    api_keys: Vec<String>,
    /// A value of `x-api-key` that may only read (403 for the rest); may be given more than once
    #[arg(long = "read-only-key", value_name = "KEY")]
    read_only_keys: Vec<String>,
    /// A user with a password, for `POST /session/login`; may be given more than once
    #[arg(long = "user", value_name = "NAME:PASSWORD", value_parser = user)]
    users: Vec<(String, String)>,
    /// The time until the token of a session expires
    #[arg(long, value_name = "DURATION", default_value = "30m", value_parser = duration)]
    session_lifetime: Duration,
    /// A Control-M server; may be given more than once. Without it every name is accepted
    #[arg(long = "server", value_name = "NAME")]
    servers: Vec<String>,
    /// A pool, with its number of units; may be given more than once. A job that needs another pool waits
    #[arg(long = "pool", value_name = "SERVER/NAME=UNITS", value_parser = pool)]
    pools: Vec<(String, String, u32)>,
    /// The longest time until a submitted folder is visible, in seconds (real servers: up to 30)
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    visibility_lag: u64,
    /// The time that a job executes whose command does not say so (`sleep 5`)
    #[arg(long, value_name = "DURATION", default_value = "1s", value_parser = duration)]
    job_duration: Duration,
    /// How much faster than the system's clock the simulated one is; 0 stops it
    #[arg(long, value_name = "FACTOR", default_value_t = 1.0, value_parser = speed)]
    clock_speed: f64,
    /// The time zone of the server
    #[arg(long, value_name = "ZONE", default_value = "UTC", value_parser = zone)]
    time_zone: TimeZone,
    /// The local time at which the next order date begins
    #[arg(long, value_name = "HH:MM", default_value = "00:00")]
    new_day: jiff::civil::Time,
    /// Adding an event that is there, and deleting one that is not, is no error
    #[arg(long)]
    tolerant_events: bool,
    /// A refused key is answered as by a gateway in the cloud: 403 {"message":"Forbidden"}
    #[arg(long)]
    gateway: bool,
    /// A fault, as below; may be given more than once
    #[arg(long = "fault", value_name = "FAULT")]
    faults: Vec<Fault>,
    /// Seed of the random choices
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

pub(super) fn main(args: &ControlM) -> Result<ExitCode, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let simulator = Simulator::bind(settings(args), runtime.handle()).map_err(|error| {
        let remedy = "choose another address with --bind";
        Failure::Failed(anyhow::anyhow!("the simulator cannot listen on {}: {error}: {remedy}", args.bind))
    })?;
    for fault in &args.faults {
        simulator.inject(fault.clone());
    }
    print_stderr(&format!("Control-M simulator: control_m.base_url is {}", simulator.base_url()));
    runtime.block_on(simulator.serve_until(async {
        // Without a signal handler the simulator ends at once.
        drop(signal::received().await);
    }));
    Ok(ExitCode::SUCCESS)
}

fn settings(args: &ControlM) -> SimulatorSettings {
    let secrets = |keys: &[String]| keys.iter().map(|key| Secret::new(key.clone())).collect();
    SimulatorSettings {
        bind: args.bind,
        clock_speed: args.clock_speed,
        time_zone: args.time_zone.clone(),
        new_day: args.new_day,
        visibility_lag: Duration::ZERO..=Duration::from_secs(args.visibility_lag),
        job_duration: args.job_duration,
        api_keys: secrets(&args.api_keys),
        read_only_keys: secrets(&args.read_only_keys),
        users: args.users.iter().map(|(name, password)| (name.clone(), Secret::new(password.clone()))).collect(),
        session_lifetime: args.session_lifetime,
        servers: args.servers.clone(),
        pools: args.pools.clone(),
        strict_events: !args.tolerant_events,
        gateway: args.gateway,
        ..SimulatorSettings::new(Arc::new(SystemClock), args.seed)
    }
}

fn user(text: &str) -> Result<(String, String), String> {
    let (name, password) = text.split_once(':').ok_or("expected NAME:PASSWORD")?;
    Ok((name.to_owned(), password.to_owned()))
}

fn pool(text: &str) -> Result<(String, String, u32), String> {
    let parts = text.split_once('=').and_then(|(pool, units)| Some((pool.split_once('/')?, units.parse().ok()?)));
    let ((server, name), units) = parts.ok_or("expected SERVER/NAME=UNITS")?;
    Ok((server.to_owned(), name.to_owned(), units))
}

fn speed(text: &str) -> Result<f64, String> {
    let found = text.parse().ok().filter(|speed| (0.0..=1e6).contains(speed));
    found.ok_or_else(|| "expected a number from 0 to 1000000".to_owned())
}

fn zone(name: &str) -> Result<TimeZone, String> {
    TimeZone::get(name).map_err(|_error| "expected the name of a time zone, for example Europe/Berlin".to_owned())
}
