//! `sheaf state`: lists the state stores, shows what they have of a key, and republishes lost changelogs from them.

use std::process::ExitCode;
use std::time::Duration;

use clap::Subcommand;
use comfy_table::Table;
use comfy_table::presets::UTF8_FULL_CONDENSED;
use tokio::runtime::Runtime;

use super::entries::timeline;
use crate::app::{self, ApplicationSpec, Secrets};
use crate::cli::exit::Failure;
use crate::cli::load::{self, TopologyArgs};
use crate::cli::output::print_stdout;
use crate::cli::progress::Progress;
use crate::model::Key;
use crate::processor::trace::TRACE;
use crate::runtime::{self, Incarnation, Republisher, StoredTask, generation, prepare};

/// List the stores of a state directory, show an entry, and republish lost changelogs from the stores
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// List the stores of the state directory, and whether their changelogs are empty
    List(TopologyArgs),
    /// Show what the stores have of a key, as JSON: of a bundle where it stands, its members, what is missing, its timeline
    Show(Show),
    /// Write lost changelogs again, from the stores
    Republish(Republish),
}

/// Options of `sheaf state show`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
One line of the timeline per event: its outcome, its event time, and the coordinates of its record (topic-partition@offset). An \
ended bundle has its timeline for `bundle.keep_closed`. A bundle belongs to one partition, so it is in the stores of the instance \
that owns this partition; that one has to be stopped, because a store is open in one process only. No broker is needed. After a \
replay that is not pruned the former state is shown too: `bundle` is the former, `bundle.g1` the new one (`sheaf replay status`).

  sheaf state show 018f3c1e-7d1e-7aaa-bbbb-0123456789ab -c sheaf.yaml
  sheaf state show order-17 -c sheaf.yaml | jq .bundle.timeline
  sheaf state show 7d1e-01 -c sheaf.yaml --processor trace            a trace as a time line")]
pub(super) struct Show {
    #[command(flatten)]
    topology: TopologyArgs,
    /// The bundle's id, as in alerts and outcomes; or another key
    #[arg(value_name = "BUNDLE")]
    key: String,
    /// Only what this processor has of it (bundle, delivery, schedule, trace); a trace is shown as a time line
    #[arg(long, value_name = "NAME")]
    processor: Option<String>,
}

/// Options of `sheaf state republish`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
After a changelog topic was deleted or created anew, the stores are the only copy of the state, and sheaf refuses to start. \
This command writes each empty changelog from its store, in one transaction per task. If two instances have a store of \
the same task, use the one that was written last, by `sheaf state list`. No instance may run meanwhile.

  sheaf state list -c sheaf.yaml
  sheaf state republish -c sheaf.yaml --task bundle-0 --task bundle-3
  sheaf state republish -c sheaf.yaml --all")]
pub(super) struct Republish {
    #[command(flatten)]
    topology: TopologyArgs,
    /// A task, as `sheaf state list` names it; may be given more than once
    #[arg(long = "task", value_name = "TASK", required_unless_present = "all")]
    tasks: Vec<String>,
    /// All stores whose changelogs are empty
    #[arg(long, conflicts_with = "tasks")]
    all: bool,
}

/// The transaction time-out; a transaction has all entries of a store.
const TRANSACTION_TIMEOUT: Duration = Duration::from_mins(15);
/// The time-out of one call to the broker.
const TIMEOUT: Duration = Duration::from_mins(5);

pub(super) fn main(command: &Command) -> Result<ExitCode, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    match command {
        Command::List(args) => {
            let specs = load::selected(args)?;
            let is_one = specs.len() == 1;
            for spec in &specs {
                if !is_one {
                    print_stdout(&format!("application {}", spec.id()));
                }
                with_republisher(spec, &runtime, list)?;
            }
        }
        Command::Show(args) => show(args)?,
        Command::Republish(args) => {
            with_republisher(&load::only(&args.topology)?, &runtime, |republisher| republish(republisher, args))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Opens the stores and the topics of an application for an action.
fn with_republisher(
    ApplicationSpec { config, file, .. }: &ApplicationSpec,
    runtime: &Runtime,
    action: impl FnOnce(Republisher<'_>) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let broker = app::broker(config, &Secrets::new(runtime.handle()), Some(TRANSACTION_TIMEOUT))?;
    let stores = app::stores(config)?;
    let settings = app::settings(config, String::new());
    let (mut admin, timeout, mut topology) = (broker.admin()?, settings.limits.broker_timeout, file.assemble(config)?);
    let generations = generation::read((&*broker, &mut *admin), &config.application_id, timeout)?;
    generation::set(&mut topology, &generations, &config.application_id)?;
    let plan = prepare(&mut *admin, &topology, &settings, timeout)?;
    action(Republisher { plan: &plan, broker: &*broker, stores: &*stores, timeout: TIMEOUT })
}

fn list(republisher: Republisher<'_>) -> Result<(), Failure> {
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED).set_header(["task", "entries (estimate)", "last written", "changelog"]);
    for found in republisher.stored_tasks()? {
        table.add_row([
            found.task.to_string(),
            found.entries.to_string(),
            found.applied_at.map_or_else(|| "never".to_owned(), |at| at.to_string()),
            if found.changelog == 0 { "empty".to_owned() } else { format!("{} offsets", found.changelog) },
        ]);
    }
    print_stdout(&table.to_string());
    Ok(())
}

/// One object with what each processor has of the key.
fn show(args: &Show) -> Result<(), Failure> {
    let ApplicationSpec { config, file, .. } = &load::only(&args.topology)?;
    let (topology, stores, key) = (file.assemble(config)?, app::stores(config)?, Key::new(&args.key));
    let mut found = runtime::show(&topology, &*stores, &key)?;
    if let Some(wanted) = &args.processor {
        if !topology.nodes.iter().any(|node| *node.name == **wanted) {
            let names: Vec<&str> = topology.nodes.iter().map(|node| &*node.name).collect();
            return Err(Failure::Usage(format!(
                "error: --processor {wanted}: the topology {} has {}",
                topology.name,
                names.join(", ")
            )));
        }
        found.retain(|entry| *entry.task.processor == **wanted);
    }
    if found.is_empty() {
        let remedy = "it has never come, or its time (`bundle.keep_closed`, `trace.keep`, the due time of a schedule) is over, or another instance owns its partition";
        return Err(Failure::Failed(anyhow::anyhow!("no store of the state directory has {key}: {remedy}")));
    }
    if let (Some(TRACE), [only]) = (args.processor.as_deref(), found.as_slice()) {
        print_stdout(&timeline(&only.shown));
        return Ok(());
    }
    let shown = found.into_iter().map(|entry| (entry.state, entry.shown));
    let shown = serde_json::Value::Object(shown.collect());
    print_stdout(&serde_json::to_string_pretty(&shown).map_err(anyhow::Error::from)?);
    Ok(())
}

fn republish(republisher: Republisher<'_>, args: &Republish) -> Result<(), Failure> {
    let found = republisher.stored_tasks()?;
    // A store that was never written has no entries, so its changelog may be empty.
    let lost = |found: &StoredTask| found.changelog == 0 && found.applied_at.is_some();
    let selected: Vec<&StoredTask> = found
        .iter()
        .filter(|found| args.tasks.contains(&found.task.to_string()) || (args.all && lost(found)))
        .collect();
    let unknown = |name: &&String| !selected.iter().any(|found| found.task.to_string() == **name);
    if let Some(task) = args.tasks.iter().find(unknown) {
        return Err(Failure::Failed(anyhow::anyhow!(
            "the state directory has no store of task {task}: `sheaf state list` lists the tasks"
        )));
    }
    for StoredTask { task, entries, .. } in &selected {
        let incarnation = Incarnation::of_this_process().id;
        let mut progress = Progress::new(&task.to_string(), usize::try_from(*entries).unwrap_or(usize::MAX));
        let written = republisher.republish(task, &incarnation, |written| progress.at(written, ""))?;
        drop(progress);
        print_stdout(&format!("{task}: changelog republished, {written} entries"));
    }
    if selected.is_empty() {
        print_stdout("nothing to republish: no store has an empty changelog; delete a truncated changelog first");
    }
    Ok(())
}
