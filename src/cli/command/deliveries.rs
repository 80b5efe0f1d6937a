//! `sheaf deliveries`: lists and shows deliveries, and sends commands to them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Subcommand, ValueEnum};

use super::entries::{DELIVERIES, List, RUNS, Show};
use super::entry_command::{Arguments, EntryArgs, Order, send, send_to};
use super::topic::{self, TIMEOUT};
use crate::app::{self, ApplicationSpec, Secrets};
use crate::cli::exit::Failure;
use crate::cli::load;
use crate::processor::delivery::commands::{
    AS, CANCEL, COMMANDS, FAILED, RESOLVE, RESUBMIT, RETRY, SUBMISSION, SUBMITTED,
};
use crate::processor::tracking::{self, RERUN};

/// List and show deliveries; send them again, or state how they ended
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// List deliveries by status
    List(ListDeliveries),
    /// List deliveries every two seconds
    Watch(WatchDeliveries),
    /// Tell where a delivery stands, what was tried, and what can be done
    Show(ShowDelivery),
    /// Submit a bundle at once that waits or has failed; look it up first if its outcome is unknown
    Retry(Retry),
    /// Render a bundle that waits or has failed anew, with the template of today, and submit it at once
    Resubmit(Resubmit),
    /// State how a delivery ended that is unknown, waits or has failed
    Resolve(Resolve),
    /// Give up a bundle that waits for another attempt
    Cancel(Cancel),
    /// Run the failed job of a submitted bundle again, where runs are followed
    Rerun(Rerun),
}

/// Options of `sheaf deliveries list`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
The statuses are `submitting`, `waiting`, `unsure`, `looking-up`, `submitted`, `failed`, `unknown` and `held`.

  sheaf deliveries list --status failed --status unknown")]
pub(super) struct ListDeliveries {
    #[command(flatten)]
    list: List,
}

/// Options of `sheaf deliveries watch`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
It is `sheaf deliveries list --watch`.

  sheaf deliveries watch --status failed --status unknown")]
pub(super) struct WatchDeliveries {
    #[command(flatten)]
    list: List,
}

/// Options of `sheaf deliveries show`.
#[derive(Debug, clap::Args)]
#[command(after_help = "  sheaf deliveries show 018f3c1e-7d1e-7aaa-bbbb-0123456789ab")]
pub(super) struct ShowDelivery {
    #[command(flatten)]
    show: Show,
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
    entries: EntryArgs,
}

/// Options of `sheaf deliveries resubmit`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
For a definition that was refused because of its template: mend the template, let the instances read it, and resubmit. The submission \
is read from its topic.

  sheaf deliveries resubmit 018f3c1e-7d1e-7aaa-bbbb-0123456789ab -c sheaf.yaml --by ann --why 'the template is mended'
  sheaf deliveries resubmit --status failed --filter reason=RunAs --dry-run          list which ones it would resubmit")]
pub(super) struct Resubmit {
    #[command(flatten)]
    entries: EntryArgs,
    /// The value of the submission record of the one bundle; by default the latest one of each bundle in the topic
    #[arg(long, value_name = "FILE")]
    submission: Option<PathBuf>,
}

/// Options of `sheaf deliveries cancel`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
It fails without another attempt. What is in flight or in doubt has to end first; what was submitted is deleted at Control-M.

  sheaf deliveries cancel 018f3c1e-7d1e-7aaa-bbbb-0123456789ab -c sheaf.yaml --by ann --why 'it ran by hand'")]
pub(super) struct Cancel {
    #[command(flatten)]
    entries: EntryArgs,
}

/// Options of `sheaf deliveries resolve`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
  sheaf deliveries resolve 018f3c1e-7d1e-7aaa-bbbb-0123456789ab --as submitted -c sheaf.yaml --by ann --why 'it is in the archive'")]
pub(super) struct Resolve {
    #[command(flatten)]
    entries: EntryArgs,
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
    entries: EntryArgs,
}

/// The outcome that an operator states.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Outcome {
    /// Control-M has the folder
    Submitted,
    /// Control-M does not have the folder
    Failed,
}

pub(super) fn main(command: &Command) -> Result<ExitCode, Failure> {
    let (entries, name, arguments) = match command {
        Command::List(ListDeliveries { list }) => return list.run(&DELIVERIES, &[]),
        Command::Watch(WatchDeliveries { list }) => return list.watch(&DELIVERIES),
        Command::Show(ShowDelivery { show }) => return show.run(&DELIVERIES),
        Command::Retry(Retry { entries }) => (entries, RETRY, BTreeMap::new()),
        Command::Cancel(Cancel { entries }) => (entries, CANCEL, BTreeMap::new()),
        Command::Resubmit(args) => return resubmit(args),
        Command::Rerun(Rerun { entries }) => return send(entries, &rerun()),
        Command::Resolve(Resolve { entries, outcome }) => {
            let outcome = match outcome {
                Outcome::Submitted => SUBMITTED,
                Outcome::Failed => FAILED,
            };
            (entries, RESOLVE, BTreeMap::from([(AS.to_owned(), outcome.to_owned())]))
        }
    };
    send(entries, &order(name, arguments))
}

fn order(name: &str, arguments: BTreeMap<String, String>) -> Order<'_> {
    Order { kind: &DELIVERIES, specs: COMMANDS, name, arguments: Arguments::Same(arguments) }
}

fn rerun() -> Order<'static> {
    Order { kind: &RUNS, specs: tracking::COMMANDS, name: RERUN, arguments: Arguments::Same(BTreeMap::new()) }
}

/// Sends the submission with the command, because the journal has none.
fn resubmit(args: &Resubmit) -> Result<ExitCode, Failure> {
    let Resubmit { entries: EntryArgs { choice, sending }, submission } = args;
    let spec = load::only(&sending.topology)?;
    let mut order = order(RESUBMIT, BTreeMap::new());
    let choice = choice.choose(sending, &order, &spec.config.application_id)?;
    let (submissions, lacking) = match (submission, choice.keys.as_slice()) {
        (Some(file), [only]) => {
            let text = std::fs::read_to_string(file).map_err(|error| {
                Failure::Usage(format!("error: the submission {} cannot be read: {error}", file.display()))
            })?;
            (BTreeMap::from([(only.clone(), text)]), String::new())
        }
        (Some(_), _) => return Err(Failure::Usage("error: --submission is of one bundle: name it".to_owned())),
        (None, keys) => submitted(&spec, keys)?,
    };
    let argument = |text| BTreeMap::from([(SUBMISSION.to_owned(), text)]);
    let arguments = submissions.into_iter().map(|(key, text)| (key, argument(text))).collect();
    order.arguments = Arguments::Each { arguments, lacking };
    send_to(sending, &spec, &choice, &order)
}

/// The latest submissions of bundles in their topic, and the text for those that it does not have.
fn submitted(spec: &ApplicationSpec, bundles: &[String]) -> Result<(BTreeMap<String, String>, String), Failure> {
    let Some(delivery) = spec.file.spec.deliveries().next() else {
        return Err(Failure::Usage(format!("error: the topology {} delivers nothing", spec.topology())));
    };
    let submissions = delivery.reads.topic(spec.id());
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let broker = app::broker(&spec.config, &Secrets::new(runtime.handle()), None)?;
    let partitions = broker.admin()?.partitions(&submissions, TIMEOUT)?;
    let wanted: BTreeSet<&[u8]> = bundles.iter().map(String::as_bytes).collect();
    let mut found = BTreeMap::new();
    topic::read(&*broker, &partitions, |record| {
        if let (Some(key), Some(value)) = (record.key, record.value)
            && wanted.contains(key.as_ref())
        {
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            found.insert(text(&key), text(&value));
        }
    })?;
    let lacking = format!(
        "the topic {submissions} has no submission of it: check the id; one that retention has deleted is handed in with --submission FILE"
    );
    Ok((found, lacking))
}
