//! `sheaf deliveries`: commands to the delivery of one bundle.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Subcommand, ValueEnum};

use crate::app::{self, ApplicationSpec, Secrets};
use crate::broker::{Broker, ProducerSpec};
use crate::cli::exit::Failure;
use crate::cli::load::{self, TopologyArgs};
use crate::cli::output::print_stdout;
use crate::model::{Clock as _, Key};
use crate::processor;
use crate::processor::delivery::command::{AS, FAILED, RESOLVE, RETRY, SUBMITTED};
use crate::processor::tracking::RERUN;
use crate::runtime::{Incarnation, SystemClock, command_record};
use crate::topology::{DELIVERY, TRACKING, internal_topic};

/// Send a failed or unknown delivery again, or state how it ended
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Submit a bundle at once that waits or has failed; look it up first if its outcome is unknown
    Retry(Retry),
    /// State how a delivery ended that is unknown, waits or has failed
    Resolve(Resolve),
    /// Run the failed job of a submitted bundle again, where runs are followed
    Rerun(Rerun),
}

/// Options of `sheaf deliveries retry`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
A failed delivery is submitted again, with the same definition; one that could not be rendered is rendered anew. An unknown \
one is looked up, and submitted only if no folder is found: search Control-M's archive first. What is under way or submitted \
stays as it is, so the command can be repeated.

  sheaf deliveries retry 018f3c1e-7d1e-7aaa-bbbb-0123456789ab -c sheaf.yaml --by ann --why 'the application exists now'")]
pub(super) struct Retry {
    #[command(flatten)]
    common: Common,
}

/// Options of `sheaf deliveries resolve`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
  sheaf deliveries resolve 018f3c1e-7d1e-7aaa-bbbb-0123456789ab --as submitted -c sheaf.yaml --by ann --why 'it is in the archive'")]
pub(super) struct Resolve {
    #[command(flatten)]
    common: Common,
    /// Whether Control-M has the folder
    #[arg(long = "as", value_name = "OUTCOME")]
    outcome: Outcome,
}

/// Options of `sheaf deliveries rerun`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
For topologies with `deliver: { control_m: { track: true } }`. The job that the alert `run_failed` names is rerun in Control-M, \
and followed further. A rerun while no job has failed is refused.

  sheaf deliveries rerun 018f3c1e-7d1e-7aaa-bbbb-0123456789ab -c sheaf.yaml --by ann --why 'the disk has space again'")]
pub(super) struct Rerun {
    #[command(flatten)]
    common: Common,
}

/// The options of all commands.
#[derive(Debug, clap::Args)]
struct Common {
    /// The bundle's id, as in alerts and outcomes
    #[arg(value_name = "BUNDLE")]
    bundle: String,
    #[command(flatten)]
    topology: TopologyArgs,
    /// Your name, for the records
    #[arg(long, value_name = "NAME", env = "USER", default_value = "an operator")]
    by: String,
    /// The reason, for the records
    #[arg(long, value_name = "TEXT", default_value = "no reason given")]
    why: String,
}

/// The outcome that an operator states.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Outcome {
    /// Control-M has the folder
    Submitted,
    /// Control-M does not have the folder
    Failed,
}

/// The time-out of one call to the broker.
const TIMEOUT: Duration = Duration::from_secs(15);

pub(super) fn main(command: &Command) -> Result<ExitCode, Failure> {
    let (common, processor, name, arguments) = match command {
        Command::Retry(Retry { common }) => (common, DELIVERY, RETRY, BTreeMap::new()),
        Command::Rerun(Rerun { common }) => (common, TRACKING, RERUN, BTreeMap::new()),
        Command::Resolve(Resolve { common, outcome }) => {
            let outcome = match outcome {
                Outcome::Submitted => SUBMITTED,
                Outcome::Failed => FAILED,
            };
            (common, DELIVERY, RESOLVE, BTreeMap::from([(AS.to_owned(), outcome.to_owned())]))
        }
    };
    let ApplicationSpec { config, .. } = load::only(&common.topology)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let broker = app::broker(&config, &Secrets::new(runtime.handle()), None)?;
    let application = &config.application_id;
    let inbox = internal_topic(application, &format!("{processor}-inbox"));
    if broker.admin()?.describe(std::slice::from_ref(&inbox), TIMEOUT)?.iter().all(Option::is_none) {
        return Err(Failure::Failed(anyhow::anyhow!(
            "there is no topic {inbox}: has an instance of application {application} with this processor run on this cluster? Check \
             application_id, kafka.bootstrap_servers, and for rerun that the topology has `track: true`"
        )));
    }
    let command = processor::Command {
        id: Incarnation::of_this_process().id,
        name: name.to_owned(),
        arguments,
        by: common.by.clone(),
        why: common.why.clone(),
        at: SystemClock.now(),
    };
    let record = command_record(&Key::new(&common.bundle), &command, &inbox);
    let mut producer = broker.producer(&ProducerSpec::default())?;
    producer.init(TIMEOUT)?;
    producer.transact(&[record], TIMEOUT)?;
    let outcomes = internal_topic(application, if processor == TRACKING { "runs" } else { "outcomes" });
    let audit = internal_topic(application, "audit");
    print_stdout(&format!(
        "{name} of bundle {} is written to {inbox}; an instance takes it now or at its next start",
        common.bundle
    ));
    print_stdout(&format!(
        "  its outcome will be in {outcomes}; what became of the command, or why it was refused, in {audit}"
    ));
    Ok(ExitCode::SUCCESS)
}
