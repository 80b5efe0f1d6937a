//! `sheaf replay`: processes sources again.
//!
//! | file | content |
//! |---|---|
//! | `start` | where to begin: a time, a duration, offsets from a file |
//! | `shadow` | `sheaf replay shadow` |
//! | `told` | plans and states, as people read them |

mod shadow;
mod start;
mod told;

use std::io::{BufRead as _, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Subcommand;

use self::start::From;
use crate::app::{self, ApplicationSpec, Secrets};
use crate::cli::exit::Failure;
use crate::cli::load::{self, TopologyArgs};
use crate::cli::output::{OutputArgs, print_stderr, print_stdout};
use crate::model::Clock as _;
use crate::runtime::replay::{Operator, Plan, ReplayError, Replays};
use crate::runtime::{Incarnation, SystemClock};

/// The interval of looks at a group that is not empty yet.
const LOOK_INTERVAL: Duration = Duration::from_secs(2);

/// Process sources again from an earlier time, without submitting anything twice
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Check what a replay would do, and write the plan of it; changes nothing
    Plan(PlanArgs),
    /// Tell what another topology would have done with what is in the topics; changes nothing
    Shadow(shadow::ShadowArgs),
    /// Begin the replay of a plan, while no instance runs
    Apply(ApplyArgs),
    /// Tell where replays stand
    Status(StatusArgs),
    /// Undo a replay: the former state goes on where it was stopped
    Abort(EndArgs),
    /// Delete the former state of a replay, which then cannot be undone
    Prune(EndArgs),
}

/// Options of `sheaf replay plan`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
A replay begins with an empty state of one processor, the bundles unless --processor says otherwise, and processes its sources again. \
Bundles that were submitted are not submitted again: their deliveries are known. One whose delivery is not known is held until a \
person releases it (`sheaf deliveries list --status held`). People are not told of alerts again.

  sheaf replay plan --from earliest -o replay.json             all that is left in the topics
  sheaf replay plan --from 2026-11-29T18:00:00Z -o replay.json
  sheaf replay plan --from 36h -o replay.json                  the last 36 hours
  sheaf replay plan --from-file offsets.csv -o replay.json     \"topic\",partition,offset: what kafka-consumer-groups --export writes
  sheaf replay apply replay.json --why 'the children of yesterday came without their parent'

Only the state is new. To send failed deliveries again nothing has to be replayed: sheaf deliveries retry. To see what another \
topology would have done: sheaf replay shadow.")]
pub(super) struct PlanArgs {
    #[command(flatten)]
    topology: TopologyArgs,
    /// The processor
    #[arg(long, value_name = "NAME", default_value = "bundle")]
    processor: String,
    /// Where to begin: `earliest`, a time, or a duration before now
    #[arg(long, value_name = "WHEN", required_unless_present = "from_file", conflicts_with = "from_file")]
    from: Option<From>,
    /// Where to begin: a CSV file with the offset of each partition
    #[arg(long, value_name = "FILE")]
    from_file: Option<PathBuf>,
    /// Write the plan to this file; without it the plan is only told
    #[arg(short = 'o', long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// Options of `sheaf replay apply`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Stop all instances first. Their places in the group are kept for the session time-out (45 s), and apply waits for it. If it is \
interrupted, no instance starts until it is run again with the same plan, or `sheaf replay abort` has undone it.")]
pub(super) struct ApplyArgs {
    #[command(flatten)]
    topology: TopologyArgs,
    /// The plan, written by `sheaf replay plan -o`
    #[arg(value_name = "PLAN")]
    plan: PathBuf,
    #[command(flatten)]
    ending: Ending,
}

/// Options of `sheaf replay status`.
#[derive(Debug, clap::Args)]
pub(super) struct StatusArgs {
    #[command(flatten)]
    topology: TopologyArgs,
    #[command(flatten)]
    output: OutputArgs,
}

/// Options of `sheaf replay abort` and `sheaf replay prune`.
#[derive(Debug, clap::Args)]
pub(super) struct EndArgs {
    #[command(flatten)]
    topology: TopologyArgs,
    /// The processor
    #[arg(value_name = "PROCESSOR", default_value = "bundle")]
    processor: String,
    #[command(flatten)]
    ending: Ending,
}

#[derive(Debug, clap::Args)]
struct Ending {
    /// Your name, for the audit
    #[arg(long, value_name = "NAME", env = "USER", default_value = "an operator")]
    by: String,
    /// The reason, for the audit
    #[arg(long, value_name = "TEXT", default_value = "no reason given")]
    why: String,
    /// Do not ask
    #[arg(long, short = 'y')]
    yes: bool,
    /// How long to wait until the group has no members
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    wait: u64,
}

pub(super) fn main(command: &Command) -> Result<ExitCode, Failure> {
    match command {
        Command::Plan(args) => plan(args),
        Command::Shadow(args) => shadow::main(args),
        Command::Apply(args) => apply(args),
        Command::Status(args) => with(&args.topology, |replays, _| {
            args.output.print(told::statuses(&replays.status()?), told::COLUMNS);
            Ok(())
        }),
        Command::Abort(args) => abort(args),
        Command::Prune(args) => prune(args),
    }
}

fn plan(args: &PlanArgs) -> Result<ExitCode, Failure> {
    let now = SystemClock.now();
    let start = match (&args.from, &args.from_file) {
        (Some(from), _) => from.start(now),
        (None, Some(file)) => start::of_file(file)?,
        (None, None) => return Err(Failure::Usage("error: say where to begin, with --from or --from-file".to_owned())),
    };
    with(&args.topology, |replays, _| {
        let plan = replays.plan(Incarnation::of_this_process().id, &args.processor, &start)?;
        print_stdout(told::plan(&plan).trim_end());
        if let Some(out) = &args.out {
            let text = serde_json::to_string_pretty(&plan).map_err(|error| Failure::Failed(error.into()))?;
            std::fs::write(out, text + "\n").map_err(|error| unwritable(out, &error))?;
            print_stderr(&format!(
                "written to {}: stop all instances, then run `sheaf replay apply {}` within 15 minutes",
                out.display(),
                out.display()
            ));
        }
        Ok(())
    })
}

fn apply(args: &ApplyArgs) -> Result<ExitCode, Failure> {
    let (path, ending) = (&args.plan, &args.ending);
    let unreadable = |error: &dyn std::fmt::Display| {
        Failure::Usage(format!("error: the plan {} cannot be read: {error}", path.display()))
    };
    let text = std::fs::read_to_string(path).map_err(|error| unreadable(&error))?;
    let plan: Plan = serde_json::from_str(&text).map_err(|error| unreadable(&error))?;
    with(&args.topology, |replays, application| {
        print_stderr(told::plan(&plan).trim_end());
        if !ending.is_agreed(&format!("Process {} again in application {application}?", plan.processor))? {
            return Ok(());
        }
        ending.await_empty(replays)?;
        replays.apply(&plan, &ending.operator(), &mut progress)?;
        print_stderr(
            "applied: start the instances. `sheaf replay status` tells how far they are, `sheaf replay abort` undoes it, and \
             `sheaf replay prune` deletes the former state once it is not needed",
        );
        Ok(())
    })
}

fn abort(args: &EndArgs) -> Result<ExitCode, Failure> {
    let EndArgs { processor, ending, .. } = args;
    with(&args.topology, |replays, application| {
        if !ending.is_agreed(&format!("Undo the replay of {processor} of application {application}?"))? {
            return Ok(());
        }
        ending.await_empty(replays)?;
        replays.abort(processor, &ending.operator(), &mut progress)?;
        print_stderr("undone: start the instances");
        Ok(())
    })
}

fn prune(args: &EndArgs) -> Result<ExitCode, Failure> {
    let EndArgs { processor, ending, .. } = args;
    with(&args.topology, |replays, application| {
        if !ending.is_agreed(&format!("Delete the former state of {processor} of application {application}?"))? {
            return Ok(());
        }
        for topic in replays.prune(processor, &ending.operator(), &mut progress)? {
            print_stdout(&format!("deleted {topic}"));
        }
        print_stderr("the instances delete their stores of it within ten minutes");
        Ok(())
    })
}

#[expect(clippy::unnecessary_wraps, reason = "the steps may be interrupted by tests")]
fn progress(step: &str) -> Result<(), ReplayError> {
    print_stderr(&format!("  {step}"));
    Ok(())
}

/// Runs an operation on the replays of an application.
fn with(args: &TopologyArgs, run: impl FnOnce(&mut Replays, &str) -> Result<(), Failure>) -> Result<ExitCode, Failure> {
    let ApplicationSpec { config, file, .. } = load::only(args)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let broker = app::broker(&config, &Secrets::new(runtime.handle()), None)?;
    let settings = app::settings(&config, String::new());
    let mut replays = Replays::new(file.assemble(&config)?, settings, broker, Arc::new(SystemClock))?;
    run(&mut replays, &config.application_id)?;
    Ok(ExitCode::SUCCESS)
}

impl Ending {
    fn operator(&self) -> Operator {
        Operator { by: self.by.clone(), why: self.why.clone() }
    }

    /// Asks, unless --yes says so.
    fn is_agreed(&self, question: &str) -> Result<bool, Failure> {
        if self.yes {
            return Ok(true);
        }
        if !std::io::stdin().is_terminal() {
            return Err(Failure::Usage("error: there is nobody to ask: add --yes".to_owned()));
        }
        let (Ok(()) | Err(_)) = write!(std::io::stderr(), "{question} [y/N] ");
        let mut answer = String::new();
        std::io::stdin().lock().read_line(&mut answer)?;
        Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
    }

    /// Waits until the group has no members: those that have stopped keep their places for a while.
    fn await_empty(&self, replays: &mut Replays) -> Result<(), Failure> {
        let until = SystemClock.uptime().saturating_add(Duration::from_secs(self.wait));
        let mut is_told = false;
        loop {
            match replays.refuse_members() {
                Err(ReplayError::GroupNotEmpty { group, members }) if SystemClock.uptime() < until => {
                    if !is_told {
                        let members = members.join(", ");
                        print_stderr(&format!("waiting until the group {group} has no members: {members}"));
                        is_told = true;
                    }
                    std::thread::park_timeout(LOOK_INTERVAL);
                }
                result => return Ok(result?),
            }
        }
    }
}

fn unwritable(path: &Path, error: &std::io::Error) -> Failure {
    Failure::Failed(anyhow::anyhow!("{} cannot be written: {error}", path.display()))
}
