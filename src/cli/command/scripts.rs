//! `sheaf scripts`: lists and shows threads of scripts, sends commands to them, and checks scripts.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Subcommand;
use serde_json::Value;

use super::entries::{List, SCRIPTS, Show};
use super::entry_command::{Arguments, EntryArgs, Order, send};
use crate::cli::exit::Failure;
use crate::cli::output::print_stdout;
use crate::processor::script::{CANCEL, COMMANDS, DELETE, Findings, MIGRATE, TYPES, check};

/// List and show threads of scripts, cancel or migrate them, and check scripts
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// List threads, and what they wait for
    List(ListThreads),
    /// Show a thread, with all that it was given and what came of it
    Show(ShowThread),
    /// Cancel a thread where it waits, so that its script can undo what it has done
    Cancel(Cancel),
    /// Have a thread go on with the script of today
    Migrate(Migrate),
    /// Delete a thread without running anything of it
    Delete(Delete),
    /// Check a script, and try it without a broker
    Check(Check),
    /// Print the types of the library, for editors
    Types,
}

/// Options of `sheaf scripts list`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Any instance answers. A topology file with `script: ..` runs threads of a script.

  sheaf scripts list --filter waits=hotel    what waits for an event `hotel`
  sheaf scripts list --filter version=older  what goes on with an older script
  sheaf scripts list --text trip-1 --watch")]
pub(super) struct ListThreads {
    #[command(flatten)]
    list: List,
}

/// Options of `sheaf scripts show`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
The thread is run again for it, so each step of its past is there: what it was given, what it has written, what it said to the console, \
and what it has waited for since.

  sheaf scripts show trip-1")]
pub(super) struct ShowThread {
    #[command(flatten)]
    show: Show,
}

/// Options of `sheaf scripts cancel`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
The `await` that it waits at throws a W.CancelToken. What the script does then is its own affair: it may undo what it has done and end, or go on.

  sheaf scripts cancel trip-1 -c sheaf.yaml --by ann --why 'the customer has called'")]
pub(super) struct Cancel {
    #[command(flatten)]
    entries: EntryArgs,
}

/// Options of `sheaf scripts migrate`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
A thread goes on with the script with which it has begun, also when the file has been edited since. This command runs the script of today with all that \
the thread was given so far; if that writes the same records and waits for the same, the thread goes on with it. Otherwise it is refused, with the first step that differs. \
W.version lets a script do something else from now on.

  sheaf scripts migrate trip-1 -c sheaf.yaml --by ann --why 'version 2'
  sheaf scripts migrate -c sheaf.yaml --filter version=older --by ann --why 'version 2'")]
pub(super) struct Migrate {
    #[command(flatten)]
    entries: EntryArgs,
}

/// Options of `sheaf scripts delete`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Nothing is undone and nobody is told; `cancel` lets the script do so.

  sheaf scripts delete trip-1 -c sheaf.yaml --by ann --why 'begun by mistake'")]
pub(super) struct Delete {
    #[command(flatten)]
    entries: EntryArgs,
}

/// Options of `sheaf scripts check`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Mistakes of the language are told with their places, and so are names that workflows do not have (setTimeout, fetch) or that nothing declares. Then the script \
is run: `main` with --begin, and each thing that it waits for is given each --value, up to 500 threads of 8 steps. Topics that it writes to and has not declared, \
and steps that take too much, are mistakes. Exit code 0 without a mistake, 78 otherwise.

  sheaf scripts check workflows/trip.ts
  sheaf scripts check workflows/shop.ts --value '{\"type\":\"checkout\"}' --value '{\"type\":\"getCart\"}'")]
pub(super) struct Check {
    /// The script
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The argument of `main`, as JSON
    #[arg(long, value_name = "JSON", default_value = "{}")]
    begin: String,
    /// A value for what it waits for, as JSON
    #[arg(long = "value", value_name = "JSON", default_value = "{}")]
    values: Vec<String>,
}

pub(super) fn main(command: &Command) -> Result<ExitCode, Failure> {
    let (entries, name) = match command {
        Command::List(ListThreads { list }) => return list.run(&SCRIPTS, &[]),
        Command::Show(ShowThread { show }) => return show.run(&SCRIPTS),
        Command::Check(args) => return checked(args),
        Command::Types => {
            print_stdout(TYPES.trim_end());
            return Ok(ExitCode::SUCCESS);
        }
        Command::Cancel(Cancel { entries }) => (entries, CANCEL),
        Command::Migrate(Migrate { entries }) => (entries, MIGRATE),
        Command::Delete(Delete { entries }) => (entries, DELETE),
    };
    let arguments = Arguments::Same(BTreeMap::new());
    send(entries, &Order { kind: &SCRIPTS, specs: COMMANDS, name, arguments })
}

fn checked(Check { file, begin, values }: &Check) -> Result<ExitCode, Failure> {
    let json = |option: &str, text: &String| {
        let no_json = |error| Failure::Usage(format!("error: {option} {text}: it is no JSON: {error}"));
        serde_json::from_str::<Value>(text).map_err(no_json)
    };
    let begin = json("--begin", begin)?;
    let values: Vec<Value> = values.iter().map(|value| json("--value", value)).collect::<Result<_, _>>()?;
    let name = file.display().to_string();
    let problem = |why: String| Failure::Configuration(format!("error: {why}"));
    let text = std::fs::read_to_string(file).map_err(|error| problem(format!("{name}: {error}")))?;
    let findings = check(&name, &text, &begin, &values).map_err(problem)?;
    let Findings { mistakes, topics, written, threads, ends, waits } = findings;
    if !mistakes.is_empty() {
        let lines: Vec<String> = mistakes.iter().map(|mistake| format!("error: {mistake}")).collect();
        return Err(Failure::Configuration(lines.join("\n")));
    }
    let listed = |names: &mut dyn Iterator<Item = String>| {
        let all: Vec<String> = names.collect();
        if all.is_empty() { "nothing".to_owned() } else { all.join(", ") }
    };
    print_stdout(&format!("ok: {name}"));
    print_stdout(&format!("    declares     {}", listed(&mut topics.into_iter())));
    print_stdout(&format!("    has written  {}", listed(&mut written.into_iter())));
    print_stdout(&format!("    waited for   {}", listed(&mut waits.into_iter().take(20))));
    print_stdout(&format!("    ended with   {}", listed(&mut ends.into_iter().take(20))));
    print_stdout(&format!("    in {threads} trial{}", if threads == 1 { "" } else { "s" }));
    Ok(ExitCode::SUCCESS)
}
