//! `sheaf mock control-m`: the Control-M simulator as a process.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Subcommand;

use crate::cli::exit::Failure;
use crate::cli::output::print_stderr;
use crate::cli::signal;
use crate::mock::control_m::{Simulator, SimulatorSettings};
use crate::runtime::SystemClock;
use crate::secret::Secret;

/// Simulate a system that sheaf calls
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Control-M's Automation API: accepts job definitions and shows their runs, but runs no job
    ControlM(ControlM),
}

/// Options of `sheaf mock control-m`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
  sheaf mock control-m --bind 127.0.0.1:8443
  curl -s http://127.0.0.1:8443/_sheaf/dump           what was submitted, also folders within the visibility lag
  curl -s -X POST http://127.0.0.1:8443/_sheaf/faults \\
       -d '{\"method\":\"POST\",\"path\":\"/run/ondemand\",\"action\":{\"do\":\"respond\",\"status\":503}}'

Set control_m.base_url to http://ADDRESS/automation-api.")]
pub(super) struct ControlM {
    /// The address to listen on; port 0 takes a free port
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8443")]
    bind: SocketAddr,
    /// An accepted value of `x-api-key`; may be given more than once. Without it every key is accepted
    #[arg(long = "api-key", value_name = "KEY")]
    api_keys: Vec<String>,
    /// The longest time until a submitted folder is visible, in seconds (real servers: up to 30)
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    visibility_lag: u64,
    /// Seed of the random choices
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

pub(super) fn main(command: &Command) -> Result<ExitCode, Failure> {
    let Command::ControlM(args) = command;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let settings = SimulatorSettings {
        bind: args.bind,
        visibility_lag: Duration::ZERO..=Duration::from_secs(args.visibility_lag),
        api_keys: args.api_keys.iter().map(|key| Secret::new(key.clone())).collect(),
        ..SimulatorSettings::new(Arc::new(SystemClock), args.seed)
    };
    let simulator = Simulator::bind(settings, runtime.handle()).map_err(|error| {
        let remedy = "choose another address with --bind";
        Failure::Failed(anyhow::anyhow!("the simulator cannot listen on {}: {error}: {remedy}", args.bind))
    })?;
    print_stderr(&format!("Control-M simulator: control_m.base_url is {}", simulator.base_url()));
    runtime.block_on(simulator.serve_until(async {
        // Without a signal handler the simulator ends at once.
        drop(signal::received().await);
    }));
    Ok(ExitCode::SUCCESS)
}
