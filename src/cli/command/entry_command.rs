//! Sends a command to one entry or many, and tells what became of each.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, IsTerminal as _, Write as _};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use uuid::Uuid;

use crate::app::{self, ApplicationSpec, Secrets};
use crate::cli::exit::Failure;
use crate::cli::load::{self, TopologyArgs};
use crate::cli::output::{print_stderr, print_stdout};
use crate::model::{Clock as _, Key};
use crate::processor::{self, Command, CommandSpec};
use crate::runtime::{Audit, AuditVerdict, CommandError, CommandSender, Incarnation, SystemClock};

/// The time-out of one call to the broker.
const TIMEOUT: Duration = Duration::from_secs(15);
/// The commands that are under way at a time: their audits come with few transactions.
const UNDER_WAY_MAX: usize = 200;
/// The ids that a preview names.
const NAMED_MAX: usize = 10;

/// The options of every command to entries.
#[derive(Debug, clap::Args)]
pub(super) struct EntryArgs {
    /// The ids, as in alerts; `-` reads them from standard input, one a line
    #[arg(value_name = "ID", required = true)]
    ids: Vec<String>,
    #[command(flatten)]
    pub(super) sending: SendingArgs,
}

/// The options of every command, without its entries.
#[derive(Debug, clap::Args)]
pub(super) struct SendingArgs {
    #[command(flatten)]
    pub(super) topology: TopologyArgs,
    /// Your name, for the audit
    #[arg(long, value_name = "NAME", env = "USER", default_value = "an operator")]
    by: String,
    /// The reason, for the audit
    #[arg(long, value_name = "TEXT", default_value = "no reason given")]
    why: String,
    /// Tell what would be sent, and send nothing
    #[arg(long)]
    dry_run: bool,
    /// Do not ask before a command to several entries
    #[arg(long, short = 'y')]
    yes: bool,
    /// The most entries of one command
    #[arg(long, value_name = "N", default_value_t = 500)]
    pub(super) limit: usize,
    /// How long to wait for an instance to execute it
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    timeout: u64,
}

/// A command to the entries of a processor.
pub(super) struct Order<'a> {
    /// The processor.
    pub processor: &'a str,
    /// What its entries are, in the plural: `bundles`.
    pub entries: &'a str,
    /// The commands of the processor.
    pub specs: &'static [CommandSpec],
    /// The name of the command.
    pub name: &'a str,
    /// Its arguments.
    pub arguments: BTreeMap<String, String>,
}

/// The keys that the options name, each once, in their order.
pub(super) fn ids(args: &EntryArgs) -> Result<Vec<String>, Failure> {
    let mut named = Vec::new();
    for id in &args.ids {
        if id == "-" {
            for line in std::io::stdin().lock().lines() {
                // A table is as good as a list: the id is the first word.
                named.extend(line?.split_whitespace().next().map(str::to_owned));
            }
        } else {
            named.push(id.clone());
        }
    }
    let mut seen = BTreeSet::new();
    named.retain(|id| seen.insert(id.clone()));
    if named.is_empty() {
        return Err(Failure::Usage("error: there is no id to send the command to".to_owned()));
    }
    Ok(named)
}

/// Sends a command to the entries that the options name.
pub(super) fn send(args: &EntryArgs, order: &Order<'_>) -> Result<ExitCode, Failure> {
    send_to(&args.sending, &ids(args)?, order)
}

/// Sends a command to entries. Exit code 1 unless each accepts it.
pub(super) fn send_to(args: &SendingArgs, ids: &[String], order: &Order<'_>) -> Result<ExitCode, Failure> {
    let at = SystemClock.now();
    let start = Incarnation::of_this_process().id;
    let command = |number: usize| Command {
        id: Uuid::new_v5(&start, number.to_string().as_bytes()),
        name: order.name.to_owned(),
        arguments: order.arguments.clone(),
        by: args.by.clone(),
        why: args.why.clone(),
        at,
    };
    processor::check(order.specs, &command(0)).map_err(|error| Failure::Usage(format!("error: {error}")))?;
    if ids.len() > args.limit {
        return Err(Failure::Usage(format!(
            "error: these are {} {}, and --limit is {}: send the command to fewer, or raise it",
            ids.len(),
            order.entries,
            args.limit
        )));
    }
    let ApplicationSpec { config, .. } = load::only(&args.topology)?;
    let application = &config.application_id;
    if !is_agreed(args, ids, order, application)? {
        return Ok(ExitCode::SUCCESS);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let broker = app::broker(&config, &Secrets::new(runtime.handle()), None)?;
    let mut sender = CommandSender::new(&*broker, application, Arc::new(SystemClock), TIMEOUT)?;
    let mut tally = Tally::default();
    let mut number = 0;
    for some in ids.chunks(UNDER_WAY_MAX) {
        let mut sent = Vec::new();
        for id in some {
            let command = command(number);
            number += 1;
            sender.send(order.processor, &Key::new(id), &command)?;
            sent.push((id, command.id));
        }
        for (id, command) in sent {
            tally.add(id, sender.wait(command, Duration::from_secs(args.timeout)));
        }
        if number < ids.len() {
            print_stderr(&format!("  {number} of {}: {tally}", ids.len()));
        }
    }
    if ids.len() > 1 {
        print_stderr(&format!("{} of {} {}: {tally}", order.name, ids.len(), order.entries));
    }
    Ok(if tally.accepted == ids.len() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Tells what would be sent, and asks if there are several entries; false: nothing is to be sent.
fn is_agreed(args: &SendingArgs, ids: &[String], order: &Order<'_>, application: &str) -> Result<bool, Failure> {
    if ids.len() == 1 && !args.dry_run {
        return Ok(true);
    }
    let mut named = ids.iter().take(NAMED_MAX).map(String::as_str).collect::<Vec<_>>().join(", ");
    if ids.len() > NAMED_MAX {
        named = format!("{named} and {} more", ids.len() - NAMED_MAX);
    }
    let arguments = listed(&order.arguments);
    let Order { name, entries, .. } = order;
    print_stderr(&format!("{name}{arguments} of {} {entries} of application {application}: {named}", ids.len()));
    if args.dry_run {
        print_stderr("nothing is sent (--dry-run)");
        return Ok(false);
    }
    if args.yes {
        return Ok(true);
    }
    if !std::io::stdin().is_terminal() {
        return Err(Failure::Usage("error: this is a command to several entries: add --yes, or --dry-run".to_owned()));
    }
    let (Ok(()) | Err(_)) = write!(std::io::stderr(), "Go on? [y/N] ");
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

/// What became of commands, counted.
#[derive(Debug, Default)]
struct Tally {
    accepted: usize,
    rejected: usize,
    unanswered: usize,
}

impl Tally {
    /// Counts and prints an answer.
    fn add(&mut self, id: &str, answer: Result<Audit, CommandError>) {
        match answer {
            Ok(audit) => {
                let change = match &audit.verdict {
                    AuditVerdict::Accepted => {
                        self.accepted += 1;
                        change_of(&audit)
                    }
                    AuditVerdict::Rejected { detail, .. } => {
                        self.rejected += 1;
                        format!("rejected: {detail}")
                    }
                };
                print_stdout(&format!("{id}  {change}"));
            }
            Err(error) => {
                self.unanswered += 1;
                print_stdout(&format!("{id}  no answer: {error}"));
            }
        }
    }
}

impl std::fmt::Display for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { accepted, rejected, unanswered } = self;
        write!(f, "{accepted} accepted, {rejected} rejected")?;
        if *unanswered > 0 { write!(f, ", {unanswered} without an answer") } else { Ok(()) }
    }
}

/// Arguments, each after a blank: ` until=2026-12-01T05:00:00.000Z`.
pub(super) fn listed(arguments: &BTreeMap<String, String>) -> String {
    arguments.iter().map(|(name, value)| [" ", name, "=", value].concat()).collect()
}

/// `accepted: open/waiting-children -> cancelled`.
pub(super) fn change_of(audit: &Audit) -> String {
    let names = |names: &[String]| if names.is_empty() { "none".to_owned() } else { names.join(" ") };
    let (before, after) = (names(&audit.before), names(&audit.after));
    if before == after { format!("accepted: {after}") } else { format!("accepted: {before} -> {after}") }
}

impl From<CommandError> for Failure {
    fn from(error: CommandError) -> Self {
        if let CommandError::Broker(error) = error { error.into() } else { Self::Failed(error.into()) }
    }
}
